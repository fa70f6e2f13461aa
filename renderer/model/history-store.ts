// SPDX-License-Identifier: LGPL-2.1-or-later
import { create } from 'zustand';
import type { DiskUse, HistoryEntry, PackageComparison } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { call } from './bridge.ts';

export interface Comparison {
  readonly from: string;
  readonly to: string;
  readonly loading: boolean;
  readonly found: PackageComparison | undefined;
  readonly error: ErrorReport | undefined;
}

interface HistoryState {
  readonly entries: readonly HistoryEntry[];
  readonly entriesError: ErrorReport | undefined;
  readonly diskUse: DiskUse | undefined;
  readonly comparison: Comparison | undefined;
}

export const useHistory = create<HistoryState>(() => ({ entries: [], entriesError: undefined, diskUse: undefined, comparison: undefined }));

const logLength = 500;

/** Log and disk use; a service without disk use leaves the sizes out rather than failing the page. */
export async function loadHistory(): Promise<void> {
  const [entries, diskUse] = await Promise.allSettled([call('host.history', logLength), call('host.diskUse')]);
  useHistory.setState({
    ...(entries.status === 'fulfilled'
      ? { entries: entries.value, entriesError: undefined }
      : { entriesError: TreelineError.report(entries.reason) }),
    diskUse: diskUse.status === 'fulfilled' ? diskUse.value : undefined,
  });
}

export async function compare(from: string, to: string): Promise<void> {
  const current = (): boolean => {
    const { comparison } = useHistory.getState();
    return comparison?.from === from && comparison.to === to;
  };
  const start: Comparison = { from, to, loading: true, found: undefined, error: undefined };
  useHistory.setState({ comparison: start });
  try {
    const found = await call('host.compare', from, to);
    if (current()) useHistory.setState({ comparison: { ...start, loading: false, found } });
  } catch (error) {
    if (current()) useHistory.setState({ comparison: { ...start, loading: false, error: TreelineError.report(error) } });
  }
}
