// SPDX-License-Identifier: LGPL-2.1-or-later
export { etcDrift, etcOwnFile } from './etc-drift.ts';
export { etcPreview } from './etc-preview.ts';
export { restoreEtc } from './etc-restore.ts';
export { fetchReview } from './fetch.ts';
export { etcFile, treeDiff, treeFile } from './files.ts';
export { reviewSummary } from './summary.ts';
export type { ReviewContext } from './target.ts';
