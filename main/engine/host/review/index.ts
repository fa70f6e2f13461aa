// SPDX-License-Identifier: LGPL-2.1-or-later
export { etcPreview } from './etc-preview.ts';
export { fetchReview } from './fetch.ts';
export { etcFile, treeDiff, treeFile } from './files.ts';
export { reviewSummary } from './summary.ts';
export type { ReviewContext } from './target.ts';
