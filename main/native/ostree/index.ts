export * from './commit.ts';
export * from './errors.ts';
export * from './pull.ts';
export * from './repo.ts';
export * from './sign.ts';
export * from './sysroot.ts';
export * from './fetch.ts';
export * from './reachable.ts';
