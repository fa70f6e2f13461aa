// SPDX-License-Identifier: LGPL-2.1-or-later
import { useCallback, useEffect, useState } from 'react';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: ErrorReport | undefined;
  /** Asks once more, keeping what is shown until the answer is there. */
  readonly reload: () => void;
}

interface Answer<T> {
  readonly key: string;
  readonly value?: T;
  readonly error?: ErrorReport;
}

/**
 * What `load` answers for `key`, asked for anew whenever the key changes; an empty key asks for nothing. An answer to a question that is no
 * longer asked is dropped.
 */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [round, setRound] = useState(0);
  const [answer, setAnswer] = useState<Answer<T>>();
  useEffect(() => {
    if (!key) return undefined;
    let current = true;
    load().then(
      (value) => current && setAnswer({ key, value }),
      (error: unknown) => current && setAnswer({ key, error: TreelineError.report(error) }),
    );
    return () => {
      current = false;
    };
    // `load` is a new function at each rendering; what it asks for is named by the key
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const mine = answer?.key === key ? answer : undefined;
  return { value: mine?.value, error: mine?.error, reload };
}
