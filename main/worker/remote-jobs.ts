// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobHandlers } from '../engine/jobs/index.ts';
import * as remotes from '../engine/host/remotes/index.ts';
import { importGpgKeys, Sysroot } from '../native/ostree/index.ts';
import { fetchUser } from './fetch-user.ts';
import { online } from './sysroot-jobs.ts';

const now = (): number => Math.floor(Date.now() / 1000);

/** As whom key files are read: nobody's rights are needed for it. */
const keyUser = (): ReturnType<typeof fetchUser> => fetchUser('/', process.argv[1] ?? '');

function withRemotes<T>(sysrootPath: string, lock: boolean, run: (context: remotes.RemotesContext) => T): T {
  using sysroot = Sysroot.open(sysrootPath);
  if (lock) sysroot.lock();
  const { repo } = sysroot;
  return run({
    sysroot,
    repo,
    addRemote: (name, url, gpgVerify) => repo.setRemote(name, url, { 'gpg-verify': gpgVerify }),
    importGpgKeys: (name, key) => importGpgKeys(repo, name, key),
    user: keyUser(),
    now: now(),
  });
}

export const remoteJobs: Partial<JobHandlers> = {
  'remote.list': (p) => withRemotes(p.sysroot, false, (c) => remotes.listRemotes(c)),
  'remote.add': (p) => withRemotes(p.sysroot, true, (c) => remotes.addRemote(c, p.name, p.url, p.gpgVerify)),
  'remote.edit': (p) => withRemotes(p.sysroot, true, (c) => remotes.editRemote(c, p.name, p)),
  'remote.remove': (p) => withRemotes(p.sysroot, true, (c) => remotes.removeRemote(c, p.name, p.force ?? false)),
  'remote.inspect-key': (p) => remotes.inspectKey(p.key, keyUser(), now()),
  'remote.import-key': (p) => withRemotes(p.sysroot, true, (c) => remotes.importKey(c, p.name, p.key)),
  'remote.refs': (p, context) => online(p, context, false, (u) => remotes.remoteRefs(u, p.osname, p.name)),
  'remote.versions': (p, context) => online(p, context, false, (u) => remotes.remoteVersions(u, p.refspec, p.limit)),
};
