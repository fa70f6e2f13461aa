// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobName } from '../catalogue.ts';

const bySysroot = 'works on the machine’s own system, which libostree knows by what is at /: walls would put something else there';
const byObjects = 'reads and writes objects of repositories, named by their checksums: nothing of what they hold becomes a path';
const bySettings =
  'reads and writes the machine’s own settings of package repositories, reached by handles without links out (host/package-repos)';
const byConfiguration = 'reads and writes the machine’s own settings of remotes';

/**
 * Whether a job that runs as root is put behind walls (see walls.ts), or why not: one line. `true` for what works on content of packages, images, sticks or trees;
 * what it needs stands in needs.ts.
 */
export const walled = {
  'compose.tree': true,
  'compose.install': true,
  'compose.rootfs': true,
  'compose.postprocess': true,
  'compose.commit': true,
  'compose.extensions': true,
  'compose.image': true,
  'compose.encapsulate': true,
  'compose.build-chunked': true,
  'compose.unencapsulate': true,
  'image.pull': true,
  'compose.resolve': true,
  'compose.packages': true,
  'disk.create': true,
  'disk.install-alongside': true,
  'media.create': true,
  'packages.find': true,
  'packages.refresh': true,
  'packages.offered-keys': true,
  'layer.make': true,
  'layer.import-local': true,
  'compose.keys': 'reads nothing',
  'compose.check': 'reads a treefile and the files that it names, which is all that walls would show',
  'compose.foreign': 'looks who owns a treefile and the files that it names',
  'compose.releases': 'reads commit objects only',
  'compose.release': 'reads commit objects only',
  'compose.create-repo': 'makes an empty repository',
  'compose.import': 'is started by a compose, behind the same walls',
  'compose.lua': 'runs in the sandbox of a compose',
  'compose.expand': 'runs in the sandbox of a compose',
  'media.scan':
    'compares with the booted system; what is on the stick it reaches by handles, without following links (host/media/directory.ts)',
  'repo.summary': byObjects,
  'repo.delta': byObjects,
  'repo.prune': byObjects,
  'repo.promote': byObjects,
  'repo.mirror': byObjects,
  'repo.verify': byObjects,
  'db.list': 'takes one file, the RPM database, out of commits, as libostree checks it out by its checksum',
  'db.diff': 'takes one file, the RPM database, out of commits, as libostree checks it out by its checksum',
  'db.package': 'takes one file, the RPM database, out of a commit, as libostree checks it out by its checksum',
  'db.version': 'reads commit objects only',
  'image.preview':
    'of a commit it takes one file, the RPM database; of a registry it reads small documents into memory, and writes nothing',
  'image.versions': 'reads small documents of a registry into memory, and writes nothing',
  'review.summary': bySysroot,
  'review.etc': bySysroot,
  'review.etc-file': bySysroot,
  'review.etc-drift': bySysroot,
  'review.etc-own-file': bySysroot,
  'review.restore-etc': 'changes the machine’s own /etc, reached by handles without links on the way (host/review/etc-restore.ts)',
  'review.fetch': bySysroot,
  'review.tree': bySysroot,
  'review.file': bySysroot,
  'sysroot.load': bySysroot,
  'sysroot.rollback': bySysroot,
  'sysroot.set-default': bySysroot,
  'sysroot.clear-rollback-target': bySysroot,
  'sysroot.pin': bySysroot,
  'sysroot.undeploy': bySysroot,
  'sysroot.cleanup': bySysroot,
  'sysroot.initramfs-etc': bySysroot,
  'sysroot.fix-shadow-perms': bySysroot,
  'sysroot.kargs': bySysroot,
  'sysroot.finalize': bySysroot,
  'sysroot.repair': bySysroot,
  'sysroot.repair-origin': bySysroot,
  'sysroot.disk-use': bySysroot,
  'sysroot.boot-once': bySysroot,
  'sysroot.apply-live': 'changes the /usr that runs: files come out of commits, by handles without links on the way (host/live/write.ts)',
  'update.check': bySysroot,
  'update.cached': bySysroot,
  'update.details': bySysroot,
  'update.plan': bySysroot,
  'update.preview': bySysroot,
  'update.upgrade': bySysroot,
  'remote.list': byConfiguration,
  'remote.add': byConfiguration,
  'remote.edit': byConfiguration,
  'remote.remove': byConfiguration,
  'remote.inspect-key': 'reads a key that came in the request, in a directory of its own',
  'remote.import-key': byConfiguration,
  'packages.repos': bySettings,
  'packages.modify-repo': bySettings,
  'packages.import-key': bySettings,
  'remote.refs': bySysroot,
  'remote.versions': bySysroot,
} as const satisfies Readonly<Record<JobName, true | string>>;

/** Jobs behind walls. */
export type WalledJob = { [N in JobName]: (typeof walled)[N] extends true ? N : never }[JobName];

export const isWalled = (job: JobName): job is WalledJob => walled[job] === true;
