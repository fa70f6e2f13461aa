// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment, JobState } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { joinArgs, splitArgs } from '../../model/dracut-args.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { ErrorSentences } from '../../ui/notices/error-sentences.tsx';
import { RadioList } from '../../ui/radio-list.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { useKeptFocus } from './use-kept-focus.ts';

/** Whose initramfs the next version has, and which files of /etc are laid over it. */
export function InitramfsPanel({ deployment }: { deployment: Deployment }): ReactNode {
  const { t } = useTranslation();
  const { title, onFocus } = useKeptFocus('initramfs');
  const { problem } = deployment.origin;
  return (
    <section aria-labelledby="initramfs-title" onFocus={onFocus} className="space-y-3 pt-4">
      <div>
        <h2 id="initramfs-title" ref={title} tabIndex={-1} className="text-lg font-semibold">
          {t('initramfs.title')}
        </h2>
        <p className="max-w-prose text-muted">{t('initramfs.hint', { version: deployment.version })}</p>
      </div>
      {problem === 'missing' || problem === 'unreadable' ? <p>{t('initramfs.unknown')}</p> : <Editor deployment={deployment} />}
    </section>
  );
}

function Editor({ deployment }: { deployment: Deployment }): ReactNode {
  const { t } = useTranslation();
  const explain = useErrorText();
  const { regenerateInitramfs, initramfsArgs, initramfsEtc } = deployment.origin.layering;
  const [here, setHere] = useState(regenerateInitramfs);
  const [line, setLine] = useState(joinArgs(initramfsArgs));
  const [failed, setFailed] = useState<JobState>();
  const busy = useHost(({ job }) => job !== undefined);
  const applying = useHost(({ intents }) => intents.includes('initramfs'));
  const args = here ? splitArgs(line) : [];
  const changed = here !== regenerateInitramfs || (here && line.trim() !== joinArgs(initramfsArgs));
  const both = here && initramfsEtc.length > 0;
  const apply = async (): Promise<void> => {
    if (!args) return;
    setFailed(undefined);
    const ended = await hostActions.initramfs({ regenerate: here, args: [...args] });
    if (ended?.phase === 'failed' && ended.error?.code !== 'auth.dismissed') setFailed(ended);
  };
  return (
    <>
      <RadioList
        label={t('initramfs.whose')}
        value={here ? 'here' : 'base'}
        options={[
          { value: 'base', label: t('initramfs.base'), note: t('initramfs.baseNote') },
          { value: 'here', label: t('initramfs.here'), note: t('initramfs.hereNote') },
        ]}
        onChange={(value) => setHere(value === 'here')}
      />
      {here ? (
        <div>
          <TextField label={t('initramfs.args')} value={line} readOnly={applying} onChange={setLine} />
          {args ? null : <p className="pt-1 text-sm text-danger">{t('initramfs.argsWrong')}</p>}
        </div>
      ) : null}
      {initramfsEtc.length > 0 ? (
        <div>
          <h3 className="text-sm text-muted">{t('initramfs.files')}</h3>
          <ul aria-label={t('initramfs.files')}>
            {initramfsEtc.map((file) => (
              <li key={file} className="foreign-text font-mono text-sm">
                {file}
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <p className="text-muted">{t('initramfs.noFiles')}</p>
      )}
      <RefusalNotice intents={['initramfs']} />
      {failed?.error ? <ErrorNotice report={failed.error} job={failed} onClose={() => setFailed(undefined)} /> : null}
      {both ? <Both text={explain({ code: 'initramfs.both', subject: initramfsEtc.join(', ') })} /> : null}
      <div className="flex flex-wrap items-center justify-end gap-2">
        <p className="min-w-0 flex-1 basis-60 text-sm text-muted">{changed ? t('system.takesEffect') : t('system.unchanged')}</p>
        <Button
          isDisabled={!changed || applying}
          onPress={() => {
            setHere(regenerateInitramfs);
            setLine(joinArgs(initramfsArgs));
          }}
        >
          {t('system.reset')}
        </Button>
        <Button
          look="primary"
          isPending={applying}
          isDisabled={!applying && (!changed || busy || both || args === undefined)}
          onPress={() => void apply()}
        >
          {t('initramfs.set')}
        </Button>
      </div>
    </>
  );
}

function Both({ text }: { text: ReturnType<ReturnType<typeof useErrorText>> }): ReactNode {
  return (
    <Notice tone="warn" title={text.title}>
      <ErrorSentences text={text} />
    </Notice>
  );
}
