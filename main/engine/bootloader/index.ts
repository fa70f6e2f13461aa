export * from './boot-once.ts';
