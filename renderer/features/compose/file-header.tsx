// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleDot, FolderOutput, ListChecks, Save, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { OpenTreefile } from '../../../shared/ipc/index.ts';
import { composeActions, isChanged, runningJob, useCompose } from '../../model/compose-store.ts';
import { Badge } from '../../ui/badge.tsx';
import { Bar } from '../../ui/bar.tsx';
import { Button } from '../../ui/button.tsx';

const icon = 'size-4 shrink-0';

/** Which file, where it is composed into, and the two things one does again and again: saving and resolving. `leads`: resolving is what comes next here. */
export function FileHeader({ file, leads }: { file: OpenTreefile; leads: boolean }): ReactNode {
  const { t } = useTranslation();
  const changed = useCompose(isChanged);
  const busy = useCompose((compose) => compose.busy);
  const hasPlan = useCompose((compose) => compose.plan !== undefined);
  const resolving = busy === 'resolve';
  return (
    <section aria-label={t('compose.fileLabel')} className="space-y-2 rounded-xl border border-line bg-surface px-4 py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-2">
        <div className="flex min-w-0 flex-1 basis-60 flex-wrap items-baseline gap-x-3">
          <h2 className="flex flex-wrap items-center gap-x-2 gap-y-1 text-lg font-semibold">
            <span className="foreign-text">{file.fileName}</span>
            {changed ? (
              <Badge tone="warn" icon={CircleDot}>
                {t('compose.notSaved')}
              </Badge>
            ) : null}
          </h2>
          <p className="foreign-text text-sm text-muted">{file.folder}</p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button
            aria-keyshortcuts="Control+S"
            isDisabled={!changed || busy !== undefined}
            icon={<Save aria-hidden className={icon} />}
            onPress={() => void composeActions.save()}
          >
            {t('sources.save')}
          </Button>
          {resolving ? (
            <Button icon={<X aria-hidden className={icon} />} onPress={composeActions.cancel}>
              {t('action.cancel')}
            </Button>
          ) : (
            <Button
              look={leads && !hasPlan ? 'primary' : 'plain'}
              isDisabled={busy !== undefined}
              icon={<ListChecks aria-hidden className={icon} />}
              onPress={() => void composeActions.resolve()}
            >
              {t('compose.resolve')}
            </Button>
          )}
        </div>
      </div>
      <Target file={file} isDisabled={busy !== undefined} />
      {resolving ? <Resolving /> : null}
    </section>
  );
}

function Target({ file, isDisabled }: { file: OpenTreefile; isDisabled: boolean }): ReactNode {
  const { t } = useTranslation();
  const ref = useCompose((compose) => compose.check?.ref);
  const { target } = file;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line pt-2">
      <FolderOutput aria-hidden className="size-5 shrink-0 text-muted" strokeWidth={1.75} />
      <div className="min-w-0 flex-1 basis-60">
        <p className="flex flex-wrap gap-x-4">
          {target ? (
            <span className="foreign-text">
              <span className="text-muted">{t('compose.publishTo')} </span>
              {target.path}
            </span>
          ) : (
            <span className="text-muted">{t('compose.noTarget')}</span>
          )}
          {ref ? (
            <span className="foreign-text">
              <span className="text-muted">{t('compose.branch')} </span>
              {ref}
            </span>
          ) : null}
        </p>
        {target?.state === 'new' ? <p className="text-sm text-muted">{t('compose.targetNew')}</p> : null}
        {target?.state === 'missing' ? <p className="text-sm text-danger">{t('compose.targetMissing')}</p> : null}
      </div>
      <Button isDisabled={isDisabled} onPress={() => void composeActions.chooseRepo()}>
        {t(target ? 'compose.changeTarget' : 'compose.chooseTarget')}
      </Button>
    </div>
  );
}

/** No share of it is known: libdnf tells nothing while it reads metadata. */
function Resolving(): ReactNode {
  const { t } = useTranslation();
  const step = useCompose((compose) => runningJob(compose)?.progress?.step);
  return (
    <div role="status" className="space-y-2">
      <p className="text-muted">{t(step === 'compare' ? 'compose.comparing' : 'compose.resolving')}</p>
      <Bar label={t('compose.resolving')} fraction={undefined} />
    </div>
  );
}
