export * from './create-disk.ts';
export { diskBootloaders, diskFirmwares, type DiskBootloader, type DiskFirmware, type DiskParams } from './params.ts';
