// SPDX-License-Identifier: LGPL-2.1-or-later
import { ShieldAlert, ShieldCheck, ShieldOff } from 'lucide-react';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clockDoubt, type Signature } from '../../shared/domain/index.ts';

type Verdict = 'valid' | 'unsigned' | 'keyMissing' | 'keyExpired' | 'keyRevoked' | 'signatureExpired' | 'clock' | 'invalid';

/** What the signatures say: one valid one is enough (OSTree's rule), otherwise the first problem. */
export function signatureVerdict(signatures: readonly Signature[]): { verdict: Verdict; signature: Signature | undefined } {
  const good = signatures.find((signature) => signature.valid);
  if (good) return { verdict: 'valid', signature: good };
  const first = signatures[0];
  if (!first) return { verdict: 'unsigned', signature: undefined };
  if (clockDoubt(first, Date.now() / 1000)) return { verdict: 'clock', signature: first };
  if (first.keyMissing) return { verdict: 'keyMissing', signature: first };
  if (first.keyRevoked) return { verdict: 'keyRevoked', signature: first };
  if (first.keyExpired) return { verdict: 'keyExpired', signature: first };
  if (first.signatureExpired) return { verdict: 'signatureExpired', signature: first };
  return { verdict: 'invalid', signature: first };
}

export function signatureText(t: TFunction, signatures: readonly Signature[]): string {
  const { verdict, signature } = signatureVerdict(signatures);
  const who = signature?.userName || signature?.keyId || '';
  return t(`signature.${verdict}`, { who });
}

const icons = { valid: ShieldCheck, unsigned: ShieldOff } as const;

/** The verdict in words with its icon; the fingerprint is in the tooltip of the words. */
export function SignatureLine({ signatures }: { signatures: readonly Signature[] | undefined }): ReactNode {
  const { t } = useTranslation();
  if (!signatures) return t('facts.notTold');
  const { verdict, signature } = signatureVerdict(signatures);
  const Icon = verdict === 'valid' || verdict === 'unsigned' ? icons[verdict] : ShieldAlert;
  const colour = verdict === 'valid' ? 'text-accent' : verdict === 'unsigned' ? 'text-muted' : 'text-danger';
  return (
    <span className="inline-flex items-start gap-1.5" title={signature?.fingerprint}>
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${colour}`} />
      <span className="foreign-text">{signatureText(t, signatures)}</span>
    </span>
  );
}
