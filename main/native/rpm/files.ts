// SPDX-License-Identifier: LGPL-2.1-or-later
import { isUtf8 } from 'node:buffer';
import type { RpmFile } from '../../engine/base/ports/rpm.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { tag, type Header } from './header.ts';

const formatMask = 0o170000;
const regular = 0o100000;

/** Paths as raw bytes: directory name and base name, or the whole paths of packages from before rpm 4.0. */
function rawPaths(header: Header): Buffer[] {
  if (!header.has(tag.baseNames)) return header.texts(tag.oldFileNames);
  const dirs = header.texts(tag.dirNames);
  const indexes = header.numbers(tag.dirIndexes);
  return header.texts(tag.baseNames).map((base, i) => Buffer.concat([dirs[indexes[i] ?? -1] ?? Buffer.alloc(0), base]));
}

/** What can't be UTF-8 or can't be a path in a tree is refused here, so that nothing later writes outside of it. */
function checkedPath(raw: Buffer, subject: string): string {
  if (!isUtf8(raw)) throw new TreelineError('package.bad-file-name', { subject, detail: readable(raw) });
  const path = raw.toString('utf8');
  const components = path.split('/').slice(1);
  if (!path.startsWith('/') || (path !== '/' && components.some((c) => c === '' || c === '.' || c === '..')))
    throw new TreelineError('package.corrupt', { subject, detail: `it holds a file with the impossible path “${readable(raw)}”` });
  return path;
}

const longestShown = 200;

/** Bytes as text, with `\xNN` for what isn't printable ASCII; the beginning of a long one. */
export function readable(raw: Buffer): string {
  if (raw.length > longestShown) return `${readable(raw.subarray(0, longestShown))}…`;
  return [...raw].map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : `\\x${b.toString(16).padStart(2, '0')}`)).join('');
}

/** All files of a package in the order of its header. */
export function filesOf(header: Header): RpmFile[] {
  const paths = rawPaths(header).map((raw) => checkedPath(raw, header.subject));
  const modes = header.numbers(tag.fileModes);
  const users = header.strings(tag.fileUserName);
  const groups = header.strings(tag.fileGroupName);
  const sizes = header.has(tag.longFileSizes) ? header.numbers(tag.longFileSizes) : header.numbers(tag.fileSizes);
  const times = header.numbers(tag.fileMtimes);
  const links = header.texts(tag.fileLinkTos);
  const caps = header.strings(tag.fileCaps);
  const digests = header.strings(tag.fileDigests);
  const flags = header.numbers(tag.fileFlags);
  const inodes = header.numbers(tag.fileInodes);
  const devices = header.numbers(tag.fileDevices);
  const rdevs = header.numbers(tag.fileRdevs);
  const langs = header.strings(tag.fileLangs);
  const signatures = header.strings(tag.fileSignatures);
  const groupOf = linkGroups(modes, devices, inodes);
  return paths.map((path, i) => ({
    path,
    mode: modes[i] ?? 0,
    user: users[i] ?? 'root',
    group: groups[i] ?? 'root',
    sizeBytes: sizes[i] ?? 0,
    mtimeSeconds: times[i] ?? 0,
    linkTarget: linkTarget(links[i], header.subject),
    caps: caps[i] ?? '',
    digest: digests[i] ?? '',
    flags: flags[i] ?? 0,
    inode: inodes[i] ?? 0,
    device: devices[i] ?? 0,
    rdev: rdevs[i] ?? 0,
    nlink: groupOf[i]?.members ?? 1,
    linkGroup: groupOf[i]?.first ?? i,
    signature: signatures[i] ?? '',
    lang: langs[i] ?? '',
  }));
}

function linkTarget(raw: Buffer | undefined, subject: string): string {
  if (!raw || raw.length === 0) return '';
  if (!isUtf8(raw)) throw new TreelineError('package.bad-file-name', { subject, detail: readable(raw) });
  return raw.toString('utf8');
}

/** Regular files that share device and inode are one file (rpmfilesNlink); inode 0 means that the header doesn't say. */
function linkGroups(modes: number[], devices: number[], inodes: number[]): { first: number; members: number }[] {
  const groups = new Map<string, { first: number; members: number }>();
  return modes.map((mode, i) => {
    const inode = inodes[i] ?? 0;
    if ((mode & formatMask) !== regular || inode === 0) return { first: i, members: 1 };
    const key = `${devices[i] ?? 0}:${inode}`;
    const group = groups.get(key) ?? { first: i, members: 0 };
    group.members++;
    groups.set(key, group);
    return group;
  });
}
