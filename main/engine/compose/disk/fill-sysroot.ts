// SPDX-License-Identifier: LGPL-2.1-or-later
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { DiskPort, NewSysroot } from '../../base/ports/disk.ts';
import type { RawDeployment } from '../../base/ports/sysroot.ts';
import { requireRemoteName } from '../../base/names/remote-name.ts';
import { Tree } from '../../base/tree/index.ts';
import type { DiskBootloader, DiskParams, DiskRemote } from './params.ts';

export interface Filled {
  readonly deployment: RawDeployment;
  readonly version: string;
}

export interface FillRequest {
  readonly params: Pick<DiskParams, 'repo' | 'revision' | 'ref' | 'remote'>;
  readonly directory: string;
  readonly checksum: string;
  readonly stateroot: string;
  readonly bootloader: DiskBootloader;
  readonly kernelArgs: readonly string[];
  /** Text of the first deployment's /etc/fstab. */
  readonly fstab: string;
  /** Another system lives in the directory: everything is synced, deployments are immutable at once. */
  readonly inUse?: boolean;
  /** Objects copied so far. */
  readonly copied: (count: number) => void;
}

/** How libostree is to treat the boot loader: what reads loader/entries itself needs nothing from it (ostree.repo-config(5)). */
const bootloaderOption: Readonly<Record<DiskBootloader, string>> = {
  grub: 'none',
  'systemd-boot': 'none',
  extlinux: 'syslinux',
  none: 'none',
};

/** Fill a directory as `ostreesetup` of an installer does: stateroot, commit, remote with its keys, deployment, /etc/fstab. */
export function fillSysroot(request: FillRequest, port: DiskPort, context: JobContext): Filled {
  const { params, directory, checksum, stateroot } = request;
  port.createSysroot(directory, stateroot, request.inUse ?? false);
  using sysroot = port.openSysroot(directory, request.inUse ?? false);
  sysroot.lock();
  sysroot.configure('sysroot', 'bootloader', bootloaderOption[request.bootloader]);
  context.task('Copying the commit', () => sysroot.importCommit(path.resolve(params.repo), checksum, (done) => request.copied(done)));
  const ref = params.ref ?? params.revision;
  if (params.remote) addRemote(sysroot, params.remote);
  const refspec = params.remote ? `${params.remote.name}:${ref}` : ref;
  if (!/^[0-9a-f]{64}$/.test(ref)) sysroot.repo.setRef(ref, checksum, params.remote?.name);
  const id = context.task('Deploying', () =>
    sysroot.deployTree({ osname: stateroot, checksum, originText: `[origin]\nrefspec=${refspec}\n`, kernelArgs: request.kernelArgs }),
  );
  context.task('Writing boot entries', () => context.uninterruptible(() => sysroot.writeDeployments([id], true)));
  const deployment = sysroot.deployments().find((d) => d.id === id);
  if (!deployment) throw new TreelineError('internal.unexpected', { detail: `the new deployment ${id} isn’t there` });
  if (request.fstab !== '') addToFstab(path.join(directory, deployment.directory), request.fstab);
  return { deployment, version: sysroot.repo.loadCommit(checksum).version };
}

/** Lines for a deployment's fstab(5), after those that it has. */
export function addToFstab(deployment: string, lines: string): void {
  using tree = new Tree(deployment);
  tree.put('fstab', 'etc/fstab', `${tree.text('fstab', 'etc/fstab') ?? ''}${lines}`);
}

function addRemote(sysroot: NewSysroot, remote: DiskRemote): void {
  const keys = remote.keys.map((file) => ({ file, bytes: readKey(file) }));
  const ed25519 = keys.flatMap(({ bytes }) => ed25519Lines(bytes));
  const gpg = keys.filter(({ bytes }) => ed25519Lines(bytes).length === 0);
  requireRemoteName(remote.name);
  const keyFile = `ostree/repo/${remote.name}.trustedkeys.ed25519`;
  sysroot.setRemote(remote.name, remote.url, {
    'gpg-verify': gpg.length > 0,
    // as the installed system sees it
    ...(ed25519.length > 0 ? { 'sign-verify': 'ed25519', 'verification-ed25519-file': `/${keyFile}` } : {}),
  });
  if (ed25519.length > 0) writeFileSync(path.join(sysroot.path, keyFile), `${ed25519.join('\n')}\n`);
  for (const { bytes } of gpg) sysroot.importGpgKeys(remote.name, bytes);
}

function readKey(file: string): Buffer {
  try {
    return readRegularFile(file);
  } catch (error) {
    throw new TreelineError('key.unreadable', { subject: file, detail: `${file}: ${TreelineError.report(error).detail ?? ''}` });
  }
}

/** Raw ed25519 keys as ostree's key files have them; none in a file of another kind. */
function ed25519Lines(bytes: Buffer): string[] {
  const lines = bytes
    .toString('latin1')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.every((line) => /^[A-Za-z0-9+/]{43}=$/.test(line)) ? lines : [];
}
