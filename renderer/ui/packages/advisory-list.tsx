// SPDX-License-Identifier: LGPL-2.1-or-later
import { ShieldCheck } from 'lucide-react';
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { severityNumber, type Advisory } from '../../../shared/domain/index.ts';
import { Disclosure } from '../disclosure.tsx';
import { Empty } from '../empty.tsx';
import { AdvisoryBody, AdvisoryHead } from './advisory-card.tsx';

const weight = (advisory: Advisory): number => (advisory.kind === 'security' ? 10 + severityNumber(advisory.severity) : 0);

/** All advisories of an update, the worst first. */
export function AdvisoryList({ advisories }: { advisories: readonly Advisory[] }): ReactNode {
  const { t } = useTranslation();
  const sorted = useMemo(() => [...advisories].sort((a, b) => weight(b) - weight(a) || b.issuedSeconds - a.issuedSeconds), [advisories]);
  if (sorted.length === 0) return <Empty icon={ShieldCheck} title={t('advisory.none')} />;
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface">
      {sorted.map((advisory) => (
        <li key={advisory.id} className="px-3 py-2 [contain-intrinsic-size:auto_2.75rem] [content-visibility:auto]">
          <Disclosure summary={<AdvisoryHead advisory={advisory} />}>{() => <AdvisoryBody advisory={advisory} />}</Disclosure>
        </li>
      ))}
    </ul>
  );
}
