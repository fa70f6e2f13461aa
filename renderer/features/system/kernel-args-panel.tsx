// SPDX-License-Identifier: LGPL-2.1-or-later
import { Minus, Plus, Trash2, Undo2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment, JobState } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { argProblem, argsPreview, editedArgs, type EditedArg } from '../../model/kernel-args-edit.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { useKeptFocus } from './use-kept-focus.ts';

/** The kernel arguments of the next version, one a line; the whole line is seen before it is set. */
export function KernelArgsPanel({ deployment }: { deployment: Deployment }): ReactNode {
  const { t } = useTranslation();
  const { title, onFocus } = useKeptFocus('kargs');
  const [edited, setEdited] = useState<readonly EditedArg[]>(() => editedArgs(deployment.kernelArgs ?? []));
  const [failed, setFailed] = useState<JobState>();
  const busy = useHost(({ job }) => job !== undefined);
  const applying = useHost(({ intents }) => intents.includes('kernelArgs'));
  const change = (id: number, text: string): void => setEdited(edited.map((arg) => (arg.id === id ? { ...arg, text } : arg)));
  const drop = (arg: EditedArg): void =>
    arg.original === undefined ? setEdited(edited.filter(({ id }) => id !== arg.id)) : change(arg.id, '');
  const wrong = edited.some(({ text }) => text.trim() !== '' && argProblem(text) !== undefined);
  const preview = wrong ? undefined : argsPreview(edited);
  const changed = preview !== undefined && preview.existing !== preview.final;
  const apply = async (): Promise<void> => {
    if (!preview) return;
    setFailed(undefined);
    const ended = await hostActions.kernelArgs({ existing: preview.existing, final: preview.final, deploymentId: deployment.id });
    if (ended?.phase === 'failed' && ended.error?.code !== 'auth.dismissed') setFailed(ended);
  };
  return (
    <section aria-labelledby="kargs-title" onFocus={onFocus} className="space-y-3">
      <div>
        <h2 id="kargs-title" ref={title} tabIndex={-1} className="text-lg font-semibold">
          {t('system.kargs')}
        </h2>
        <p className="max-w-prose text-muted">{t('system.kargsHint', { version: deployment.version })}</p>
      </div>
      {deployment.kernelArgs === undefined ? (
        <p>{t('system.kargsUnknown')}</p>
      ) : (
        <>
          <ul aria-label={t('system.kargs')} className="divide-y divide-line rounded-xl border border-line bg-surface">
            {edited.map((arg) => (
              <ArgRow key={arg.id} arg={arg} disabled={applying} onChange={(text) => change(arg.id, text)} onDrop={() => drop(arg)} />
            ))}
          </ul>
          <AddArg
            disabled={applying}
            onAdd={(text) => setEdited([...edited, { id: Math.max(-1, ...edited.map(({ id }) => id)) + 1, text }])}
          />
          {failed?.error ? <ErrorNotice report={failed.error} job={failed} onClose={() => setFailed(undefined)} /> : null}
          {changed && preview.risky.length > 0 ? (
            <Notice tone="warn" title={t('system.kargsRisky', { keys: preview.risky.join(', ') })}>
              <p>{t('system.kargsRiskyText', { version: deployment.version })}</p>
            </Notice>
          ) : null}
          {changed ? <Lines before={preview.existing} after={preview.final} /> : null}
          <div className="flex flex-wrap items-center justify-end gap-2">
            <p className="min-w-0 flex-1 basis-60 text-sm text-muted">{changed ? t('system.takesEffect') : t('system.unchanged')}</p>
            <Button isDisabled={!changed || applying} onPress={() => setEdited(editedArgs(deployment.kernelArgs ?? []))}>
              {t('system.reset')}
            </Button>
            <Button look="primary" isPending={applying} isDisabled={!applying && (!changed || busy)} onPress={() => void apply()}>
              {t('system.setKargs')}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

interface ArgRowProps {
  readonly arg: EditedArg;
  readonly disabled: boolean;
  readonly onChange: (text: string) => void;
  readonly onDrop: () => void;
}

function ArgRow({ arg, disabled, onChange, onDrop }: ArgRowProps): ReactNode {
  const { t } = useTranslation();
  const explain = useErrorText();
  const { original, text } = arg;
  const gone = text === '' && original !== undefined;
  const problem = gone ? undefined : argProblem(text);
  const name = original ?? text;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-1 pr-1 pl-4">
      {gone ? (
        <p className="foreign-text min-w-0 flex-1 py-1.5 font-mono text-muted line-through">{original}</p>
      ) : (
        <div className="min-w-0 flex-1 basis-52 font-mono">
          <TextField label={name} labelHidden value={text} readOnly={disabled} onChange={onChange} />
          {problem ? <p className="pt-1 font-sans text-sm text-danger">{explain(problem).explanation}</p> : null}
        </div>
      )}
      {original === undefined ? (
        <Badge icon={Plus} tone="good">
          {t('system.added')}
        </Badge>
      ) : gone ? (
        <Badge icon={Minus} tone="danger">
          {t('system.removed')}
        </Badge>
      ) : text === original ? null : (
        <Badge icon={Undo2} tone="info">
          {t('system.changed')}
        </Badge>
      )}
      {original === undefined || text === original ? (
        <Button
          look="quiet"
          isDisabled={disabled}
          aria-label={t('system.drop', { name })}
          icon={<Trash2 aria-hidden className="size-4" />}
          onPress={onDrop}
        />
      ) : (
        <Button
          look="quiet"
          isDisabled={disabled}
          aria-label={t('system.undo', { name })}
          icon={<Undo2 aria-hidden className="size-4" />}
          onPress={() => onChange(original)}
        />
      )}
    </li>
  );
}

/** A form: Enter adds, and says why it can't. */
function AddArg({ disabled, onAdd }: { disabled: boolean; onAdd: (text: string) => void }): ReactNode {
  const { t } = useTranslation();
  const explain = useErrorText();
  const [text, setText] = useState('');
  const [tried, setTried] = useState(false);
  const problem = tried ? argProblem(text) : undefined;
  return (
    <form
      className="flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (argProblem(text)) return;
        onAdd(text.trim());
        setText('');
        setTried(false);
      }}
    >
      <div className="min-w-0 flex-1 basis-52">
        <TextField label={t('system.newArg')} value={text} readOnly={disabled} onChange={setText} />
      </div>
      <Button type="submit" isDisabled={disabled} icon={<Plus aria-hidden className="size-4 shrink-0" />}>
        {t('system.addArg')}
      </Button>
      {problem ? (
        <p role="alert" className="basis-full text-sm text-danger">
          {[explain(problem).title, explain(problem).next].join('. ')}
        </p>
      ) : null}
    </form>
  );
}

function Lines({ before, after }: { before: string; after: string }): ReactNode {
  const { t } = useTranslation();
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 rounded-xl border border-line bg-surface px-4 py-3">
      <dt className="text-muted">{t('files.before')}</dt>
      <dd className="foreign-text font-mono text-sm">{before}</dd>
      <dt className="text-muted">{t('files.after')}</dt>
      <dd className="foreign-text font-mono text-sm">{after}</dd>
    </dl>
  );
}
