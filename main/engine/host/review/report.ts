// SPDX-License-Identifier: LGPL-2.1-or-later
export {
  etcFileDiff,
  reviewJson,
  reviewMarkdown,
  type EtcFileDiff,
  type ReviewReportInput,
} from '../../../../shared/domain/review-report.ts';
