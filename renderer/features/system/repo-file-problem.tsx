// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { Notice } from '../../ui/notice.tsx';
import { ErrorDetails } from '../../ui/notices/error-notice.tsx';
import { ErrorSentences } from '../../ui/notices/error-sentences.tsx';

/** A file that may define repositories, and can't be read: where, and why. */
export function RepoFileProblem({ report }: { report: ErrorReport }): ReactNode {
  const text = useErrorText()(report);
  const { file, line } = report;
  return (
    <Notice tone="danger" title={text.title}>
      {file === undefined ? null : (
        <p className="foreign-text font-mono text-sm">{[file, line].filter((part) => part !== undefined).join(':')}</p>
      )}
      <ErrorSentences text={text} />
      <ErrorDetails report={report} />
    </Notice>
  );
}
