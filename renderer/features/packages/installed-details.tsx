// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TFunction } from 'i18next';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatEvr, formatNevra, type DeployedPackage, type Deployment, type PackageInfo } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { Changelog } from '../../ui/packages/changelog.tsx';
import { Spinner } from '../../ui/spinner.tsx';

const pauseMs = 200;

/** Whoever runs through the list with the arrow keys doesn't want each package read. */
function useStay(): boolean {
  const [stays, setStays] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setStays(true), pauseMs);
    return () => clearTimeout(timer);
  }, []);
  return stays;
}

/** Why a package of a version is there, its description, neighbours, files and changelog. */
export function InstalledDetails({
  pkg,
  deployment,
  editable,
}: {
  pkg: DeployedPackage;
  deployment: Deployment;
  editable: boolean;
}): ReactNode {
  const { t } = useTranslation();
  const nevra = formatNevra(pkg);
  const stays = useStay();
  const { value, error, reload } = useLoad(stays ? `${deployment.id} ${nevra}` : '', async () => ({
    info: await call('packages.info', deployment.id, nevra),
  }));
  return (
    <>
      <section className="space-y-1">
        <h3 className="font-semibold">{t('pkg.why')}</h3>
        <p className="foreign-text">{reason(t, pkg, deployment)}</p>
        {value?.info ? <NeededBy pkg={pkg} info={value.info} editable={editable} /> : null}
      </section>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : !value ? (
        <Spinner label={t('pkg.reading')} />
      ) : value.info ? (
        <Info info={value.info} />
      ) : (
        <p className="text-muted">{t('pkg.notThere')}</p>
      )}
    </>
  );
}

function reason(t: TFunction, pkg: DeployedPackage, deployment: Deployment): string {
  const version = deployment.layer?.base.version ?? deployment.version;
  switch (pkg.part) {
    case 'base':
      return t('pkg.reason.base', { version });
    case 'local':
      return t('pkg.reason.local');
    case 'replaced':
      return t('pkg.reason.replaced', { before: pkg.replaces ? formatEvr(pkg.replaces) : '' });
    case 'layered':
      return pkg.request === undefined ? t('pkg.reason.along') : t('pkg.reason.layered', { request: pkg.request });
  }
}

/** For a package that came along that is the reason; for one that may be left out, what would miss it. */
function NeededBy({ pkg, info, editable }: { pkg: DeployedPackage; info: PackageInfo; editable: boolean }): ReactNode {
  const { t } = useTranslation();
  if (info.neededBy.length > 0)
    return (
      <p className="foreign-text">
        {t('pkg.neededBy', { count: info.neededBy.length })} <Names names={info.neededBy} />
      </p>
    );
  return (
    <p className="text-muted">
      {t(editable && pkg.part === 'layered' && pkg.request === undefined ? 'pkg.neededByNobodyLayered' : 'pkg.neededByNobody')}
    </p>
  );
}

const fewNames = 12;

function Names({ names }: { names: readonly string[] }): ReactNode {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const left = names.length - fewNames;
  return (
    <>
      <span className="foreign-text">{(all ? names : names.slice(0, fewNames)).join(', ')}</span>
      {left > 0 && !all ? (
        <Button look="quiet" onPress={() => setAll(true)}>
          {t('pkg.moreNames', { count: left })}
        </Button>
      ) : null}
    </>
  );
}

function Info({ info }: { info: PackageInfo }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      {info.description ? (
        <section className="space-y-1">
          <h3 className="font-semibold">{t('pkg.about')}</h3>
          <p dir="auto" className="foreign-text max-w-prose whitespace-pre-line">
            {flowing(info.description)}
          </p>
          {info.url ? <p className="foreign-text text-sm text-muted">{info.url}</p> : null}
        </section>
      ) : null}
      <div className="space-y-1">
        <Disclosure summary={t('pkg.dependencies', { count: info.needs.length, formatted: format.count(info.needs.length) })}>
          {() => <Dependencies info={info} />}
        </Disclosure>
        <Disclosure summary={t('pkg.files', { count: info.files.length, formatted: format.count(info.files.length) })}>
          {() => <Files files={info.files} />}
        </Disclosure>
        <Disclosure summary={t('pkg.changelog', { count: info.changelog.length, formatted: format.count(info.changelog.length) })}>
          {() =>
            info.changelog.length > 0 ? <Changelog entries={info.changelog} /> : <p className="text-muted">{t('pkg.noChangelog')}</p>
          }
        </Disclosure>
      </div>
    </>
  );
}

/** Packagers break lines at 80 columns; paragraphs and lists stay. */
const flowing = (text: string): string => text.trim().replace(/([^\n])\n(?=[^\n\s*•-])/g, '$1 ');

function Dependencies({ info }: { info: PackageInfo }): ReactNode {
  const { t } = useTranslation();
  return (
    <div className="space-y-2">
      <p>{info.needs.length > 0 ? <Names names={info.needs} /> : t('pkg.needsNothing')}</p>
      {info.requires.length > 0 ? (
        <Disclosure summary={<span className="text-sm text-muted">{t('pkg.requires')}</span>}>
          {() => (
            <ul className="foreign-text font-mono text-sm">
              {info.requires.map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ul>
          )}
        </Disclosure>
      ) : null}
    </div>
  );
}

const filesAtOnce = 200;

function Files({ files }: { files: PackageInfo['files'] }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [limit, setLimit] = useState(filesAtOnce);
  const left = files.length - limit;
  return (
    <>
      <ul className="text-sm">
        {files.slice(0, limit).map(({ path, type, sizeBytes }, index) => (
          <li key={index} className="flex items-baseline justify-between gap-3">
            <span className="foreign-text font-mono">
              {path}
              {type === 'directory' ? '/' : ''}
            </span>
            {type === 'file' ? <span className="shrink-0 text-muted tabular-nums">{format.bytes(sizeBytes)}</span> : null}
          </li>
        ))}
      </ul>
      {left > 0 ? (
        <Button look="quiet" onPress={() => setLimit(limit + 2000)}>
          {t('pkg.moreFiles', { count: left, formatted: format.count(left) })}
        </Button>
      ) : null}
    </>
  );
}
