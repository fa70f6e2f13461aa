// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Labeller } from './labelling.ts';
import { below, Directory } from './layer-tree.ts';

/** Where a system that starts mounts something, or libostree has its own. */
const mountPoints = ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'var'] as const;

/**
 * Make what an image of files brings a root that libostree can deploy, as bootc takes such images: places that are mounted on, and the link to libostree's. Throws
 * container.not-bootable for one without a kernel.
 */
export function completeRoot(root: Directory, labeller: Labeller, subject: string): void {
  const modules = root.find(['usr', 'lib', 'modules']);
  const kernels = modules instanceof Directory ? [...modules.directories.values()].filter((each) => each.files.has('vmlinuz')) : [];
  if (kernels.length === 0) throw new TreelineError('container.not-bootable', { subject });
  for (const name of mountPoints) {
    root.files.delete(name);
    const place = root.directory(name);
    place.meta ??= labeller.impliedMeta(below('/', name));
  }
  if (!root.files.has('tmp')) {
    const tmp = root.directory('tmp');
    tmp.meta ??= labeller.dirmeta('/tmp', { uid: 0, gid: 0, mode: 0o1777, xattrs: [] });
  }
  root.directories.delete('ostree');
  root.files.set('ostree', labeller.link('/ostree', { uid: 0, gid: 0, target: 'sysroot/ostree' }));
}
