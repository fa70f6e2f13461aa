export { advisoriesBetween, advisoriesOfCommit } from './commit-advisories.ts';
export { dbDiff, dbList, dbVersion, packagesOfCommit } from './jobs.ts';
export { resolveRevision, type Revision } from './revision.ts';
