export * from './address.ts';
export * from './bus.ts';
export * from './connection.ts';
export * from './message.ts';
