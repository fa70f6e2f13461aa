export * from './check.ts';
export * from './details.ts';
export * from './fetched.ts';
export * from './progress.ts';
export * from './sizes.ts';
export * from './target.ts';
export * from './upgrade.ts';
