// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;
const day = 24 * 3600;

beforeAll(() => {
  f = new ComposeFixture();
  f.add(
    filesystemPackage,
    { name: 'kept', files: { '/usr/share/kept': 'kept\n' } },
    { name: 'old', files: { '/usr/share/old': 'old\n', '/usr/share/same': 'kept\n' } },
    { name: 'recent', files: { '/usr/share/recent': 'recent\n' } },
  );
});
afterAll(() => f.dispose());

const cache = (): string => path.join(f.cachedir, 'pkgcache-repo');
const refs = (): string[] =>
  execFileSync('ostree', [`--repo=${cache()}`, 'refs'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .sort();
const refFile = (ref: string): string => path.join(cache(), 'refs/heads', ref);
function age(file: string, days: number): void {
  const then = Date.now() / 1000 - days * day;
  utimesSync(file, then, then);
}

test('what no compose took for 30 days leaves the cache; the rest stays whole, and what is needed again is imported again', async () => {
  const both = f.treefile('packages: [filesystem, kept, old, recent]\n', 'all.yaml');
  await f.compose(both);
  const [old, recent, kept] = ['old', 'recent', 'kept'].map((name) => `rpmostree/pkg/${name}/1-1.noarch`) as [string, string, string];
  expect(refs()).toEqual(expect.arrayContaining([old, recent, kept]));
  const downloads = path.join(f.cachedir, 'packages');
  mkdirSync(downloads, { recursive: true });
  for (const [name, days] of Object.entries({ 'ancient.rpm': 40, 'new.rpm': 20, 'notes.txt': 40 })) {
    writeFileSync(path.join(downloads, name), 'x');
    age(path.join(downloads, name), days);
  }
  age(refFile(old), 31);
  age(refFile(recent), 29);
  age(refFile(kept), 31);
  const before = statSync(cache()).ino;

  await f.compose(f.treefile('packages: [filesystem, kept]\nref: test/x86_64/small\n', 'small.yaml'));
  expect(f.messages.filter((text) => text.startsWith('Removed from the cache'))).toHaveLength(1);
  expect(refs()).not.toContain(old);
  expect(refs()).toEqual(expect.arrayContaining([recent, kept]));
  expect(Date.now() / 1000 - statSync(refFile(kept)).mtimeMs / 1000).toBeLessThan(day);
  expect(readdirSync(downloads).sort()).toEqual(['new.rpm', 'notes.txt']);
  f.fsck(cache());
  // a file that an old and a kept package share is still there
  expect(execFileSync('ostree', [`--repo=${cache()}`, 'cat', kept, '/usr/share/kept'], { encoding: 'utf8' })).toBe('kept\n');

  const again = await f.compose(both, { noParent: true });
  expect([statSync(cache()).ino, existsSync(refFile(old)), again.imported]).toEqual([before, true, 1]);
  f.fsck(cache());
  expect(f.list(again.checksum).has('/usr/share/old')).toBe(true);
  expect(f.messages.some((text) => text.startsWith('Removed from the cache'))).toBe(false);
});

test('a layer whose removal was interrupted is copied again, whole', async () => {
  const content = path.join(f.directory, 'layer/usr/share/layer');
  mkdirSync(content, { recursive: true });
  writeFileSync(path.join(content, 'file'), 'from the layer\n');
  const layer = f.ostree(
    'commit',
    '--branch=layers/one',
    '--owner-uid=0',
    '--owner-gid=0',
    `--tree=dir=${path.join(f.directory, 'layer')}`,
  );
  const treefile = f.treefile('packages: [filesystem]\nostree-layers: [layers/one]\nref: test/x86_64/layered\n', 'layered.yaml');
  await f.compose(treefile);
  // its ref goes first, then its objects in any order
  rmSync(refFile(`treeline/layer/${layer}`));
  const objects = execFileSync('ostree', [`--repo=${cache()}`, 'ls', '-C', layer, '/usr/share/layer/file'], { encoding: 'utf8' });
  const checksum = /[0-9a-f]{64}/.exec(objects)?.[0] ?? '';
  rmSync(path.join(cache(), 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.file`));
  const again = await f.compose(treefile, { noParent: true, forceNocache: true });
  expect(f.cat('/usr/share/layer/file', again.checksum)).toBe('from the layer\n');
  f.fsck(cache());
});

test('nobody else gets at a package’s setuid program while or after it is composed, also not in a cache of an earlier version', async () => {
  f.add({ name: 'setuid', files: { '/usr/bin/setuid': { content: '#!/bin/sh\n', mode: '4755' } } });
  const [cachedir, workdir] = [path.join(f.directory, 'open-cache'), path.join(f.directory, 'open-work')];
  mkdirSync(cachedir);
  mkdirSync(workdir);
  // as earlier versions left it
  execFileSync('ostree', [`--repo=${path.join(cachedir, 'pkgcache-repo')}`, 'init', '--mode=bare']);
  for (const directory of [f.directory, cachedir, workdir, path.join(cachedir, 'pkgcache-repo')]) chmodSync(directory, 0o755);
  /** What an ordinary user finds below a directory that belongs to a setuid program. */
  const found = (directory: string): string[] => {
    const words = ['--reuid=65534', '--regid=65534', '--clear-groups', 'find', directory, '-perm', '-4000'];
    return spawnSync('setpriv', words, { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line !== '');
  };
  const control = path.join(f.directory, 'control');
  mkdirSync(control);
  execFileSync('install', ['-m', '4755', '/bin/true', path.join(control, 'program')]);
  expect(found(control)).toHaveLength(1);
  const seen: string[][] = [];
  const treefile = f.treefile('packages: [filesystem, setuid]\nref: test/x86_64/setuid\n', 'setuid.yaml');
  await f.compose(treefile, { cachedir, workdir }, () => seen.push(found(cachedir), found(workdir)));
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.flat()).toEqual([]);
  expect(found(cachedir)).toEqual([]);
  expect(statSync(cachedir).mode & 0o777).toBe(0o700);
  // root finds it: the look was at the right place
  expect(execFileSync('find', [cachedir, '-perm', '-4000'], { encoding: 'utf8' })).not.toBe('');
  expect(f.list('test/x86_64/setuid').get('/usr/bin/setuid')).toContain('-04755');
});

test('a directory of others that is given as the cache keeps its mode', async () => {
  const shared = path.join(f.directory, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  await f.compose(f.treefile('packages: [filesystem]\nref: test/x86_64/shared\n', 'shared.yaml'), { cachedir: shared });
  await f.compose(f.treefile('packages: [filesystem]\nref: test/x86_64/shared2\n', 'shared.yaml'), { cachedir: shared });
  expect(statSync(shared).mode & 0o7777).toBe(0o1777);
  expect(statSync(path.join(shared, 'pkgcache-repo')).mode & 0o777).toBe(0o700);
});
