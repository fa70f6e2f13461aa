export * from './address.ts';
export * from './bus.ts';
export * from './connection.ts';
export * from './format-error.ts';
export * from './message.ts';
export * from './reader.ts';
export * from './signature.ts';
export * from './variant.ts';
