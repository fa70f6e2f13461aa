// SPDX-License-Identifier: LGPL-2.1-or-later
import { earlierThanParent } from '../../main/engine/compose/build/parent-time.ts';
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { mutateOsRelease } from '../../main/engine/compose/build/os-release.ts';
import { splitPasswd } from '../../main/engine/compose/build/passwd-split.ts';
import { parseEntries, UserDatabase } from '../../main/engine/compose/build/passwd.ts';
import { applySysusers } from '../../main/engine/compose/build/sysusers.ts';
import { canBePath, directoriesIn, tmpfilesLine } from '../../main/engine/compose/build/tmpfiles.ts';
import { meets } from '../../main/engine/compose/build/triggers.ts';
import type { RpmPackage } from '../../main/engine/base/ports/rpm.ts';
import { treePath } from '../../main/engine/base/tree/tree-path.ts';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { expandDate, nextVersion } from '../../main/engine/compose/treefile/version.ts';

const noon = Date.UTC(2026, 2, 2, 12) / 1000;

describe('version', () => {
  test.each([
    ['43', undefined, '43'],
    ['43', '42.7', '43'],
    ['43', '43', '43.1'],
    ['43', '43.1', '43.2'],
    ['43', '43.9', '43.10'],
    ['43', '43.99999999999999999999', '43.100000000000000000000'],
    ['4', '43.2', '4'],
    ['43.<date:%Y%m%d>', undefined, '43.20260302.0'],
    ['43.<date:%Y%m%d>', '43.20260302.0', '43.20260302.1'],
    ['43.<date:%Y%m%d>', '43.20260301.5', '43.20260302.0'],
    ['43', '43.x', '43'],
  ])('after %s comes for last %s: %s', (prefix, last, next) => expect(nextVersion(prefix, '.', last, noon)).toBe(next));

  test('the suffix is kept, dates are in UTC', () => {
    expect(nextVersion('43', '-', '43-1', noon)).toBe('43-2');
    expect(expandDate('<date:%y.%j-%H%M%S%%>', noon)).toBe('26.061-120000%');
  });
});

const odd = [
  '/var/opt/Some VPN',
  '/var/a"b',
  "/var/a'b",
  '/var/back\\slash',
  '/var/per%cent %h',
  '/var/tab\there',
  '/var/#hash',
  '/var/über',
];

test.each(odd)('tmpfiles.d: systemd makes exactly %j (field report 2)', (name) => {
  const root = mkdtempSync(path.join(tmpdir(), 'tmpfiles-'));
  try {
    mkdirSync(path.join(root, 'usr/lib/tmpfiles.d'), { recursive: true });
    mkdirSync(path.join(root, 'var/opt'), { recursive: true });
    const link = ` /usr/lib/opt/${name.slice(5)}\n `;
    const lines = tmpfilesLine({ type: 'd', path: name, mode: 0o750 }) + tmpfilesLine({ type: 'L', path: `${name}.link`, argument: link });
    writeFileSync(path.join(root, 'usr/lib/tmpfiles.d/t.conf'), lines);
    const made = spawnSync('systemd-tmpfiles', ['--root', root, '--create', 't.conf'], { encoding: 'utf8' });
    expect(made.stderr).toBe('');
    expect(lstatSync(path.join(root, name)).mode & 0o7777).toBe(0o750);
    expect(readlinkSync(path.join(root, `${name}.link`))).toBe(link);
    expect(directoriesIn(lines)).toEqual([{ path: name, mode: 0o750 }]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a line break in a path is refused', () => {
  expect(['/a\nb', '/a\rb', '/a b"'].map(canBePath)).toEqual([false, false, true]);
});

test('os-release: the version is added, the release replaced as a whole word', () => {
  const text = 'NAME=X\nVERSION="43 (Fern)"\nVERSION_ID=43\nPRETTY_NAME="X 43 (Fern)"\nOSTREE_VERSION=\'old\'\n';
  expect(mutateOsRelease(text, '43.2', '43')).toBe(
    'NAME=X\nVERSION="43.2 (Fern)"\nVERSION_ID=43\nPRETTY_NAME="X 43.2 (Fern)"\nOSTREE_VERSION=\'43.2\'\n',
  );
  expect(mutateOsRelease('VERSION="143"', '1', '43')).toBe('VERSION="143"\nOSTREE_VERSION=\'1\'\n');
  expect(mutateOsRelease('A=1', "it's", undefined)).toBe("A=1\nOSTREE_VERSION='it'\\''s'\n");
});

test.each([
  ['/etc/x', false, 'usr/etc/x'],
  ['./bin/sh', false, 'usr/bin/sh'],
  ['/bin', true, 'bin'],
  ['/bin', false, 'usr/bin'],
  ['/lib64/ld.so', true, 'usr/lib64/ld.so'],
  ['/library', false, 'library'],
  ['/usr/bin/x', false, 'usr/bin/x'],
])('%s goes to the tree’s place', (name, link, place) => expect(treePath(name, link)).toBe(place));

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'tree-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

test('passwd and group are split as nss-altfiles reads them', () => {
  const root = tree({
    'usr/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nbin:x:1:1::/bin:/sbin/nologin\n',
    'usr/etc/group': 'root:x:0:\nwheel:x:10:\nbin:x:1:\n',
    'usr/etc/shadow': 'root:!:1::::::\nbin:*:1::::::\n',
    'usr/etc/passwd-': 'old',
    'usr/etc/nsswitch.conf': 'passwd: files systemd\ngroup:  files\nhosts: files dns\n',
    'usr/lib/passwd': 'old:x:7:7::/:/sbin/nologin\n',
    'usr/lib64/libnss_altfiles.so.2': '',
  });
  using inside = new Tree(root);
  splitPasswd(inside, ['wheel'], () => undefined);
  const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
  expect(read('usr/etc/passwd')).toBe('root:x:0:0:root:/root:/bin/bash\n');
  expect(read('usr/lib/passwd')).toBe('bin:x:1:1::/bin:/sbin/nologin\nold:x:7:7::/:/sbin/nologin\n');
  expect(read('usr/etc/group')).toBe('root:x:0:\nwheel:x:10:\n');
  expect(read('usr/lib/group')).toBe('bin:x:1:\n');
  expect(read('usr/etc/shadow')).toBe('root:!:1::::::\n');
  expect(read('usr/etc/nsswitch.conf')).toBe('passwd: files altfiles systemd\ngroup:  files altfiles\nhosts: files dns\n');
  expect(lstatSync(path.join(root, 'usr/etc/passwd-'), { throwIfNoEntry: false })).toBeUndefined();
  rmSync(root, { recursive: true });
});

test('where users move to usr/lib, nsswitch.conf looks there, whatever packages brought', () => {
  const written = (brought?: string): string => {
    const root = tree({
      'usr/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
      'usr/lib64/libnss_altfiles.so.2': '',
      ...(brought === undefined ? {} : { 'usr/etc/nsswitch.conf': brought }),
    });
    using inside = new Tree(root);
    splitPasswd(inside, [], () => undefined);
    const text = readFileSync(path.join(root, 'usr/etc/nsswitch.conf'), 'utf8');
    rmSync(root, { recursive: true });
    return text;
  };
  expect(written()).toBe('passwd: files altfiles\ngroup: files altfiles\n');
  expect(written('# mine\nhosts: files dns')).toBe('# mine\nhosts: files dns\npasswd: files altfiles\ngroup: files altfiles\n');
  expect(written('passwd:  compat systemd\n\ngroup: sss\n')).toBe('passwd:  compat altfiles systemd\n\ngroup: sss altfiles\n');
  expect(written('passwd: files altfiles\ngroup: files [SUCCESS=merge] altfiles\n')).toBe(
    'passwd: files altfiles\ngroup: files [SUCCESS=merge] altfiles\n',
  );
});

test('ids of the previous commit stay; another id for the same name is a conflict', () => {
  const root = tree({
    'usr/etc/passwd': 'root:x:0:0::/:/bin/sh\n',
    'usr/lib/sysusers.d/a.conf': '# c\nu one - "One User" /var/one\ng grp 55\nu two 60:grp\nm two wheel\nu! three - - -\n',
  });
  using inside = new Tree(root);
  const users = new UserDatabase(inside);
  users.preserve('passwd', parseEntries('one:x:998:998::/:/x\n'));
  users.preserve('group', parseEntries('root:x:0:\none:x:998:\n'));
  applySysusers(inside, users, () => undefined);
  const ids = Object.fromEntries(users.entries('passwd').map((e) => [e.name, e.fields.slice(2, 4).join(':')]));
  expect(ids).toEqual({ root: '0:0', one: '998:998', two: '60:55', three: '999:999' });
  expect(users.entries('group').find((e) => e.name === 'wheel')?.fields[3]).toBe('two');
  expect(() => users.preserve('passwd', parseEntries('two:x:61:61::/:/x\n'))).toThrow(
    expect.objectContaining({ code: 'compose.user-conflict' }) as Error,
  );
  rmSync(root, { recursive: true });
});

test.each([
  ['', 0, true],
  ['1:2.0-3', 8, true],
  ['1:2.0', 8, true],
  ['2.0', 8, false],
  ['1:1.9', 4, true],
  ['1:2.0', 4, false],
  ['1:2.0-4', 2, true],
  ['1:2.0~rc1', 4 | 8, true],
  ['1:2.0-3', 2 | 8, true],
])('a trigger about target %s with flags %i fires for 1:2.0-3: %s', (version, flags, fires) => {
  const pkg = { name: 'target', epoch: 1, version: '2.0', release: '3' } as RpmPackage;
  expect(meets(pkg, { name: 'target', version, flags })).toBe(fires);
  expect(meets(pkg, { name: 'other', version, flags })).toBe(false);
});

test('a commit that is dated before its parent is warned of, with both dates; one of the same second isn’t', () => {
  const parent = { checksum: 'c'.repeat(64), version: '2', timestamp: 1_700_000_000 };
  expect(earlierThanParent(1_699_999_999, parent)).toMatch(
    /^warning: this commit is dated 2023-11-14T22:13:19Z, its parent 2 is dated 2023-11-14T22:13:20Z: clients refuse/,
  );
  expect(earlierThanParent(1, { ...parent, version: '' })).toContain('its parent cccccccccccc is dated');
  expect([earlierThanParent(1_700_000_000, parent), earlierThanParent(5, undefined)]).toEqual([undefined, undefined]);
});
