// SPDX-License-Identifier: LGPL-2.1-or-later
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { DiskPort, NewSysroot } from '../../engine/base/ports/disk.ts';
import { bind, bindChecked, file, Handle, Ptr } from '../core/index.ts';
import { mountTmpfs } from '../linux/mount.ts';
import { ostreeError } from './errors.ts';
import { importCommit } from './fetch.ts';
import { importGpgKeys } from './remote-keys.ts';
import { Repo } from './repo.ts';
import { Sysroot } from './sysroot.ts';

const sysrootNew = bind('ostree', 'ostree_sysroot_new', Ptr, [Ptr]);
const ensureInitialized = bindChecked('ostree', 'ostree_sysroot_ensure_initialized', 'int', [Ptr, Ptr], ostreeError);
const initOsname = bindChecked('ostree', 'ostree_sysroot_init_osname', 'int', [Ptr, 'str', Ptr], ostreeError);

function createSysroot(directory: string, stateroot: string, inUse: boolean): void {
  // libostree reads this when it makes the object: without the immutable flag the scratch directory can be removed
  if (!inUse) process.env['OSTREE_SYSROOT_DEBUG'] = 'mutable-deployments';
  using location = file(directory);
  using sysroot = new Handle<'OstreeSysroot'>(sysrootNew(location.pointer), `OstreeSysroot ${directory}`);
  ensureInitialized(sysroot.pointer, null);
  initOsname(sysroot.pointer, stateroot, null);
}

function openSysroot(directory: string, inUse: boolean): NewSysroot {
  const sysroot = Sysroot.open(directory);
  const { repo } = sysroot;
  // the whole disk is synced once, when it is complete
  repo.disableFsync(!inUse);
  return Object.assign(sysroot, {
    importCommit: (from: string, checksum: string, onProgress: (done: number) => void) => importCommit(repo, from, checksum, onProgress),
    setRemote: (name: string, url: string, options: Readonly<Record<string, string | boolean>>) => repo.setRemote(name, url, options),
    importGpgKeys: (remote: string, key: Uint8Array) => void importGpgKeys(repo, remote, key),
    configure: (group: string, key: string, value: string) => {
      appendFileSync(path.join(directory, 'ostree/repo/config'), `\n[${group}]\n${key}=${value}\n`);
      repo.reloadConfig();
    },
  });
}

export const diskPort: DiskPort = {
  createSysroot,
  openSysroot,
  resolve(location, revision) {
    using repo = Repo.open(path.resolve(location));
    return repo.resolveRev(revision);
  },
  mountScratch: mountTmpfs,
};
