export * from './catalogue.ts';
export * from './compose-catalogue.ts';
export * from './protocol.ts';
export * from './run-worker.ts';
