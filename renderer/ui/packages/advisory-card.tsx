// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Bug, Sparkles } from 'lucide-react';
import type { Advisory } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Badge } from '../badge.tsx';
import { SeverityBadge } from './severity-badge.tsx';

/** Severity or kind, id, title. */
export function AdvisoryHead({ advisory }: { advisory: Advisory }): ReactNode {
  const { t } = useTranslation();
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
      {advisory.kind === 'security' ? (
        <SeverityBadge severity={advisory.severity} />
      ) : (
        <Badge icon={advisory.kind === 'bugfix' ? Bug : Sparkles}>{t(`advisoryKind.${advisory.kind}`)}</Badge>
      )}
      <span className="foreign-text font-medium">{advisory.title || advisory.id}</span>
    </span>
  );
}

/** Id, date, CVEs, packages and the text of one advisory. All of it is foreign text and stays text. */
export function AdvisoryBody({ advisory }: { advisory: Advisory }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const cves = advisory.references.filter((reference) => reference.kind === 'cve').map((reference) => reference.id);
  return (
    <div className="space-y-2">
      <p className="text-sm text-muted">
        <span className="foreign-text">{advisory.id}</span>
        {advisory.issuedSeconds > 0 ? ` · ${format.date(advisory.issuedSeconds)}` : ''}
      </p>
      {cves.length > 0 ? (
        <p className="foreign-text text-sm">
          <span className="text-muted">{t('advisory.cves', { count: cves.length })}: </span>
          {cves.join(', ')}
        </p>
      ) : null}
      {advisory.description ? <p className="foreign-text whitespace-pre-wrap">{advisory.description.trim()}</p> : null}
      {advisory.packages.length > 0 ? (
        <p className="foreign-text text-sm">
          <span className="text-muted">{t('advisory.packages', { count: advisory.packages.length })}: </span>
          {advisory.packages.slice(0, 20).join(', ')}
          {advisory.packages.length > 20 ? ` … (+${format.count(advisory.packages.length - 20)})` : ''}
        </p>
      ) : null}
    </div>
  );
}
