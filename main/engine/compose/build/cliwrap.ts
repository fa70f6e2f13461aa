// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Tree } from '../../base/tree/index.ts';
import type { Treefile } from '../treefile/treefile.ts';

/** Where the real programs are afterwards; rpm-ostree's place, so that its own wrappers find them. */
const wrappedDirectory = 'usr/libexec/rpm-ostree/wrapped';

const readOnly = 'this system is read-only: use treeline install, treeline uninstall or treeline upgrade';

/** Shell that goes on to the real program when it only looks, and says what to use instead when it doesn't. */
const wrappers: Readonly<Record<string, string>> = {
  rpm: `for word do
  case "$word" in
    --query|--querytags|--verify|--version|--help|--eval|--showrc|--checksig|--qf|--queryformat) exec "$real" "$@" ;;
    --*) ;;
    -q*|-V*|-K*|-E*) exec "$real" "$@" ;;
  esac
done
refuse`,
  dnf: `for word do
  case "$word" in
    info|list|ls|search|se|repoquery|rq|provides|whatprovides|repolist|repoinfo|check-update|deplist|makecache|mc|help|--version|--help|-h) exec "$real" "$@" ;;
    -*|*=*) ;;
    history) case " $* " in *" undo "*|*" redo "*|*" rollback "*) refuse ;; *) exec "$real" "$@" ;; esac ;;
    *) refuse ;;
  esac
done
exec "$real" "$@"`,
  // initramfs and boot entries are made when a tree is composed and deployed
  'kernel-install': 'exit 0',
  dracut: `case " $* " in *" --list-modules "*|*" --help "*|*" --print-cmdline "*) exec "$real" "$@" ;; esac
refuse`,
};

const instead: Readonly<Record<string, string>> = {
  dracut: 'the initramfs is part of the system: use treeline initramfs --enable or treeline initramfs-etc',
};

/** What cliwrap without cliwrap-binaries wraps, as far as the tree has it. */
const byDefault = ['rpm', 'dnf', 'yum', 'kernel-install'];

/** Put wrappers in the place of programs which would change packages of a running system (cliwrap, cliwrap-binaries). */
export function wrapPrograms(tree: Tree, treefile: Treefile): void {
  const named = treefile.cliwrapBinaries;
  const names = named.length > 0 ? named : treefile.cliwrap ? byDefault : [];
  for (const name of names) {
    const script = wrappers[name === 'yum' ? 'dnf' : name];
    const refused = (detail: string): TreelineError =>
      new TreelineError('treefile.invalid-value', { ...treefile.placeOf('cliwrap-binaries', name), key: 'cliwrap-binaries', detail });
    if (script === undefined) throw refused(`“${name}” can’t be wrapped, only ${[...Object.keys(wrappers), 'yum'].join(', ')} can`);
    const program = `usr/bin/${name}`;
    if (!tree.look('wrapped', program)) {
      if (named.length > 0) throw refused(`the tree has no /usr/bin/${name}`);
      continue;
    }
    const real = putAside(tree, name);
    tree.put(
      'wrapped',
      program,
      `#!/bin/sh\n# put here while the tree was composed (cliwrap)\nreal=${real}\nrefuse() { echo "\${0##*/}: ${instead[name] ?? readOnly}" >&2; exit 1; }\n${script}\n`,
      0o755,
    );
  }
}

/** Move a program to where wrapped ones are; returns its new path in the tree. Of a link the program it leads to is called, where that is. */
function putAside(tree: Tree, name: string): string {
  const program = `usr/bin/${name}`;
  if (tree.look('wrapped', program)?.isSymbolicLink()) {
    const found = tree.find('wrapped', `/${program}`);
    tree.remove('wrapped', program);
    return found === undefined ? '/usr/bin/false' : `/${found.path}`;
  }
  tree.move('wrapped', program, `${wrappedDirectory}/${name}`);
  return `/${wrappedDirectory}/${name}`;
}
