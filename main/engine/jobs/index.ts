export * from './catalogue.ts';
export * from './protocol.ts';
export * from './run-worker.ts';
