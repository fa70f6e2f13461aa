// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import type { ComposeAbility } from '../../shared/domain/index.ts';

const wholeRange = ['--user', '--map-root-user', '--map-auto'];
const singleId = ['--user', '--map-root-user'];

/**
 * How this user can be root inside a namespace of their own (user_namespaces(7), unshare(1)): with the range of ids that /etc/subuid gives
 * them and newuidmap(1) sets up, or with one id.
 */
export function namespaceFor(uid: number): { readonly ability: ComposeAbility; readonly before: readonly string[] } {
  if (uid === 0) return { ability: { kind: 'root', detail: '' }, before: [] };
  const whole = refusal(wholeRange);
  if (whole === undefined) return { ability: { kind: 'range', detail: '' }, before: ['unshare', ...wholeRange] };
  const single = refusal(singleId);
  if (single === undefined) return { ability: { kind: 'single', detail: whole }, before: ['unshare', ...singleId] };
  return { ability: { kind: 'none', detail: single }, before: [] };
}

/** Why unshare doesn't do it; undefined when it does. */
function refusal(args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync('unshare', [...args, 'true'], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (error) return error.message;
  return status === 0 ? undefined : stderr.trim() || `exit code ${status}`;
}
