// SPDX-License-Identifier: LGPL-2.1-or-later
import { Variant } from '../../shared/dbus/index.ts';
import type { Call } from './dispatcher.ts';

/** Options about the caller, not about the job. */
const callersOwn = new Set(['initiating-command-line', 'treeline-detached', 'id']);

/**
 * The same for calls that ask for the same: method, object and arguments; and were judged on the same. rpm-ostreed answers such a call with the transaction that is there
 * (rpmostreed_transaction_is_compatible), whoever makes it.
 */
export function identityOf(call: Pick<Call, 'object' | 'member' | 'args' | 'basis'>): string {
  return JSON.stringify([call.object.path, call.member, call.args.map(plain), call.basis]);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Variant) return { type: value.signature, value: plain(value.value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([key]) => !callersOwn.has(key))
    .map(([key, item]) => [key, plain(item)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
