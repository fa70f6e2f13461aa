// SPDX-License-Identifier: LGPL-2.1-or-later
import { Equal, GitCompareArrows } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { sumIfKnown, type ComposePlan } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Empty } from '../../ui/empty.tsx';
import { countKinds, countsText } from '../../model/counts-text.ts';
import { PackageBrowser } from '../../ui/packages/package-browser.tsx';

/** How the tree would differ from the branch's last commit, shown as an update is. */
export function ChangesTab({ plan, hasTarget }: { plan: ComposePlan; hasTarget: boolean }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { previous, changes } = plan;
  if (!previous) {
    return (
      <Empty icon={GitCompareArrows} title={t(hasTarget ? 'compose.firstCommit' : 'compose.nothingToCompare')}>
        <p>{hasTarget ? t('compose.firstCommitHint', { ref: plan.ref }) : t('compose.nothingToCompareHint')}</p>
      </Empty>
    );
  }
  if (changes.length === 0) {
    return (
      <Empty icon={Equal} title={t('compose.samePackages', { version: previous.version || previous.checksum.slice(0, 12) })}>
        <p>{t(plan.unchanged ? 'compose.unchangedHint' : 'compose.otherInputHint')}</p>
      </Empty>
    );
  }
  const size = sumIfKnown(changes.map((change) => change.sizeDeltaBytes));
  return (
    <>
      <p className="text-muted">
        {[
          t('state.fromTo', { from: previous.version || previous.checksum.slice(0, 12), to: plan.version || t('compose.nextVersion') }),
          countsText(t, format, countKinds(changes)),
          ...(size === undefined || size === 0 ? [] : [t('packages.sizeDelta', { size: format.bytesDelta(size) })]),
        ].join(' · ')}
      </p>
      <PackageBrowser changes={changes} advisories={plan.advisories} />
    </>
  );
}
