// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import { atomicFile, readRegularFile } from '../../files/index.ts';
import { PayloadError, UnpackedFile } from '../archive/reader.ts';
import type { Pointer } from '../core/index.ts';
import { compressorOf } from './compressors.ts';
import type { DownloadLimits } from './limits.ts';
import { damageOfModules } from './modules.ts';
import { repo } from './raw.ts';
import { filesOf } from './repomd.ts';

/** What libsolv and libmodulemd unpack into memory. */
const kinds = ['primary', 'filelists', 'updateinfo', 'modules'] as const;
type Kind = (typeof kinds)[number];

/** Without it, the reader took the rest of the file for nothing. */
const ends: Partial<Readonly<Record<Kind, RegExp>>> = { updateinfo: /(?:<\/updates\s*>|<updates(?:\s[^>]*)?\/>)\s*(?:<!--[^]*?-->\s*)*$/ };
const tailBytes = 4096;

/**
 * Look through a repository's metadata before a library unpacks it in memory: each file is unpacked in small pieces, up to what repomd.xml says it unpacks to, and
 * up to the limits. What was looked through once isn't again, as long as nothing of it changed. Throws rpmmd.too-large and rpmmd.corrupt naming repository and
 * file.
 */
export function requireBounded(item: Pointer, judgedDirectory: string, limits: DownloadLimits): void {
  const id = String(repo.id(item));
  const files = kinds.flatMap((kind) => {
    const file = repo.metadataFile(item, kind) as string | null;
    return file === null ? [] : [{ kind, file }];
  });
  const index = path.join(path.dirname(files[0]?.file ?? ''), 'repomd.xml');
  const said = existsSync(index) ? readRegularFile(index, { limitBytes: limits.indexBytes }) : Buffer.alloc(0);
  const state = stateOf(
    said,
    files.map((each) => each.file),
    limits,
  );
  const stamp = path.join(judgedDirectory, id);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  const listed = filesOf(said.toString());
  for (const { kind, file } of files) {
    const name = path.basename(file);
    lookThrough({ id, kind, file, name, unpackedBytes: listed.find((each) => each.name === name)?.unpackedBytes, limits });
  }
  mkdirSync(judgedDirectory, { recursive: true });
  atomicFile(stamp, state);
}

/** Changes with each file. */
function stateOf(index: Buffer, files: readonly string[], limits: DownloadLimits): string {
  const facts = files.map((file) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [file, dev, ino, size, mtimeNs, ctimeNs].map(String);
  });
  return createHash('sha256')
    .update(index)
    .update(JSON.stringify([facts, limits]))
    .digest('hex');
}

interface Looking {
  readonly id: string;
  readonly kind: Kind;
  readonly file: string;
  readonly name: string;
  /** As repomd.xml says. */
  readonly unpackedBytes: number | undefined;
  readonly limits: DownloadLimits;
}

function lookThrough({ id, kind, file, name, unpackedBytes, limits }: Looking): void {
  const allowed = Math.min(limits.unpackedBytes, Math.max(limits.anyRatioBytes, statSync(file).size * limits.ratio));
  const limitBytes = Math.min(allowed, unpackedBytes ?? allowed);
  const damaged = (detail: string): TreelineError => new TreelineError('rpmmd.corrupt', { subject: id, detail: `${name}: ${detail}` });
  const buffer = Buffer.allocUnsafe(1 << 17);
  let total = 0;
  let tail = Buffer.alloc(0);
  const kept: Buffer[] = [];
  try {
    using unpacked = new UnpackedFile(file, 0, compressorOf(name));
    for (let count = unpacked.read(buffer); count > 0; count = unpacked.read(buffer)) {
      total += count;
      if (total > limitBytes)
        throw new TreelineError('rpmmd.too-large', { subject: id, facts: { name: `${name}, unpacked,`, limitBytes } });
      if (kind === 'modules') kept.push(Buffer.from(buffer.subarray(0, count)));
      if (ends[kind]) tail = Buffer.concat([tail, buffer.subarray(0, count)]).subarray(-tailBytes);
    }
  } catch (error) {
    if (error instanceof PayloadError) throw damaged(error.message);
    throw error;
  }
  if (ends[kind] && !ends[kind].test(tail.toString())) throw damaged('it ends in the middle');
  // libdnf leaves out what it can't read, and shows what that would hide; of some mistakes the process ends
  const damage = kind === 'modules' ? damageOfModules(Buffer.concat(kept).toString()) : undefined;
  if (damage !== undefined) throw damaged(damage);
}
