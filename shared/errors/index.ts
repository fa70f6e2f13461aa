// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './credentials.ts';
export { errorTable, type ErrorCode, type ErrorText } from './codes.ts';
export { TreelineError, type ErrorReport } from './error.ts';
export { isErrorCode, isErrorReport } from './is-report.ts';
export { dbusErrorName, errorCodeOfDbusName } from './names.ts';
export { errorLine, errorText } from './text.ts';
export { messageOf, systemCodeOf } from './thrown.ts';
