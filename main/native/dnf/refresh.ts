// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import { privateDirectory, readRegularFile } from '../../files/index.ts';
import { isLocal } from '../../engine/base/package-repos/repo-definition.ts';
import type { RepoDefinition } from '../../engine/base/ports/resolver.ts';
import { Handle, type Pointer } from '../core/index.ts';
import { withFileSizeLimit } from '../linux/file-size-limit.ts';
import { downloadAddress, downloadIndex, mirrorsOf, setOption } from './librepo.ts';
import type { DownloadLimits } from './limits.ts';
import { repo, state } from './raw.ts';
import { filesOf, type MetadataFile } from './repomd.ts';

export interface Refreshing {
  readonly definition: RepoDefinition;
  /** The repository's DnfRepo. */
  readonly item: Pointer;
  /** The cache's directory for metadata. */
  readonly metadata: string;
  /** The cache's directory for what is on its way; emptied. */
  readonly incoming: string;
  /** Where lists of mirrors are kept. */
  readonly mirrors: string;
  readonly releasever: string;
  readonly limits: DownloadLimits;
}

/**
 * Bring the metadata of a repository on the network up to date. repomd.xml comes first and alone: it says how large the other files are, and nothing is written
 * beyond that (or beyond `limits`). Metadata that is here already isn't fetched again. Throws rpmmd.too-large, rpmmd.corrupt, rpmmd.unreachable, disk.full.
 */
export function refresh(refreshing: Refreshing): void {
  const { definition, item, metadata, incoming, mirrors, limits } = refreshing;
  clear(incoming);
  try {
    if (definition.metalink ?? definition.mirrorlist) takeMirrors(refreshing);
    bounded(
      definition,
      limits.indexBytes,
      () => 'repomd.xml',
      () => downloadIndex(repo.handle(item) as Pointer, incoming),
    );
    const index = readRegularFile(path.join(incoming, 'repodata/repomd.xml'), { limitBytes: limits.indexBytes });
    if (isUpToDate(item, index)) return;
    const files = filesOf(index.toString());
    const sizes = files.map((file) => Math.min(file.bytes ?? limits.metadataBytes, limits.metadataBytes));
    // the list of mirrors is read as a download, too
    const limitBytes = Math.max(index.length, largestList(mirrors), ...(files.length === 0 ? [limits.metadataBytes] : sizes));
    using updating = new Handle(state.create(), 'DnfState');
    bounded(
      definition,
      limitBytes,
      (words) => blamed(files, words),
      () => repo.update(item, 0, updating.pointer),
    );
  } finally {
    rmSync(incoming, { recursive: true, force: true });
    // libdnf leaves it when a server went back
    removeUnfinished(metadata);
  }
}

/** What is in the cache is what the server has, and whole. */
function isUpToDate(item: Pointer, index: Buffer): boolean {
  try {
    const known = readRegularFile(path.join(String(repo.location(item)), 'repodata/repomd.xml'));
    if (!known.equals(index)) return false;
    using checking = new Handle(state.create(), 'DnfState');
    repo.check(item, 0xffffffff, checking.pointer);
    return true;
  } catch {
    return false;
  }
}

/**
 * The list of mirrors is fetched once, and libdnf reads the copy: what was looked at is what is used. A list from the network may name servers only, no
 * files of this machine.
 */
function takeMirrors({ definition, item, incoming, mirrors, releasever, limits }: Refreshing): void {
  const given = definition.metalink ?? definition.mirrorlist ?? '';
  // as libdnf tells the two apart
  const option = definition.metalink !== undefined || given.includes('metalink') ? 'metalink' : 'mirrorlist';
  const copy = path.join(mirrors, `${definition.id}.${option}`);
  const handle = repo.handle(item) as Pointer;
  const address = given.replace(/\$(?:releasever\b|\{releasever\})/g, releasever);
  mkdirSync(mirrors, { recursive: true });
  bounded(
    definition,
    limits.indexBytes,
    () => option,
    () => {
      const fd = openSync(copy, 'w+', 0o600);
      try {
        downloadAddress(handle, address.replace(/^\//, 'file:///'), fd);
      } finally {
        closeSync(fd);
      }
    },
  );
  setOption(handle, option === 'metalink' ? 'metalinkAddress' : 'mirrorListAddress', `file://${copy}`);
  setOption(handle, 'destination', incoming);
  const wrong = mirrorsOf(handle).find((mirror) => !/^(https?|ftp):\/\//i.test(mirror));
  if (!isLocal(given) && wrong !== undefined)
    throw new TreelineError('rpmmd.corrupt', {
      subject: definition.id,
      detail: `its ${option} comes from the network, and names ${JSON.stringify(wrong)}, which isn’t on it`,
    });
  repo.setData(item, option, `file://${copy}`);
}

/** Download with a limit; what fails names the repository. `name`: of the file at fault, given the library's words. */
function bounded(definition: RepoDefinition, limitBytes: number, name: (words: string) => string, run: () => unknown): void {
  const { exceeded, outcome } = withFileSizeLimit(limitBytes, run);
  let failure: unknown;
  try {
    outcome();
    // librepo may not notice that the end is missing
    if (!exceeded) return;
  } catch (error) {
    failure = error;
  }
  if (failure !== undefined && !(failure instanceof TreelineError)) throw failure;
  const { code, ...report }: ErrorReport = failure?.report ?? { code: 'rpmmd.unreachable' };
  const where = { ...report, subject: definition.id };
  if (exceeded) {
    const facts = { name: name(report.detail ?? ''), limitBytes };
    throw new TreelineError('rpmmd.too-large', { ...where, facts }, { cause: failure });
  }
  if (code === 'disk.full') throw failure;
  throw new TreelineError(code === 'internal.unexpected' ? 'rpmmd.unreachable' : code, where, { cause: failure });
}

const blamed = (files: readonly MetadataFile[], words: string): string =>
  files.find(({ name }) => name !== '' && words.includes(name))?.name ?? 'repodata';

/** Where copies of lists of mirrors lie in a cache. */
export const mirrorsIn = (cachedir: string): string => path.join(cachedir, 'mirrors');

/** Bytes of the largest list of mirrors that is kept. */
export const largestList = (mirrors: string): number =>
  existsSync(mirrors) ? Math.max(0, ...readdirSync(mirrors).map((name) => statSync(path.join(mirrors, name)).size)) : 0;

function clear(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  privateDirectory(directory);
}

/** Remove what a process that ended meanwhile has left of metadata on its way. */
export function removeUnfinished(metadata: string): void {
  for (const name of readdirSync(metadata)) if (name.endsWith('.tmp')) rmSync(path.join(metadata, name), { recursive: true, force: true });
}
