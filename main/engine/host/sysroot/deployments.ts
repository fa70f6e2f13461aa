// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseKernelArgs, type Deployment, type KernelArg, type Signature } from '../../../../shared/domain/index.ts';
import type { CommitPort, RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { layerOf } from './layer.ts';
import { liveChange } from './live-state.ts';
import { originOf } from './origin.ts';
import { demandsAny, tryDemandsOf } from '../../base/trust/demands.ts';
import { commitSignatures, keyringFingerprint, type GpgVerify } from '../../base/trust/signatures.ts';
import { isFormat1, isSignature } from './state-shapes.ts';
import { readJson, tryWriteJson, type StateDir } from './state-dir.ts';
import { knownFields, readRegularFile, isObject } from '../../../files/index.ts';

/** Made by `--lock-finalization`, looked at by `ostree admin finalize-staged`. */
export const finalizationLock = '/run/ostree/staged-deployment-locked';

/** The deployment a rollback returns to: the first of its stateroot after the booted (else the default) one. */
export function rollbackOf(deployments: readonly RawDeployment[], osname: string): RawDeployment | undefined {
  const own = deployments.filter((d) => d.osname === osname && !d.staged);
  const booted = own.findIndex((d) => d.booted);
  return own[booted < 0 ? 1 : booted + 1];
}

/** The machine's own arguments, without the `ostree=` that libostree sets for each deployment. */
export function kernelArgsOf(raw: RawDeployment): KernelArg[] {
  return parseKernelArgs(raw.bootConfig['options'] ?? '').filter((arg) => arg.key !== 'ostree');
}

/** All deployments as domain objects, staged first, then boot order. A damaged one is listed with what is known. */
export function buildDeployments(sysroot: SysrootPort, dir: (osname: string) => StateDir, gpg: GpgVerify): Deployment[] {
  const list = sysroot.deployments();
  const remotes = new Map<string, boolean>();
  const remoteExists = (name: string): boolean => {
    const known = remotes.get(name) ?? sysroot.repo.hasRemote(name);
    remotes.set(name, known);
    return known;
  };
  return list.map((raw, index) => {
    const origin = originOf(raw, remoteExists);
    const commit = loadQuietly(sysroot, raw.checksum);
    const { demands, problem } = tryDemandsOf(sysroot.repo, origin.remote);
    return {
      id: raw.id,
      osname: raw.osname,
      checksum: raw.checksum,
      serial: raw.serial,
      bootChecksum: raw.bootChecksum,
      index,
      booted: raw.booted,
      staged: raw.staged,
      pinned: raw.pinned,
      rollback: rollbackOf(list, raw.osname)?.id === raw.id,
      finalizationLocked: raw.staged && existsSync(finalizationLock),
      unlocked: raw.unlocked,
      ...knownFields({ live: liveChange(sysroot, raw) }),
      version: commit?.version ?? '',
      timestamp: commit?.timestamp ?? 0,
      deployedAt: deployedAt(path.join(sysroot.path, raw.directory)),
      origin,
      signatures: commit ? cachedSignatures(commit, sysroot, origin.remote, dir(raw.osname), gpg) : [],
      verified: demands !== undefined && (demandsAny(demands.commit) || demandsAny(demands.summary)),
      ...(problem ? { remoteProblem: problem.report } : {}),
      // without a boot entry nobody knows them
      ...(raw.bootConfig['options'] === undefined ? {} : { kernelArgs: kernelArgsOf(raw).map((arg) => arg.raw) }),
      bootConfig: raw.bootConfig,
      ...(commit ? layerOf(commit, (checksum) => loadQuietly(sysroot, checksum)) : { baseMeta: {} }),
      commitPresent: commit !== undefined,
    };
  });
}

function loadQuietly(sysroot: SysrootPort, checksum: string): CommitPort | undefined {
  try {
    return sysroot.repo.tryLoadCommit(checksum);
  } catch {
    return undefined;
  }
}

function deployedAt(directory: string): number {
  const stat = statSync(directory, { throwIfNoEntry: false });
  return stat ? Math.floor(stat.mtimeMs / 1000) : 0;
}

interface VerifiedFile {
  readonly format: 1;
  readonly entries: Record<string, readonly Signature[]>;
}

const isVerifiedFile = (value: unknown): value is VerifiedFile =>
  isFormat1(value) &&
  isObject(value['entries']) &&
  Object.values(value['entries']).every((entry) => Array.isArray(entry) && entry.every(isSignature));

/** Verifying costs a gpg process a commit: the answer is kept as long as commit, keyring and day are the same (keys expire). */
function cachedSignatures(commit: CommitPort, sysroot: SysrootPort, remote: string, dir: StateDir, gpg: GpgVerify): readonly Signature[] {
  if (remote === '' || !sysroot.repo.hasRemote(remote)) return [];
  const file = path.join(dir.cache, 'verified.json');
  const day = Math.floor(Date.now() / 86_400_000);
  const cache = readJson(file, isVerifiedFile);
  let key: string;
  let signatures: readonly Signature[];
  try {
    const detached = sysroot.repo.detachedSignatures(commit.checksum, 'ostree.gpgsigs').length;
    key = `${commit.checksum}:${remote}:${keyringFingerprint(sysroot.repo, remote)}:${detached}:${day}`;
    const known = cache?.entries[key];
    if (known) return known;
    signatures = commitSignatures(commit, sysroot.repo, sysroot.repo, remote, gpg);
  } catch {
    return [];
  }
  const fresh = Object.entries(cache?.entries ?? {}).filter(([k]) => k.endsWith(`:${day}`));
  tryWriteJson(file, { format: 1, entries: Object.fromEntries([...fresh.slice(-20), [key, signatures]]) } satisfies VerifiedFile);
  return signatures;
}

/** PRETTY_NAME of a deployment's os-release(5), '' if unknown. */
export function prettyName(sysroot: SysrootPort, raw: RawDeployment | undefined): string {
  return raw ? prettyNameOf(path.join(sysroot.path, raw.directory)) : '';
}

/** The same of a tree by its directory. */
export function prettyNameOf(directory: string): string {
  try {
    const text = readRegularFile(path.join(directory, 'usr/lib/os-release')).toString();
    const value = /^PRETTY_NAME=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/m
      .exec(text)
      ?.slice(1)
      .find((part) => part !== undefined);
    return value?.replace(/\\(.)/g, '$1') ?? '';
  } catch {
    return '';
  }
}
