// SPDX-License-Identifier: LGPL-2.1-or-later
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot, Remote, RemoteRef } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { closeView, useRoute } from '../../model/route-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Picker } from '../../ui/picker.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ViewPage } from '../../ui/view-page.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { PreviewBody } from './preview-page.tsx';
import { bootedOf } from '../../model/update-state.ts';
import { findBranches, likelyBranch, mostBranches } from './branch-options.ts';

const newest = 'newest';
const versionCount = 50;

/** Another branch, or an older version of one, with everything it changes before it is taken. */
export function ChangeSourcePage({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const section = useRoute((route) => route.section);
  const { value, error, reload } = useLoad('remotes', () => call('remotes.list'));
  return (
    <ViewPage title={t('rebase.title')} backLabel={t('review.back', { section: t(`section.${section}`) })} onBack={closeView}>
      <RefusalNotice intents={['rebase']} />
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <Chooser remotes={value} snapshot={snapshot} />
      ) : (
        <Spinner label={t('sources.loading')} />
      )}
    </ViewPage>
  );
}

function Chooser({ remotes, snapshot }: { remotes: readonly Remote[]; snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const own = bootedOf(snapshot)?.origin.remote;
  const [chosen, setChosen] = useState<string>();
  const remote = chosen ?? (remotes.some(({ name }) => name === own) ? own : remotes[0]?.name) ?? '';
  const { value, error, reload } = useLoad(remote, () => call('remotes.refs', remote));
  if (!remote) return <p>{t('sources.empty')}</p>;
  return (
    <>
      {remotes.length > 1 ? (
        <div className="max-w-sm">
          <Picker
            label={t('rebase.remote')}
            value={remote}
            options={remotes.map(({ name }) => ({ id: name, label: name }))}
            onChange={setChosen}
          />
        </div>
      ) : null}
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        value.length > 0 ? (
          <Branches key={remote} remote={remote} refs={value} snapshot={snapshot} />
        ) : (
          <p>{t('rebase.noBranches', { remote })}</p>
        )
      ) : (
        <Spinner label={t('rebase.asking', { remote })} />
      )}
    </>
  );
}

function Branches({ remote, refs, snapshot }: { remote: string; refs: readonly RemoteRef[]; snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [ref, setRef] = useState(() => likelyBranch(refs) ?? '');
  const [revision, setRevision] = useState(newest);
  const [query, setQuery] = useState('');
  const { shown, found } = useMemo(() => findBranches(refs, query, ref), [refs, query, ref]);
  const refspec = `${remote}:${ref}`;
  const versions = useLoad(ref && refspec, () => call('remotes.versions', refspec, versionCount));
  const label = ({ ref: name, version, current }: RemoteRef): string =>
    [name, version, current ? t('rebase.current') : ''].filter(Boolean).join(' · ');
  return (
    <>
      {refs.length > mostBranches ? (
        <>
          <SearchField label={t('rebase.search')} clearLabel={t('packages.clearSearch')} value={query} onChange={setQuery} />
          <p className="text-sm text-muted" role="status">
            {found > mostBranches
              ? t('rebase.firstBranches', { shown: format.count(mostBranches), found: format.count(found) })
              : t('rebase.foundBranches', { count: found, formatted: format.count(found) })}
          </p>
        </>
      ) : null}
      <div className="flex flex-wrap items-end gap-2">
        <Picker
          label={t('rebase.branch')}
          value={ref}
          options={shown.map((branch) => ({ id: branch.ref, label: label(branch) }))}
          onChange={(id) => {
            setRef(id);
            setRevision(newest);
          }}
        />
        <Picker
          label={t('rebase.version')}
          value={revision}
          options={[
            { id: newest, label: t('rebase.newest') },
            ...(versions.value ?? []).map((version) => ({
              id: version.checksum,
              label: [
                version.version || version.checksum.slice(0, 12),
                format.date(version.timestamp),
                version.deployed ? t('rebase.here') : '',
              ]
                .filter(Boolean)
                .join(' · '),
            })),
          ]}
          onChange={setRevision}
        />
      </div>
      {versions.error ? <ErrorNotice report={versions.error} /> : null}
      <PreviewBody snapshot={snapshot} target={{ refspec, ...(revision === newest ? {} : { revision }) }} />
    </>
  );
}
