// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleX, TriangleAlert, KeyRound, ShieldCheck, ShieldOff, ShieldQuestionMark } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PackageRepo } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { useFormat } from '../../i18n/use-format.ts';
import type { RepoState } from '../../model/repo-state.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { KeyList } from '../../ui/key-list.tsx';
import { ErrorSentences } from '../../ui/notices/error-sentences.tsx';
import { Switch } from '../../ui/switch.tsx';

interface RepoRowProps {
  readonly repo: PackageRepo;
  readonly state: RepoState;
  /** As it is, or as it is about to be. */
  readonly enabled: boolean;
  readonly pending: boolean;
  readonly busy: boolean;
  readonly onUse: (enabled: boolean) => void;
  readonly onLook: () => void;
}

export function RepoRow({ repo, state, enabled, pending, busy, onUse, onLook }: RepoRowProps): ReactNode {
  const { t } = useTranslation();
  const { id, name, addresses, file, line } = repo;
  return (
    <li className="flex items-start gap-4 px-5 py-4">
      <div className="min-w-0 flex-1 space-y-1">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h3 className="foreign-text text-base font-semibold">{name}</h3>
          {state.kind === 'unusable' ? (
            <Badge icon={CircleX} tone="danger">
              {t('repos.unusable')}
            </Badge>
          ) : state.kind === 'failed' ? (
            <Badge icon={TriangleAlert} tone="warn">
              {t('repos.failed')}
            </Badge>
          ) : null}
          <Signatures gpgcheck={repo.gpgcheck} />
        </div>
        <p className="foreign-text text-sm text-muted">{[id, ...addresses].join(' · ')}</p>
        <Metadata state={state} enabled={enabled} />
        {state.kind === 'unusable' ? null : <Keys repo={repo} enabled={enabled} busy={busy} onLook={onLook} />}
        <p className="text-sm text-muted">
          {t('sources.file')}{' '}
          <span className="foreign-text font-mono">
            {file}:{(state.kind === 'unusable' ? state.error.line : undefined) ?? line}
          </span>
        </p>
      </div>
      <Switch label={t('repos.use', { name })} isSelected={enabled} isPending={pending} isDisabled={busy && !pending} onChange={onUse} />
    </li>
  );
}

function Signatures({ gpgcheck }: Pick<PackageRepo, 'gpgcheck'>): ReactNode {
  const { t } = useTranslation();
  if (gpgcheck === undefined) return <Badge icon={ShieldQuestionMark}>{t('repos.gpgUnknown')}</Badge>;
  return (
    <Badge icon={gpgcheck ? ShieldCheck : ShieldOff} tone={gpgcheck ? 'good' : 'warn'}>
      {t(gpgcheck ? 'sources.verified' : 'sources.unverified')}
    </Badge>
  );
}

/** When it was fetched, or why nothing is known of what it offers now. */
function Metadata({ state, enabled }: { state: RepoState; enabled: boolean }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const explain = useErrorText();
  switch (state.kind) {
    case 'unusable':
      return (
        <>
          <p>{explain(state.error).title}</p>
          <ErrorSentences text={explain(state.error)} />
        </>
      );
    case 'failed': {
      const { title, explanation } = explain(state.error);
      return (
        <>
          <p className="foreign-text">{t('repos.failedAt', { ago: format.ago(state.at), reason: title, text: explanation })}</p>
          <p>{state.before === undefined ? t('repos.never') : t('repos.fetched', { ago: format.ago(state.before) })}</p>
        </>
      );
    }
    case 'fetched':
      return <p>{t('repos.fetched', { ago: format.ago(state.at) })}</p>;
    case 'local':
      return <p>{t('repos.local')}</p>;
    case 'never':
      return <p>{t(enabled ? 'repos.never' : 'repos.off')}</p>;
  }
}

function Keys({ repo, enabled, busy, onLook }: Pick<RepoRowProps, 'repo' | 'enabled' | 'busy' | 'onLook'>): ReactNode {
  const { t } = useTranslation();
  const { name, keys, absentKeys, gpgcheck = false } = repo;
  const offered = absentKeys.filter((key) => /^https?:/i.test(key));
  return (
    <>
      {keys.length > 0 ? (
        <Disclosure summary={<span className="text-sm text-muted">{t('sources.keys', { count: keys.length })}</span>}>
          {() => <KeyList keys={keys} />}
        </Disclosure>
      ) : gpgcheck ? (
        <p className={enabled ? 'text-warn' : 'text-muted'}>{t('repos.noKey')}</p>
      ) : null}
      {absentKeys.map((key) => (
        <p key={key} className="foreign-text text-sm">
          {t(offered.includes(key) ? 'repos.keyMissing' : 'repos.keyFileMissing')} <span className="font-mono">{key}</span>
        </p>
      ))}
      {offered.length > 0 ? (
        <Button
          isDisabled={busy}
          aria-label={t('repos.lookOf', { name })}
          icon={<KeyRound aria-hidden className="size-4 shrink-0" />}
          onPress={onLook}
        >
          {t('repos.look')}
        </Button>
      ) : null}
    </>
  );
}
