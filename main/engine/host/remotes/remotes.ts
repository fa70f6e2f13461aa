// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Remote, RemoteKey } from '../../../../shared/domain/index.ts';
import { maskCredentials, TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile, readRegularFile } from '../../../files/index.ts';
import type { RepoPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { readOrigin } from '../sysroot/origin.ts';
import { tryDemandsOf } from '../../base/trust/demands.ts';
import { editRemoteFile, keyringFiles, remoteFile, removeFromFile } from '../../base/trust/config-file.ts';
import { decodeKey, ed25519Key, ed25519Keys, readKeys, type User } from '../../base/trust/keys.ts';
import { requireRemoteName, requireRemoteUrl } from '../../base/names/remote-name.ts';

export interface RemotesRepo extends RepoPort {
  listRemoteNames(): readonly string[];
  /** Read the configuration anew. */
  reloadConfig(): void;
}

export interface RemotesContext {
  readonly sysroot: SysrootPort;
  readonly repo: RemotesRepo;
  /** libostree's ways; it decides where a new remote stands. */
  addRemote(name: string, url: string, gpgVerify: boolean): void;
  importGpgKeys(remote: string, key: Uint8Array): void;
  /** As whom key files are read. */
  readonly user: User | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** All remotes, also those whose address or keys can't be read: odd ones never hide the rest. */
export function listRemotes(context: RemotesContext): Remote[] {
  return context.repo.listRemoteNames().map((name) => describe(context, name));
}

const urlOf = (repo: RemotesRepo, name: string): string =>
  orElse('', () => repo.remoteOption(name, 'url') ?? repo.remoteOption(name, 'metalink') ?? '');

function describe(context: RemotesContext, name: string): Remote {
  const { repo, sysroot } = context;
  const { demands, problem } = tryDemandsOf(repo, name);
  return {
    name,
    url: maskCredentials(urlOf(repo, name)),
    gpgVerify: demands?.commit.gpg ?? false,
    signVerify: demands?.commit.ed25519 ?? false,
    ...(problem ? { problem: problem.report } : {}),
    keys: trustedKeys(context, name),
    usedBy: usedBy(sysroot, name),
    file: remoteFile(sysroot.path, repo.path, name) ?? '',
  };
}

/** Ids of the deployments whose origin names the remote. */
function usedBy(sysroot: SysrootPort, name: string): string[] {
  return sysroot
    .deployments()
    .filter((d) => readOrigin(d.originText, () => true).remote === name)
    .map((d) => d.id);
}

function trustedKeys(context: RemotesContext, name: string): RemoteKey[] {
  const { repo, sysroot } = context;
  const option = (key: string): string => orElse('', () => repo.remoteOption(name, key) ?? '');
  const gpgFiles = [
    ...keyringFiles(sysroot.path, repo.path, name).filter((file) => file.endsWith('.gpg')),
    ...option('gpgkeypath')
      .split(/[;,]/)
      .filter((file) => file !== '')
      .flatMap(filesOf),
  ];
  const gpg = gpgFiles.flatMap((file) => orElse<RemoteKey[]>([], () => readKeys(readRegularFile(file), context.user, context.now)));
  const edFile = option('verification-ed25519-file');
  const ed = [
    option('verification-ed25519-key').trim(),
    ...(edFile ? orElse<string[]>([], () => ed25519Keys(readRegularFile(edFile)) ?? []) : []),
  ];
  const seen = new Set<string>();
  return [...gpg, ...ed.filter((key) => key !== '').map(ed25519Key)].filter(
    (key) => !seen.has(key.fingerprint) && seen.add(key.fingerprint),
  );
}

/** gpgkeypath names files, or directories of keys. */
function filesOf(place: string): string[] {
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) return [place];
  return readdirSync(place).map((name) => path.join(place, name));
}

function orElse<T>(otherwise: T, run: () => T): T {
  try {
    return run();
  } catch {
    return otherwise;
  }
}

/** Throws `remote.invalid-name`, `remote.invalid-url`, `remote.exists`. */
export function addRemote(context: RemotesContext, name: string, url: string, gpgVerify: boolean): Remote {
  requireRemoteName(name);
  requireRemoteUrl(url);
  if (context.repo.hasRemote(name)) throw new TreelineError('remote.exists', { subject: name });
  context.addRemote(name, url, gpgVerify);
  return describe(context, name);
}

/** Change a remote in the file where it stands. Throws `origin.remote-missing`, `remote.invalid-url`. */
export function editRemote(context: RemotesContext, name: string, given: { url?: string; gpgVerify?: boolean }): Remote {
  const file = requireRemote(context, name);
  const before = urlOf(context.repo, name);
  // an address that is sent back as it was shown keeps the password that wasn't
  const change =
    given.url !== undefined && given.url !== before && given.url === maskCredentials(before) ? { ...given, url: before } : given;
  if (change.url !== undefined) requireRemoteUrl(change.url);
  const mirrored = change.url?.startsWith('metalink=');
  editRemoteFile(file, name, {
    ...(change.url === undefined
      ? {}
      : mirrored
        ? { metalink: change.url.slice('metalink='.length), url: undefined }
        : { url: change.url, metalink: undefined }),
    ...(change.gpgVerify === undefined ? {} : { 'gpg-verify': String(change.gpgVerify) }),
  });
  context.repo.reloadConfig();
  return describe(context, name);
}

/** Throws `remote.in-use` naming the deployments, unless `force`; `origin.remote-missing`. */
export function removeRemote(context: RemotesContext, name: string, force: boolean): { removed: string } {
  const file = requireRemote(context, name);
  const users = usedBy(context.sysroot, name);
  if (users.length > 0 && !force) throw new TreelineError('remote.in-use', { subject: name, detail: users.join(', ') });
  removeFromFile(file, name);
  for (const keyring of keyringFiles(context.sysroot.path, context.repo.path, name)) rmSync(keyring, { force: true });
  context.repo.reloadConfig();
  return { removed: name };
}

function requireRemote(context: RemotesContext, name: string): string {
  const file = context.repo.hasRemote(name) ? remoteFile(context.sysroot.path, context.repo.path, name) : undefined;
  if (file === undefined) throw new TreelineError('origin.remote-missing', { subject: name });
  return file;
}

/** What a key file holds, before anything is trusted. Throws `key.unreadable`. */
export function inspectKey(keyBase64: string, user: User | undefined, nowSeconds: number): RemoteKey[] {
  return readKeys(decodeKey(keyBase64), user, nowSeconds);
}

/** Trust all keys of a key file for a remote; returns them. Throws `key.unreadable`, `origin.remote-missing`. */
export function importKey(context: RemotesContext, name: string, keyBase64: string): RemoteKey[] {
  const file = requireRemote(context, name);
  const bytes = decodeKey(keyBase64);
  // read without privileges first: what isn't a public key never gets to libostree's gpg, which runs as root
  const keys = readKeys(bytes, context.user, context.now);
  const raw = ed25519Keys(bytes);
  if (!raw) context.importGpgKeys(name, bytes);
  else {
    const keyFile = path.join(context.repo.path, `${name}.trustedkeys.ed25519`);
    const before = existsSync(keyFile) ? (ed25519Keys(readRegularFile(keyFile)) ?? []) : [];
    atomicFile(keyFile, `${[...new Set([...before, ...raw])].join('\n')}\n`);
    // a key that nothing is checked with would be no trust at all; what is demanded already stays
    const demanded = tryDemandsOf(context.repo, name).demands?.commit.ed25519 ?? true;
    editRemoteFile(file, name, { 'verification-ed25519-file': keyFile, ...(demanded ? {} : { 'sign-verify': 'ed25519' }) });
    context.repo.reloadConfig();
  }
  return keys;
}
