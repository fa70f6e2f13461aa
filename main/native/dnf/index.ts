export { resolve } from './resolver.ts';
