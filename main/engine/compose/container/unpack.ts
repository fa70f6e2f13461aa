// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { bubblewrap, checkSpace } from '../../base/sandbox/bubblewrap.ts';
import { openScriptFilter } from '../../base/sandbox/sandbox.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { SystemPort } from '../../base/ports/compose-store.ts';
import type { ReadAttributes } from '../../base/ports/container.ts';
import { Tree } from '../../base/tree/index.ts';
import type { Manifest, OciDirectory } from '../../images/oci.ts';
import { repoPath } from '../../images/repo-path.ts';
import { verifyBlob } from '../../images/verify-blob.ts';

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';
const hourMs = 3_600_000;
const listBytes = 256 << 20;
/** What a tree keeps of its files' attributes; labels come from its SELinux policy. */
const isKept = (name: string): boolean => name.startsWith('user.') || name === 'security.capability';

export type UnpackSystem = Pick<SystemPort, 'sealDescriptors' | 'writeScriptFilter'>;

/**
 * The root file system of an image: its layers over one another, as a container sees it, in an empty directory. tar runs in a sandbox in which nothing
 * but this directory can be written: a layer may hold links that lead out of it. Throws repo.corrupt, disk.full, compose.sandbox, library.missing.
 */
export async function unpackImage(
  oci: OciDirectory,
  manifest: Manifest,
  root: string,
  context: JobContext,
  system: UnpackSystem,
): Promise<void> {
  mkdirSync(root, { mode: 0o755 });
  for (const [i, { digest }] of manifest.layers.entries()) {
    context.progress({
      step: 'unpack',
      stepIndex: 0,
      stepCount: 3,
      fraction: i / manifest.layers.length,
      itemsDone: i,
      itemsTotal: manifest.layers.length,
    });
    const blob = oci.blobPath(digest);
    await verifyBlob(blob, digest);
    makeRoomIn(root, listLayer(blob, digest));
    extract(blob, digest, root, system);
  }
}

/** Names in a layer; those of directories end with a slash. */
function listLayer(blob: string, digest: string): string[] {
  // latin1: a character for each byte of a name, whatever they mean
  const args = ['--list', '--quoting-style=escape', '--file', blob];
  const result = spawnSync('tar', args, { encoding: 'latin1', maxBuffer: listBytes, env: { ...process.env, LC_ALL: 'C' } });
  if (result.error) throw new TreelineError('library.missing', { subject: 'tar', detail: result.error.message, facts: { install: 'tar' } });
  if (result.status !== 0) throw corrupt(digest, result.stderr.split('\n'));
  return result.stdout
    .split('\n')
    .filter((name) => name !== '')
    .map(unescape);
}

const controls: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** A name as GNU tar's quoting style `escape` writes it: `\\`, `\n` and the like, and bytes as three octal digits. */
function unescape(text: string): string {
  const bytes = text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : code in controls ? String.fromCharCode(controls[code] ?? 0) : code,
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const corrupt = (digest: string, lines: readonly string[]): TreelineError =>
  new TreelineError('repo.corrupt', {
    subject: digest,
    detail: lines
      .filter((line) => line !== '')
      .slice(-3)
      .join(' | '),
  });

function makeRoomIn(root: string, names: readonly string[]): void {
  using tree = new Tree(root);
  makeRoom(tree, names);
}

/** Remove what a layer says is gone (whiteouts of the OCI image format), and directories that it has a file for. */
export function makeRoom(tree: Tree, names: readonly string[]): void {
  for (const name of names) {
    const base = path.posix.basename(name);
    const parent = tree.find('unpacked', path.posix.dirname(name));
    if (!parent?.stats.isDirectory() || base === '' || base === '.' || base === '..') continue;
    const inside = (each: string): string => (parent.path === '' ? each : `${parent.path}/${each}`);
    if (base === opaque) {
      // a file or a link that was there before makes room when the layer's directory comes
      tree.empty('unpacked', parent.path);
    } else if (base.startsWith(whiteout)) {
      const gone = base.slice(whiteout.length);
      if (gone !== '' && gone !== '.' && gone !== '..') tree.remove('unpacked', inside(gone));
    } else if (!name.endsWith('/') && tree.look('unpacked', inside(base))?.isDirectory()) tree.remove('unpacked', inside(base));
  }
}

/** Where tar finds the layer and the directory: nothing else of the machine but its programs is there. */
const [layerPlace, rootPlace] = ['/layer', '/unpacked'];

function extract(blob: string, digest: string, root: string, system: UnpackSystem): void {
  const filter = openScriptFilter(path.dirname(root), system);
  try {
    system.sealDescriptors();
    const result = bubblewrap(
      [
        ...['tar', '--extract', '--file', layerPlace, '--numeric-owner', '--same-owner', '--directory', rootPlace],
        ...['--preserve-permissions', '--xattrs', '--xattrs-include=security.capability', '--xattrs-include=user.*'],
        // device nodes can't be part of a commit, and the sandbox makes none
        ...[`--exclude=${whiteout}*`, '--anchored', '--exclude=dev/*', '--exclude=./dev/*'],
      ],
      {
        filter,
        mounts: ['--ro-bind', blob, layerPlace, '--bind', root, rootPlace],
        environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
      },
      undefined,
      hourMs,
    );
    checkSpace(result, digest, root);
    if (result.status !== 0) throw corrupt(digest, result.output);
  } finally {
    closeSync(filter);
  }
}

/**
 * In layers made of an OSTree commit the files' attributes lie in the repository that they hold, and the files are links to its objects: give them back.
 * Files that later layers replaced are no such links any more.
 */
export function restoreAttributes(tree: Tree, read: ReadAttributes): void {
  const objects = `${repoPath}/objects`;
  if (tree.find('attributes', objects)?.path !== objects) return;
  for (const prefix of tree.names('attributes', objects)) {
    const directory = `${objects}/${prefix}`;
    if (!tree.look('attributes', directory)?.isDirectory()) continue;
    for (const name of tree.names('attributes', directory).filter((each) => each.endsWith('.file-xattrs-link'))) {
      const link = `${directory}/${name}`;
      const file = link.replace(/\.file-xattrs-link$/, '.file');
      if (!tree.look('attributes', file)?.isFile() || !tree.look('attributes', link)?.isFile()) continue;
      const bytes = tree.read('attributes', link);
      for (const [key, value] of bytes ? read(bytes) : []) if (isKept(key)) tree.setAttribute('attributes', file, key, value);
    }
  }
}
