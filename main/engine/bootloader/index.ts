export * from './alongside-menu.ts';
export * from './boot-once.ts';
