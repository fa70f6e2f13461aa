// SPDX-License-Identifier: LGPL-2.1-or-later
import { create } from 'zustand';
import type { UpdateDetails } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { call } from './bridge.ts';

interface DetailsState {
  /** Booted and new checksum the details belong to, joined by a colon. */
  readonly key: string;
  readonly loading: boolean;
  readonly details: UpdateDetails | undefined;
  readonly error: ErrorReport | undefined;
}

export const useDetails = create<DetailsState>(() => ({ key: '', loading: false, details: undefined, error: undefined }));

/** Fetches the content of the pending update once per pair of versions; `force` after a failure. */
export async function loadDetails(key: string, force = false): Promise<void> {
  if (!force && useDetails.getState().key === key) return;
  useDetails.setState({ key, loading: true, details: undefined, error: undefined });
  try {
    const details = await call('host.updateDetails');
    if (useDetails.getState().key === key) useDetails.setState({ loading: false, details });
  } catch (error) {
    if (useDetails.getState().key === key) useDetails.setState({ loading: false, error: TreelineError.report(error) });
  }
}
