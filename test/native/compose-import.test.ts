// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { treePath } from '../../main/engine/base/tree/tree-path.ts';
import type { ResolvedPackage } from '../../main/engine/base/ports/resolver.ts';
import { OstreePackageCache } from '../../main/native/ostree/package-cache.ts';
import { packageRef } from '../../main/native/ostree/package-ref.ts';
import { rpm } from '../../main/native/rpm/index.ts';
import type { TreelineError } from '../../shared/errors/index.ts';
import { makeRpms } from '../fixtures/make-rpm.ts';

const fixtures = fileURLToPath(new URL('../fixtures/rpms', import.meta.url));
let directory: string;
let cache: OstreePackageCache;

beforeAll(() => {
  // file capabilities need a file system that has them: not an overlay of a container, but tmpfs or a disk
  directory = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'treeline-import-'));
  cache = new OstreePackageCache(path.join(directory, 'cache'));
});
afterAll(() => {
  cache[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

function resolved(file: string): ResolvedPackage {
  const p = rpm.readPackage(file);
  const hex = createHash('sha256').update(readFileSync(file)).digest('hex');
  return {
    ...p,
    nevra: path.basename(file),
    repo: 'test',
    path: file,
    remote: false,
    downloadBytes: 0,
    digest: { algorithm: 'sha256', hex },
  };
}

/** Import and check out; returns the directory. */
function importAndCheckOut(file: string): string {
  const pkg = resolved(file);
  cache.importPackages([{ pkg, verifiedWith: '', ima: false }], rpm.readPackage, () => undefined);
  const target = path.join(directory, `out-${path.basename(file)}`);
  cache.checkout(cache.lookup(pkg)?.commit ?? '', target);
  return target;
}

interface DumpRow {
  readonly path: string;
  readonly size: number;
  readonly digest: string;
  readonly mode: number;
  readonly link: string;
}

/** rpm's own words about a package's files; ghosts aren't part of the payload. */
function dump(file: string): DumpRow[] {
  const query = '[%{FILENAMES}\t%{FILESIZES}\t%{FILEDIGESTS}\t%{FILEMODES}\t%{FILEFLAGS}\t%{FILELINKTOS}\n]';
  return execFileSync('rpm', ['-qp', '--nosignature', '--qf', query, file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .split('\n')
    .flatMap((line) => {
      const [name = '', size, digest = '', mode, flags, link = ''] = line.split('\t');
      return name === '' || name === '(none)' || Number(flags) & 64
        ? []
        : [{ path: name, size: Number(size), digest, mode: Number(mode) & 0xffff, link }];
    });
}

const algorithms: Record<number, string> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' };

/** Every file is where it belongs with rpm's mode, size, digest and target, owned by root with time 0; and nothing else is there. */
function compare(file: string, root: string): void {
  const rows = dump(file);
  const expected = new Set<string>();
  for (const row of rows) {
    const isLink = (row.mode & 0o170000) === 0o120000;
    const place = treePath(row.path, isLink);
    for (let parent = place; parent !== '.'; parent = path.dirname(parent)) expected.add(parent);
    const stats = lstatSync(path.join(root, place));
    expect([row.path, (stats.mode & 0xffff).toString(8)]).toEqual([row.path, row.mode.toString(8)]);
    expect([stats.uid, stats.gid]).toEqual([0, 0]);
    if (isLink) expect(readlinkSync(path.join(root, place))).toBe(row.link);
    if (stats.isFile()) {
      // OSTree has no times: files are of 1970 in every tree; libostree doesn't link empty files but makes new ones
      expect([stats.size, row.size > 0 ? stats.mtimeMs : 0]).toEqual([row.size, 0]);
      const digest = createHash(algorithms[row.digest.length] ?? '')
        .update(readFileSync(path.join(root, place)))
        .digest('hex');
      expect(digest).toBe(row.digest);
    }
  }
  expect(new Set(readdirSync(root, { recursive: true, encoding: 'utf8' }))).toEqual(expected);
}

const caps = (file: string): string => execFileSync('getcap', [file], { encoding: 'utf8' }).trim();

const expectedRefusals: Record<string, string> = { 'empty-0-0.src.rpm': 'source package' };

test.each(readdirSync(fixtures).filter((name) => name.endsWith('.rpm')))(
  '%s is imported as rpm describes it, or refused by name',
  (name) => {
    const file = path.join(fixtures, name);
    const refusal = expectedRefusals[name] ?? (name.startsWith('v6__') ? '07070X' : undefined);
    if (refusal === undefined) compare(file, importAndCheckOut(file));
    else {
      let report;
      try {
        importAndCheckOut(file);
      } catch (error) {
        report = (error as TreelineError).report;
      }
      expect(report).toMatchObject({ code: 'package.unsupported', subject: name });
      expect(report?.detail).toContain(refusal);
    }
  },
);

test('owners, modes, capabilities, hard links, links, ghosts and names of all kinds', () => {
  const [file = ''] = makeRpms(path.join(directory, 'packages'), [
    {
      name: 'kinds',
      files: {
        '/usr/bin/suid': { content: 's', mode: '4755' },
        '/usr/bin/sgid': { content: 'g', mode: '2711', user: 'bob', group: 'tty' },
        '/usr/bin/ping': { content: 'p', mode: '0755', caps: 'cap_net_raw=ep' },
        '/usr/bin/many': { content: 'm', mode: '0755', caps: 'cap_net_admin,cap_sys_admin=p' },
        '/usr/share/hard1': 'linked content',
        '/usr/share/hard2': { hardlinkTo: '/usr/share/hard1' },
        '/usr/share/hard3': { hardlinkTo: '/usr/share/hard1' },
        '/usr/share/empty': '',
        '/usr/share/sticky': { dir: true, mode: '1777' },
        '/usr/share/link': { symlink: '../nowhere/at all' },
        '/usr/share/with space & (parens)': 'x',
        '/usr/share/üñí/日本語': 'unicode',
        '/etc/conf': { content: 'c', directive: '%config(noreplace)', mode: '0600' },
        '/var/log/ghost': { content: 'ghost', directive: '%ghost' },
        '/lib/merged': 'm',
      },
    },
  ]);
  const root = importAndCheckOut(file);
  compare(file, root);
  const at = (name: string): string => path.join(root, name);
  expect(caps(at('usr/bin/ping'))).toMatch(/cap_net_raw=ep$/);
  expect(caps(at('usr/bin/many'))).toMatch(/cap_net_admin,cap_sys_admin=p$/);
  expect(caps(at('usr/bin/suid'))).toBe('');
  const inodes = ['usr/share/hard1', 'usr/share/hard2', 'usr/share/hard3'].map((name) => lstatSync(at(name)).ino);
  expect(new Set(inodes).size).toBe(1);
  expect(existsSync(at('var/log/ghost'))).toBe(false);
  expect(readFileSync(at('usr/lib/merged'), 'utf8')).toBe('m');
});

test.each(['gzdio', 'xzdio', 'zstdio', 'bzdio'])('a payload packed by %s', (io) => {
  const [file = ''] = makeRpms(path.join(directory, 'packages'), [
    { name: `packed-${io}`, files: { '/usr/share/x': 'content'.repeat(500) }, defines: { _binary_payload: `w5.${io}` } },
  ]);
  compare(file, importAndCheckOut(file));
});

test('names outside ASCII work in the C locale, which every process is in that doesn’t call setlocale (field report 3)', () => {
  const root = path.join(directory, 'out-kinds-1-1.noarch.rpm');
  expect(readdirSync(path.join(root, 'usr/share/üñí'))).toEqual(['日本語']);
  const env = { ...process.env, LC_ALL: 'C' };
  const listed = execFileSync('ostree', [`--repo=${cache.path}`, 'ls', '-R', '--nul-filenames-only', 'rpmostree/pkg/kinds/1-1.noarch'], {
    env,
  }).toString('utf8');
  expect(listed.split('\0')).toContain('/usr/share/üñí/日本語');
});

test('a damaged payload is refused by name and leaves nothing in the cache', () => {
  const [file = ''] = makeRpms(path.join(directory, 'packages'), [{ name: 'damaged', files: { '/usr/share/x': 'y'.repeat(3000) } }]);
  const bytes = readFileSync(file);
  execFileSync('truncate', ['-s', String(bytes.length - 30), file]);
  expect(() => importAndCheckOut(file)).toThrow(expect.objectContaining({ code: 'package.corrupt' }) as Error);
  expect(cache.repo.listRefs('rpmostree/pkg').has('rpmostree/pkg/damaged/1-1.noarch')).toBe(false);
});

test('devices are left out, fifos are refused', () => {
  const file = path.join(directory, 'packages');
  const [devices = '', fifo = ''] = makeRpms(file, [
    { name: 'device', files: { '/dev/file': 'f' }, rawFiles: ['%dev(c,1,3) %attr(0666,root,root) /dev/null2'] },
    {
      name: 'fifo',
      files: { '/usr/share/fifo/file': 'f' },
      tags: ['%global __spec_install_post mkfifo %%{buildroot}/usr/share/fifo/f'],
      rawFiles: ['/usr/share/fifo/f'],
    },
  ]);
  const out = importAndCheckOut(devices);
  expect(readdirSync(path.join(out, 'dev'))).toEqual(['file']);
  expect(() => importAndCheckOut(fifo)).toThrow(expect.objectContaining({ code: 'package.unsupported' }) as Error);
});

test('refs are escaped as rpm-ostree does', () => {
  expect(packageRef({ name: 'gcc-c++', epoch: 1, version: '12.2~rc1', release: '3^git_1', arch: 'x86_64' })).toBe(
    'rpmostree/pkg/gcc-c_2B_2B/1_3A12.2_7Erc1-3_5Egit__1.x86__64',
  );
});

test('the cache passes fsck', () => {
  execFileSync('ostree', [`--repo=${cache.path}`, 'fsck', '--quiet']);
});
