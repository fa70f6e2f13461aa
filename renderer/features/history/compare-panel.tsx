// SPDX-License-Identifier: LGPL-2.1-or-later
import { ArrowLeftRight, Equal, GitCompareArrows } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment } from '../../../shared/domain/index.ts';
import { compare, useHistory } from '../../model/history-store.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Picker } from '../../ui/picker.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { PackageBrowser } from '../../ui/packages/package-browser.tsx';

type Pair = readonly [from: string, to: string];

interface ComparePanelProps {
  readonly deployments: readonly Deployment[];
  readonly pair: Pair | undefined;
  readonly onPair: (pair: Pair) => void;
}

/** The older of the two newest against the newer, unless something else was chosen and still exists. */
export function choosePair(deployments: readonly Deployment[], pair: Pair | undefined): Pair | undefined {
  const exists = (id: string | undefined): boolean => deployments.some((deployment) => deployment.id === id);
  if (pair && exists(pair[0]) && exists(pair[1])) return pair;
  const [to, from] = deployments;
  return to && from ? [from.id, to.id] : undefined;
}

/** Package differences of any two versions on this machine. */
export function ComparePanel({ deployments, pair, onPair }: ComparePanelProps): ReactNode {
  const { t } = useTranslation();
  const [from, to] = choosePair(deployments, pair) ?? [];
  useEffect(() => {
    if (from && to && from !== to) void compare(from, to);
  }, [from, to]);
  if (!from || !to) return <Empty icon={GitCompareArrows} title={t('compare.onlyOne')} />;
  const options = deployments.map((deployment) => ({ id: deployment.id, label: optionLabel(deployment, t('badge.booted')) }));
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-4">
      <div className="flex flex-wrap items-end gap-2">
        <Picker label={t('compare.from')} value={from} options={options} onChange={(id) => onPair([id, to])} />
        <Button
          look="quiet"
          aria-label={t('compare.swap')}
          icon={<ArrowLeftRight aria-hidden className="size-4" />}
          onPress={() => onPair([to, from])}
        />
        <Picker label={t('compare.to')} value={to} options={options} onChange={(id) => onPair([from, id])} />
      </div>
      {from === to ? <Empty icon={Equal} title={t('compare.same')} /> : <Result from={from} to={to} />}
    </div>
  );
}

function optionLabel(deployment: Deployment, bootedWord: string): string {
  const name = `${deployment.version} (${deployment.checksum.slice(0, 7)})`;
  return deployment.booted ? `${name} · ${bootedWord}` : name;
}

function Result({ from, to }: { from: string; to: string }): ReactNode {
  const { t } = useTranslation();
  const comparison = useHistory((history) => history.comparison);
  if (!comparison || comparison.from !== from || comparison.to !== to || comparison.loading)
    return <Spinner label={t('packages.loading')} />;
  if (comparison.error) {
    return (
      <ErrorNotice report={comparison.error}>
        <Button onPress={() => void compare(from, to)}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (!comparison.found?.packages.length) return <Empty icon={Equal} title={t('compare.noDifference')} />;
  return <PackageBrowser changes={comparison.found.packages} advisories={comparison.found.advisories} />;
}
