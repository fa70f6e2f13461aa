export * from './branches.ts';
export * from './config-file.ts';
export * from './keys.ts';
export * from './name.ts';
export * from './remotes.ts';
