// SPDX-License-Identifier: LGPL-2.1-or-later
import { Check, Circle, LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobState } from '../../../shared/domain/index.ts';

/** In the order of main/engine/compose/build/steps.ts. */
const stages = ['resolve', 'fetch', 'import', 'assemble', 'scripts', 'finish', 'commit'] as const;

/** The way of a compose: what is done, what goes on, what is still to come. */
export function Stages({ job }: { job: JobState }): ReactNode {
  const { t } = useTranslation();
  const now = job.progress ? stages.findIndex((stage) => stage === job.progress?.step) : 0;
  return (
    <ol className="grid grid-cols-[repeat(auto-fill,minmax(13rem,1fr))] gap-x-4 gap-y-1.5" aria-label={t('compose.stages')}>
      {stages.map((stage, index) => {
        const state = index < now ? 'done' : index === now ? 'now' : 'later';
        return (
          <li
            key={stage}
            {...(state === 'now' ? { 'aria-current': 'step' as const } : {})}
            className={`flex items-center gap-2 ${state === 'now' ? 'font-medium' : state === 'later' ? 'text-muted' : ''}`}
          >
            {state === 'done' ? <Check aria-hidden className="size-4 shrink-0 text-accent" /> : null}
            {state === 'now' ? <LoaderCircle aria-hidden className="size-4 shrink-0 animate-spin text-accent" /> : null}
            {state === 'later' ? <Circle aria-hidden className="size-4 shrink-0" /> : null}
            <span>
              {t(`compose.stage.${stage}`)}
              {state === 'done' ? <span className="sr-only"> ({t('compose.stageDone')})</span> : null}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
