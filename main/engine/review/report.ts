export { etcFileDiff, reviewJson, reviewMarkdown, type EtcFileDiff, type ReviewReportInput } from '../../../shared/domain/review-report.ts';
