import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from './passwd.ts';

/** Paths of a tree that the policy knows by another name (file_contexts.subs_dist of selabel_file(5)). */
const substitutions: readonly (readonly [tree: string, policy: string])[] = [
  ['/usr/etc', '/etc'],
  ['/var/home', '/home'],
  ['/var/roothome', '/root'],
  ['/var/usrlocal', '/usr/local'],
];

/** Tell the tree's policies about the places that an OSTree system has and they don't. `labelVersion` 0: /usr/etc is no place like /etc. */
export function addSubstitutions(root: string, labelVersion: number): void {
  const policies = path.join(root, 'usr/etc/selinux');
  if (!existsSync(policies)) return;
  for (const name of readdirSync(policies)) {
    const directory = path.join(policies, name, 'contexts/files');
    if (!existsSync(directory)) continue;
    const file = path.join(directory, 'file_contexts.subs_dist');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const known = new Set(text.split('\n').map((line) => line.trim().split(/\s+/)[0]));
    const added = substitutions
      .filter(([tree]) => !known.has(tree) && (labelVersion > 0 || tree !== '/usr/etc'))
      .map(([tree, policy]) => `${tree} ${policy}\n`);
    if (added.length > 0) replaceFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${added.join('')}`);
  }
}
