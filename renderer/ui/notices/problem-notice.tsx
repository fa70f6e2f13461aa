// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { Button } from '../button.tsx';
import { ErrorNotice, RefusalNotice } from './error-notice.tsx';

/** What the service tries to mend; that it can't be done safely is its answer. */
const repairable: readonly ErrorReport['code'][] = ['sysroot.no-time', 'boot.loader-missing', 'boot.entry-missing', 'remote.duplicate'];

/** Why the system can't be read in full, so that nothing can be changed; with the repair where there may be one. */
export function ProblemNotice({ snapshot: { problem } }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const repairing = useHost(({ intents }) => intents.includes('repair'));
  if (!problem) return null;
  return (
    <>
      <ErrorNotice report={problem}>
        {repairable.includes(problem.code) ? (
          <Button isPending={repairing} onPress={() => void hostActions.repair()}>
            {t('action.repair')}
          </Button>
        ) : null}
      </ErrorNotice>
      <RefusalNotice intents={['repair']} />
    </>
  );
}
