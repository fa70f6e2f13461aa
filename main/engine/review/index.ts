export { etcPreview } from './etc-preview.ts';
export { fetchReview } from './fetch.ts';
export { etcFile, treeDiff, treeFile } from './files.ts';
export { reviewSummary } from './summary.ts';
export type { ReviewContext } from './target.ts';
