// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { ErrorSentences } from '../../ui/notices/error-sentences.tsx';
import type { BlockedCheck } from '../../model/update-state.ts';

/** What would be lost, group by group, and what is possible all the same. */
export function BlockedReason({ check }: { check: BlockedCheck }): ReactNode {
  const explain = useErrorText();
  return (
    <div className="space-y-2">
      <ul className="foreign-text list-disc pl-5">
        {check.losses.map(({ key, values }) => (
          <li key={key} className="wrap-anywhere">
            <span className="font-mono text-sm">{key}</span>
            {values.length > 0 ? `: ${values.join(', ')}` : null}
          </li>
        ))}
      </ul>
      <ErrorSentences text={explain(check.error)} />
    </div>
  );
}
