// SPDX-License-Identifier: LGPL-2.1-or-later
import { Check, Replace, Search } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { compareEvr, formatEvr, type DeployedPackage, type FoundPackage } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { call } from '../../model/bridge.ts';
import { isWished, toggleWish, usePlan, type Wish } from '../../model/package-plan.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';

/** What repositories offer in the place of a package of the base, once somebody asks. */
export function OtherVersions({ pkg }: { pkg: DeployedPackage }): ReactNode {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  if (asked) return <Versions pkg={pkg} />;
  return (
    <Button icon={<Search aria-hidden className="size-4 shrink-0" />} onPress={() => setAsked(true)}>
      {t('pkg.otherVersions')}
    </Button>
  );
}

function Versions({ pkg }: { pkg: DeployedPackage }): ReactNode {
  const { t } = useTranslation();
  const explain = useErrorText();
  const title = useRef<HTMLHeadingElement>(null);
  // in the place of the button that was pressed
  useEffect(() => title.current?.focus(), []);
  const { value, error, reload } = useLoad(pkg.name, () => call('packages.versions', pkg.name));
  const versions = (value?.packages ?? []).filter(({ arch }) => arch === pkg.arch);
  return (
    <section className="space-y-1">
      <h3 ref={title} tabIndex={-1} className="font-semibold">
        {t('pkg.versionsTitle')}
      </h3>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <>
          {versions.length > 0 ? (
            <ul className="divide-y divide-line rounded-lg border border-line">
              {versions.map((found) => (
                <Version key={found.repo} found={found} pkg={pkg} />
              ))}
            </ul>
          ) : value.unknown.length === 0 ? (
            <p className="text-muted">{t('pkg.versionsNone')}</p>
          ) : null}
          {value.unknown.map((report, at) => (
            <p key={at} className="foreign-text text-sm text-muted">
              {t('pkg.without', { repo: report.subject ?? '', reason: explain(report).title })}
            </p>
          ))}
        </>
      ) : (
        <Spinner label={t('pkg.versionsLooking')} />
      )}
    </section>
  );
}

function Version({ found, pkg }: { found: FoundPackage; pkg: DeployedPackage }): ReactNode {
  const { t } = useTranslation();
  const version = formatEvr(found);
  const wish: Wish = { kind: 'replace', spec: `repo=${found.repo},${pkg.name}`, name: pkg.name, repo: found.repo };
  const wished = usePlan(({ wishes }) => isWished(wishes, wish));
  const Icon = wished ? Check : Replace;
  const from = t('pkg.fromRepo', { repo: found.repo });
  const label = t(wished ? 'pkg.takeOff' : 'pkg.do.replace');
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5">
      <p className="foreign-text min-w-0 flex-1 basis-40">
        <span className="font-medium">{version}</span> <span className="text-sm text-muted">{from}</span>
      </p>
      {compareEvr(found, pkg) === 0 ? (
        <span className="text-sm text-muted">{t('pkg.thisVersion')}</span>
      ) : (
        <Button
          aria-label={`${label}: ${version} ${from}`}
          icon={<Icon aria-hidden className="size-4 shrink-0" />}
          onPress={() => toggleWish(wish)}
        >
          {label}
        </Button>
      )}
    </li>
  );
}
