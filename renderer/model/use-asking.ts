// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState } from 'react';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

interface Asking {
  readonly busy: boolean;
  readonly error: ErrorReport | undefined;
  /** Runs one question; what goes wrong is in `error` until the next. A closed password dialog is no error. */
  readonly ask: (work: () => Promise<void>) => Promise<void>;
}

export function useAsking(): Asking {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport>();
  const ask = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (caught) {
      const report = TreelineError.report(caught);
      if (report.code !== 'auth.dismissed') setError(report);
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, ask };
}
