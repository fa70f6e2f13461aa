// SPDX-License-Identifier: LGPL-2.1-or-later
import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../model/bridge.ts';
import { Button } from './button.tsx';

/** Copies what `text` makes at that moment, and says that it did. */
export function CopyButton({ label, text }: { label: string; text: () => string }): ReactNode {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2500);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <>
      <Button
        icon={<Icon aria-hidden className="size-4 shrink-0" />}
        onPress={() => void call('app.copyText', text()).then(() => setCopied(true))}
      >
        {copied ? t('action.copied') : label}
      </Button>
      <span role="status" className="sr-only">
        {copied ? t('action.copied') : ''}
      </span>
    </>
  );
}
