export * from './boot-events.ts';
export * from './history-file.ts';
