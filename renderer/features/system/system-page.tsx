// SPDX-License-Identifier: LGPL-2.1-or-later
import { MonitorX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { comparedDeployment, newestDeployment, type Deployment, type HostSnapshot } from '../../../shared/domain/index.ts';
import { Empty } from '../../ui/empty.tsx';
import { RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { ProblemNotice } from '../../ui/notices/problem-notice.tsx';
import { Page } from '../../ui/page.tsx';
import { DiskPanel } from './disk-panel.tsx';
import { EtcPanel } from './etc-panel.tsx';
import { InitramfsPanel } from './initramfs-panel.tsx';
import { KernelArgsPanel } from './kernel-args-panel.tsx';
import { PackageReposPanel } from './package-repos-panel.tsx';

/** What is set about it, and on which version: where that is another, it is edited anew. */
const initramfsKey = ({ id, origin: { layering } }: Deployment): string =>
  JSON.stringify([id, layering.regenerateInitramfs, layering.initramfsArgs, layering.initramfsEtc]);

/** How the machine starts, how it is configured, what takes its space, and where its packages come from. */
export default function SystemPage({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const running = comparedDeployment(snapshot.deployments, snapshot.osname);
  const newest = newestDeployment(snapshot.deployments, snapshot.osname);
  return (
    <Page title={t('section.system')}>
      <ProblemNotice snapshot={snapshot} />
      <RefusalNotice intents={['kernelArgs']} />
      {newest ? (
        <>
          {/* another set of arguments is another editor */}
          <KernelArgsPanel key={`${newest.id} ${newest.kernelArgs?.join(' ') ?? ''}`} deployment={newest} />
          <InitramfsPanel key={initramfsKey(newest)} deployment={newest} />
          {running ? <EtcPanel deployment={running} /> : null}
          <DiskPanel snapshot={snapshot} />
          <PackageReposPanel pastJobs={snapshot.pastJobs} />
        </>
      ) : (
        <Empty icon={MonitorX} title={t('system.noVersion')} />
      )}
    </Page>
  );
}
