export { dbDiff, dbList, dbVersion } from './jobs.ts';
