export { catalog } from './catalog.ts';
export { resolve } from './resolver.ts';
