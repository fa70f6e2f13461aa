export type { WalledJob } from './needs.ts';
export { wallsFor, type Walls } from './walls.ts';
