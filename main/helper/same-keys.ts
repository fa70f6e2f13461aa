// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RemoteKey } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';

/** What the dialog showed is what gets trusted, neither less nor more. */
export function requireSameKeys(wanted: readonly string[], keys: readonly RemoteKey[]): void {
  const sorted = (list: readonly string[]): string => [...list].sort().join(', ');
  const found = sorted(keys.map((key) => key.fingerprint));
  if (sorted(wanted) !== found) throw new TreelineError('remote.other-key', { subject: sorted(wanted), detail: found || 'none' });
}
