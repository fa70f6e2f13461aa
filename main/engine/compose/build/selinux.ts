// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ComposeStore } from '../../base/ports/compose-store.ts';
import type { Tree } from '../../base/tree/index.ts';

/** Paths of a tree that the policy knows by another name (file_contexts.subs_dist of selabel_file(5)). */
const substitutions: readonly (readonly [tree: string, policy: string])[] = [
  ['/usr/etc', '/etc'],
  ['/var/home', '/home'],
  ['/var/roothome', '/root'],
  ['/var/usrlocal', '/usr/local'],
];

/** Tell the tree's policies about the places that an OSTree system has and they don't. `labelVersion` 0: /usr/etc is no place like /etc. */
export function addSubstitutions(tree: Tree, labelVersion: number): void {
  for (const name of tree.names('selinux', 'usr/etc/selinux')) {
    const directory = `usr/etc/selinux/${name}/contexts/files`;
    if (!tree.isDirectory('selinuxSubstitutions', directory)) continue;
    const file = `${directory}/file_contexts.subs_dist`;
    const text = tree.text('selinuxSubstitutions', file) ?? '';
    const known = new Set(text.split('\n').map((line) => line.trim().split(/\s+/)[0]));
    const added = substitutions
      .filter(([place]) => !known.has(place) && (labelVersion > 0 || place !== '/usr/etc'))
      .map(([place, policy]) => `${place} ${policy}\n`);
    if (added.length > 0)
      tree.put('selinuxSubstitutions', file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${added.join('')}`);
  }
}

/**
 * Name of the SELinux policy in a tree, undefined when it holds none. libostree and libselinux open its files by their names: throws package.outside-tree and
 * package.unusable-file when something of it leads elsewhere.
 */
export function policyOf(tree: Tree, store: Pick<ComposeStore, 'sepolicyName'>): string | undefined {
  for (const place of ['usr/etc/selinux', 'etc/selinux']) tree.requirePlain('selinuxPolicy', place);
  return store.sepolicyName(tree.root);
}
