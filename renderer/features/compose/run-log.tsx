// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** What the compose says. Stays at its end, unless the person has scrolled up to read. */
export function RunLog({ messages, children }: { messages: readonly string[]; children: ReactNode }): ReactNode {
  const { t } = useTranslation();
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const log = box.current;
    if (log && atEnd.current) log.scrollTop = log.scrollHeight;
  }, [messages]);
  return (
    <section aria-labelledby="run-log" className="space-y-2">
      <h2 id="run-log" className="font-semibold">
        {t('compose.log')}
      </h2>
      <pre
        ref={box}
        tabIndex={0}
        onScroll={({ currentTarget: log }) => (atEnd.current = log.scrollHeight - log.scrollTop - log.clientHeight < 8)}
        className="foreign-text max-h-72 overflow-auto rounded-lg border border-line bg-surface p-3 font-mono text-sm whitespace-pre-wrap"
      >
        {messages.join('\n')}
      </pre>
      {children}
    </section>
  );
}
