// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Stands in each file of the machine. */
export const secret = 'SECRET-OF-THE-MACHINE';

/** Files of a tree by path; a path that ends with a slash is a directory, `-> x` a link. */
export type Files = Readonly<Record<string, string>>;

export function write(root: string, files: Files): void {
  mkdirSync(root, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const at = path.join(root, name);
    mkdirSync(name.endsWith('/') ? at : path.dirname(at), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), at);
    else if (!name.endsWith('/')) writeFileSync(at, text, { mode: /bin\//.test(name) ? 0o755 : 0o644 });
  }
}

/** Everything below a directory: what it is, which inode, whose, and what it holds. */
export function snapshot(directory: string): string {
  const lines: string[] = [];
  const visit = (at: string): void => {
    const stats = lstatSync(at);
    const content = stats.isFile()
      ? createHash('sha256').update(readFileSync(at)).digest('hex')
      : stats.isSymbolicLink()
        ? readlinkSync(at)
        : '';
    lines.push([at, stats.ino, stats.mode, stats.uid, stats.gid, stats.nlink, stats.size, stats.mtimeMs, content].join(' '));
    if (stats.isDirectory()) for (const name of readdirSync(at).sort()) visit(path.join(at, name));
  };
  visit(directory);
  return lines.join('\n');
}

/** True when some file below, or some link's text, holds the secret. Links aren't followed. */
export function holdsSecret(directory: string): boolean {
  return readdirSync(directory, { withFileTypes: true }).some((entry) => {
    const at = path.join(directory, entry.name);
    if (entry.isDirectory()) return holdsSecret(at);
    return entry.isFile() && lstatSync(at).size < 1 << 20 && readFileSync(at).includes(secret);
  });
}

/** A directory for trees, and beside it what stands for the machine's own files. */
export class HostileGround implements Disposable {
  readonly directory: string;
  readonly machine: string;
  readonly device: string;
  readonly pipe: string;
  #count = 0;

  constructor() {
    this.directory = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'treeline-hostile-'));
    this.machine = path.join(this.directory, 'machine');
    this.device = path.join(this.directory, 'device');
    this.pipe = path.join(this.directory, 'pipe');
    execFileSync('mknod', [this.device, 'c', '1', '5']);
    execFileSync('mkfifo', [this.pipe]);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }

  /** The machine's directory, with the same names as a tree, and the secret in each file. */
  machineLike(files: Files): void {
    rmSync(this.machine, { recursive: true, force: true });
    const secrets = Object.entries(files).map(([name, text]) => [
      name,
      text.startsWith('-> ') || name.endsWith('/') ? text : `${secret}:x:1000:1000::/:/bin/sh\n`,
    ]);
    write(this.machine, { ...Object.fromEntries(secrets), 'a-file': secret, 'a-directory/below': secret });
  }

  tree(files: Files): string {
    const root = path.join(this.directory, `tree-${this.#count++}`, 'root');
    write(root, files);
    return root;
  }

  /** What a hostile package may have at a path; each is put in the place of what is there. */
  plant(root: string, at: string, kind: HostileKind): void {
    const place = path.join(root, at);
    const below = kind.startsWith('above: ');
    const victim = below ? path.dirname(place) : place;
    if (victim === root) return;
    const twin = path.join(this.machine, path.relative(root, victim));
    const target = existsSync(twin)
      ? twin
      : path.join(this.machine, lstatSync(victim, { throwIfNoEntry: false })?.isDirectory() ? 'a-directory' : 'a-file');
    const wasDirectory = lstatSync(victim, { throwIfNoEntry: false })?.isDirectory() ?? false;
    rmSync(victim, { recursive: true, force: true });
    mkdirSync(path.dirname(victim), { recursive: true });
    const up = path.join('../'.repeat(victim.split('/').length + 2), target);
    switch (kind.replace('above: ', '') as PlainKind) {
      case 'absolute link':
        return symlinkSync(target, victim);
      case 'dotdot link':
        return symlinkSync(up, victim);
      case 'link chain':
        mkdirSync(path.join(root, 'lib32'), { recursive: true });
        symlinkSync('/lib32/second', path.join(root, 'lib32/first'));
        symlinkSync(up, path.join(root, 'lib32/second'));
        return symlinkSync(path.relative(path.dirname(victim), path.join(root, 'lib32/first')), victim);
      case 'link to the machine’s root':
        return symlinkSync(path.join('/proc/self/root', target), victim);
      case 'link to itself':
        return symlinkSync(path.basename(victim), victim);
      case 'pipe':
        return linkSync(this.pipe, victim);
      case 'device':
        return linkSync(this.device, victim);
      case 'huge file': {
        const fd = openSync(victim, 'w');
        ftruncateSync(fd, 2 ** 40);
        return closeSync(fd);
      }
      case 'other kind':
        if (wasDirectory) return writeFileSync(victim, 'a file');
        mkdirSync(path.join(victim, 'inside'), { recursive: true });
        return writeFileSync(path.join(victim, 'inside/file'), 'below a directory');
    }
  }
}

export const plainKinds = [
  'absolute link',
  'dotdot link',
  'link chain',
  'link to the machine’s root',
  'link to itself',
  'pipe',
  'device',
  'huge file',
  'other kind',
] as const;
type PlainKind = (typeof plainKinds)[number];
export const aboveKinds = [
  'above: absolute link',
  'above: dotdot link',
  'above: link chain',
  'above: link to the machine’s root',
  'above: other kind',
  'above: pipe',
] as const;
export type HostileKind = PlainKind | (typeof aboveKinds)[number];
