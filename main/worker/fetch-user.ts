// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who fetches: `treeline` if the system has that user, else `nobody`. undefined (stay as is) when not root, when the name space maps no other
 * user, or when others may not read the repository, the program or Node (a checkout below /root).
 */
export function fetchUser(parentRepo: string, program: string): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const user = passwdUser('treeline') ?? passwdUser('nobody');
  const mayRead = [parentRepo, path.dirname(program), path.dirname(process.execPath)].every(othersMayEnter);
  return user && isMapped('uid', user.uid) && isMapped('gid', user.gid) && mayRead ? user : undefined;
}

function passwdUser(name: string): User | undefined {
  // a composed system keeps its own users below /usr/lib
  const lines = ['/etc/passwd', '/usr/lib/passwd'].flatMap((file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []));
  const fields = lines.map((line) => line.split(':')).find(([n]) => n === name);
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return fields && uid > 0 && gid > 0 ? { uid, gid } : undefined;
}

/** In a namespace that maps one user only, root has no rights outside of it: nothing is lost by staying. */
export function inUserNamespace(): boolean {
  return !isMapped('uid', 1);
}

/** user_namespaces(7): lines of `inside outside length`. */
function isMapped(kind: 'uid' | 'gid', id: number): boolean {
  return readFileSync(`/proc/self/${kind}_map`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([inside = 0, , length = 0]) => id >= inside && id < inside + length);
}

function othersMayEnter(directory: string): boolean {
  for (let at = path.resolve(directory); ; at = path.dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (!stat || (stat.mode & 0o001) === 0) return false;
    if (at === '/') return true;
  }
}
