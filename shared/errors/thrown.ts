// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is known of a thrown value: nothing. Code outside of these functions asks here. By its fields and not by its class: Node's errors of other realms (vm, workers)
 * are no `instanceof Error`.
 */

const fieldOf = (thrown: unknown, name: 'message' | 'code'): unknown =>
  typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined;

/** What a thrown value says: an error's message, else the value as text. */
export function messageOf(thrown: unknown): string {
  const message = fieldOf(thrown, 'message');
  return typeof message === 'string' ? message : String(thrown);
}

/** The name that an error of Node has for its cause, those of system calls as errno(3) calls them: `ENOENT`, `EPERM`. Undefined for other values. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const code = fieldOf(thrown, 'code');
  return typeof code === 'string' ? code : undefined;
}
