// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TFunction } from 'i18next';
import { ArrowLeft, FolderOutput, GitCommitVertical } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button as AriaButton } from 'react-aria-components';
import type { ComposeRelease } from '../../../shared/domain/index.ts';
import type { OpenTreefile } from '../../../shared/ipc/index.ts';
import type { Formatter } from '../../i18n/format.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { useCompose } from '../../model/compose-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { countsText } from '../../model/counts-text.ts';
import { PackageBrowser } from '../../ui/packages/package-browser.tsx';

/** What the repository's branch holds: each release with what it changed. */
export function ReleasesTab({ file }: { file: OpenTreefile }): ReactNode {
  const { t } = useTranslation();
  const ref = useCompose((compose) => compose.check?.ref ?? compose.plan?.ref);
  const made = useCompose((compose) => compose.result?.checksum ?? '');
  const usable = file.target?.state === 'repo' && ref !== undefined;
  const { value, error, reload } = useLoad(usable ? `${file.token} ${file.target?.path ?? ''} ${ref} ${made}` : '', () =>
    call('compose.releases', file.token, ref ?? ''),
  );
  if (!usable) {
    return (
      <Empty icon={FolderOutput} title={t(file.target && ref !== undefined ? 'compose.noReleases' : 'compose.noTarget')}>
        <p>{t('compose.noReleasesHint')}</p>
      </Empty>
    );
  }
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={reload}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (!value) return <Spinner label={t('compose.loadingReleases')} />;
  if (value.length === 0) {
    return (
      <Empty icon={GitCommitVertical} title={t('compose.noReleases')}>
        <p>{t('compose.noReleasesHint')}</p>
      </Empty>
    );
  }
  return <Releases releases={value} token={file.token} />;
}

/** The list, or one of it. */
function Releases({ releases, token }: { releases: readonly ComposeRelease[]; token: string }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [chosen, setChosen] = useState<string>();
  const back = useRef<string>(undefined);
  const list = useRef<HTMLUListElement>(null);
  const release = releases.find(({ checksum }) => checksum === chosen);
  useEffect(() => {
    // from one release back to its row
    if (!chosen && back.current) list.current?.querySelector<HTMLElement>(`[data-checksum="${back.current}"]`)?.focus();
    back.current = chosen;
  }, [chosen]);
  if (release) return <Detail release={release} token={token} first={release === releases.at(-1)} onBack={() => setChosen(undefined)} />;
  return (
    <ul
      ref={list}
      aria-label={t('compose.tabReleases')}
      className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface"
    >
      {releases.map((each, index) => (
        <li key={each.checksum}>
          <AriaButton
            data-checksum={each.checksum}
            onPress={() => setChosen(each.checksum)}
            className="flex w-full flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5 px-4 py-2.5 text-left -outline-offset-2 hover:bg-hover"
          >
            <span className="min-w-0 wrap-anywhere">
              <span className="font-medium">{nameOf(each)}</span>
              {index === 0 ? <span className="ml-2 text-sm text-muted">{t('compose.newest')}</span> : null}
            </span>
            <span className="text-sm text-muted">{format.dateTime(each.timestamp)}</span>
            <span className="basis-full text-sm text-muted">{factsOf(t, format, each, index === releases.length - 1)}</span>
          </AriaButton>
        </li>
      ))}
    </ul>
  );
}

const nameOf = ({ version, checksum }: ComposeRelease): string => version || checksum.slice(0, 12);

function factsOf(t: TFunction, format: Formatter, { packageCount, counts }: ComposeRelease, first: boolean): string {
  const packages = t('compose.packageCount', { count: packageCount, formatted: format.count(packageCount) });
  return [packages, ...(first ? [t('compose.firstRelease')] : counts ? [countsText(t, format, counts)] : [])].join(' · ');
}

interface DetailProps {
  readonly release: ComposeRelease;
  readonly token: string;
  readonly first: boolean;
  readonly onBack: () => void;
}

function Detail({ release, token, first, onBack }: DetailProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { value, error, reload } = useLoad(`${token} ${release.checksum}`, () => call('compose.release', token, release.checksum));
  return (
    <div
      className="flex min-h-0 flex-1 flex-col gap-3"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onBack();
      }}
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button autoFocus look="quiet" icon={<ArrowLeft aria-hidden className="size-4 shrink-0" />} onPress={onBack}>
          {t('compose.allReleases')}
        </Button>
        <h2 className="min-w-40 flex-1 text-lg font-semibold wrap-anywhere">{nameOf(release)}</h2>
        <CopyButton label={t('compose.copyChecksum')} text={() => release.checksum} />
      </div>
      <p className="foreign-text text-sm text-muted">
        {[format.dateTime(release.timestamp), factsOf(t, format, release, first), release.checksum].join(' · ')}
      </p>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : !value ? (
        <Spinner label={t('packages.loading')} />
      ) : value.packages.length > 0 ? (
        <PackageBrowser changes={value.packages} advisories={value.advisories} />
      ) : (
        <Empty icon={GitCommitVertical} title={t(first ? 'compose.firstRelease' : 'packages.noChanges')} />
      )}
    </div>
  );
}
