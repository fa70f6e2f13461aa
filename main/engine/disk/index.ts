export * from './alongside.ts';
export * from './create-disk.ts';
export type { DiskParams } from './params.ts';
