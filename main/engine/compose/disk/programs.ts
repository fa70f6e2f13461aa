// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { Tree } from '../../base/tree/index.ts';

/** Which package has a program or file: Debian's name, Fedora's where it differs. */
const packages: Readonly<Record<string, string>> = {
  sfdisk: 'fdisk (Debian) or util-linux (Fedora)',
  mke2fs: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  mformat: 'mtools',
  mmd: 'mtools',
  mcopy: 'mtools',
  du: 'coreutils',
  mount: 'mount (Debian) or util-linux (Fedora)',
  umount: 'mount (Debian) or util-linux (Fedora)',
  extlinux: 'extlinux (Debian) or syslinux-extlinux (Fedora)',
  'grub-mkimage': 'grub-common (Debian) or grub2-tools-minimal (Fedora)',
};

const missing = (name: string, install: string): TreelineError =>
  new TreelineError('disk-image.program-missing', { subject: name, facts: { install } });

/** Path of the first of these programs that is there (they are names of the same thing). Throws `disk-image.program-missing`. */
export function findProgram(...names: readonly [string, ...string[]]): string {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin'].filter((folder) => folder !== '');
  const found = names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file));
  if (found === undefined) throw missing(names[0], packages[names[0]] ?? names[0]);
  return found;
}

/** Run to the end; a failure is `disk-image.failed` with what the program said. Returns its standard output. */
export function runProgram(names: string | readonly [string, ...string[]], args: readonly string[], input = ''): string {
  const program = typeof names === 'string' ? findProgram(names) : findProgram(...names);
  const result = spawnSync(program, args, { input, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' }, maxBuffer: 16 << 20 });
  if (result.status === 0) return result.stdout;
  const said = `${result.stderr ?? ''}\n${result.stdout ?? ''}`.trim().split('\n').slice(-4).join(' | ');
  throw new TreelineError('disk-image.failed', {
    subject: path.basename(program),
    detail: result.error?.message ?? `exit status ${result.status ?? 'by a signal'}: ${said}`,
  });
}

/**
 * A boot loader's file from the tree, else from this machine; `withDirectory`: others beside it are going to be read, too. Throws `disk-image.program-missing` naming
 * the package, package.outside-tree, package.unusable-file.
 */
export function findBootFile(tree: string, candidates: readonly string[], install: string, withDirectory = false): string {
  using inside = new Tree(tree);
  const plain = (name: string): string | undefined => {
    const file = inside.plainPath('bootProgram', name, 'file');
    if (file !== undefined && withDirectory) inside.plainPath('bootProgram', path.dirname(path.relative(inside.root, file)), 'directory');
    return file;
  };
  const found =
    candidates.map(plain).find((file) => file !== undefined) ??
    candidates.map((name) => path.join('/', name)).find((file) => existsSync(file));
  if (found === undefined) throw missing(`/${candidates[0] ?? ''}`, install);
  return found;
}
