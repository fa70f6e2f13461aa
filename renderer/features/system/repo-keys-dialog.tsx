// SPDX-License-Identifier: LGPL-2.1-or-later
import { ShieldCheck } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { OfferedKeys, PackageRepo } from '../../../shared/domain/index.ts';
import { call } from '../../model/bridge.ts';
import { useAsking } from '../../model/use-asking.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { CheckBox } from '../../ui/check-box.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { groupedFingerprint, KeyList } from '../../ui/key-list.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';

interface RepoKeysDialogProps {
  readonly repo: PackageRepo;
  readonly onClose: () => void;
  /** After each file that is trusted. */
  readonly onTrusted: () => void;
}

/** What a repository's addresses of keys give, to look at: a file is trusted by a yes that names its fingerprints, as a whole. */
export function RepoKeysDialog({ repo: { id, name, keys: known }, onClose, onTrusted }: RepoKeysDialogProps): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(id, () => call('packages.offeredKeys', id));
  const { busy, error: refused, ask } = useAsking();
  const [trusted, setTrusted] = useState<readonly string[]>(known.map(({ fingerprint }) => fingerprint));
  const [agreed, setAgreed] = useState<readonly string[]>([]);
  const isTrusted = ({ keys }: OfferedKeys): boolean => keys.every(({ fingerprint }) => trusted.includes(fingerprint));
  const open = (value ?? []).filter((file) => !isTrusted(file));
  const chosen = open.filter(({ from }) => agreed.includes(from));
  const trust = (): void =>
    void ask(async () => {
      for (const { from, key, keys } of chosen) {
        const fingerprints = keys.map(({ fingerprint }) => fingerprint);
        await call('packages.importKey', id, key, fingerprints);
        // another one may still be refused
        setTrusted((before) => [...before, ...fingerprints]);
        setAgreed((before) => before.filter((other) => other !== from));
        onTrusted();
      }
      onClose();
    });
  return (
    <FormDialog
      title={t('repos.keysTitle', { name })}
      closeLabel={t(open.length > 0 ? 'action.cancel' : 'action.dismiss')}
      onClose={onClose}
      actions={
        open.length > 0 ? (
          <Button look="primary" isPending={busy} isDisabled={chosen.length === 0} onPress={trust}>
            {t('repos.trust')}
          </Button>
        ) : null
      }
    >
      {refused ? <ErrorNotice report={refused} /> : null}
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        value.map((file) => (
          <div key={file.from} className="space-y-2">
            <p className="foreign-text text-sm text-muted">{t('repos.keysFrom', { address: file.from })}</p>
            <KeyList keys={file.keys} />
            {isTrusted(file) ? (
              <p className="flex gap-2">
                <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-accent" />
                {t('repos.keysTrusted')}
              </p>
            ) : (
              <CheckBox
                isSelected={agreed.includes(file.from)}
                isDisabled={busy}
                onChange={(on) => setAgreed(on ? [...agreed, file.from] : agreed.filter((from) => from !== file.from))}
              >
                {t('repos.keysYes', { count: file.keys.length, fingerprints: file.keys.map(groupedFingerprint).join(', ') })}
              </CheckBox>
            )}
          </div>
        ))
      ) : (
        <Spinner label={t('repos.keysAsking')} />
      )}
      {value?.length === 0 ? <p>{t('repos.keysNone')}</p> : null}
      {open.length > 0 ? (
        <>
          <p className="font-medium">{t('keys.compare')}</p>
          <p className="text-muted">{t('repos.keysOnly', { name })}</p>
        </>
      ) : null}
    </FormDialog>
  );
}
