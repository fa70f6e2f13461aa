// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RemoteKey } from '../../../shared/domain/index.ts';
import { dateText } from '../output/status.ts';

/** A key in one line: fingerprint, users, times. */
export function keyText(key: RemoteKey): string {
  const notes = [
    key.createdAt !== undefined && `of ${dateText(key.createdAt)}`,
    key.expiresAt !== undefined && `${key.expired ? 'expired' : 'expires'} ${dateText(key.expiresAt)}`,
    key.revoked && 'revoked',
  ].filter(Boolean);
  // user ids are written by whoever made the key: no control characters onto the terminal
  const users = key.userIds.map((id) => id.replace(/\p{Cc}/gu, '\ufffd')).join(', ');
  return [key.fingerprint, users, notes.join(', ')].filter((part) => part !== '').join('  ');
}
