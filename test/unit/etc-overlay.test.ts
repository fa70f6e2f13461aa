// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { etcOverlay } from '../../main/engine/host/initramfs/etc-overlay.ts';
import { KeyFile } from '../../main/files/index.ts';

let directory: string;
let etc: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'treeline-etc-overlay-'));
  etc = path.join(directory, 'etc');
  mkdirSync(path.join(etc, 'dracut.d/deep'), { recursive: true });
  writeFileSync(path.join(etc, 'one'), 'first\n');
  chmodSync(path.join(etc, 'one'), 0o600);
  writeFileSync(path.join(etc, 'dracut.d/a name ü'), 'x'.repeat(4097));
  writeFileSync(Buffer.concat([Buffer.from(`${etc}/dracut.d/`), Buffer.from([0xff, 0xfe])]), 'odd');
  writeFileSync(path.join(etc, 'dracut.d/deep/empty'), '');
  symlinkSync('../one', path.join(etc, 'dracut.d/link'));
  symlinkSync('dracut.d', path.join(etc, 'through'));
  execFileSync('mkfifo', [path.join(etc, 'pipe')]);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What another program makes of it: lines of `cpio -tv`, and the unpacked tree. */
function unpacked(image: Buffer): { list: string; root: string } {
  const root = mkdtempSync(path.join(directory, 'root-'));
  const archive = gunzipSync(image);
  execFileSync('busybox', ['cpio', '-idm', '--quiet'], { input: archive, cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  return { list: execFileSync('busybox', ['cpio', '-t'], { input: archive, encoding: 'latin1', stdio: ['pipe', 'pipe', 'pipe'] }), root };
}

test('files, directories with all that is in them and the way to them, as cpio unpacks them', () => {
  const { list, root } = unpacked(etcOverlay(etc, ['/etc/dracut.d', '/etc/one', '/etc/dracut.d/deep/empty']));
  expect(list.trim().split('\n')).toEqual([
    'etc/dracut.d',
    Buffer.from('etc/dracut.d/a name ü').toString('latin1'),
    'etc/dracut.d/deep',
    'etc/dracut.d/deep/empty',
    'etc/dracut.d/link',
    'etc/dracut.d/\xff\xfe',
    'etc/one',
  ]);
  // content, targets and modes, compared by another program
  const only = ['--exclude=through', '--exclude=pipe'];
  expect(execFileSync('diff', ['-r', '--no-dereference', ...only, etc, path.join(root, 'etc')], { encoding: 'utf8' })).toBe('');
  expect(execFileSync('stat', ['-c', '%a', path.join(root, 'etc/one')], { encoding: 'utf8' })).toBe('600\n');
});

test('the same files give the same bytes, whenever they were written', () => {
  const before = etcOverlay(etc, ['/etc/one']);
  utimesSync(path.join(etc, 'one'), 1, 1);
  expect(etcOverlay(etc, ['/etc/one'])).toEqual(before);
});

test.each([
  ['/etc/missing', 'doesn’t exist'],
  ['/etc/one/below', '/etc/one is no directory'],
  ['/etc/through/link', '/etc/through is no directory'],
  ['/etc/pipe', 'neither a file'],
  ['/etc/', 'without empty parts'],
  ['/etc', 'only files below /etc'],
  ['etc/one', 'only files below /etc'],
  ['/usr/x', 'only files below /etc'],
  ['/etc/../shadow', 'without empty parts'],
  ['/etc//one', 'without empty parts'],
  ['/etc/a\nb', 'control characters'],
])('%j is refused by name', (file, why) => {
  expect(() => etcOverlay(etc, [file])).toThrow(
    expect.objectContaining({
      code: 'initramfs.file',
      report: expect.objectContaining({ subject: file, detail: expect.stringContaining(why) }),
    }),
  );
});

test('a list in a key file is read back as it was written', () => {
  const items = ['/etc/a;b', ' leading', 'back\\slash', 'tab\tand\nline', 'ü', 'trailing '];
  const file = new KeyFile('[other]\nx=1\n');
  file.setList('rpmostree', 'initramfs-etc', items);
  expect(new KeyFile(file.text).list('rpmostree', 'initramfs-etc')).toEqual(items);
  file.setList('rpmostree', 'initramfs-etc', []);
  expect(file.get('rpmostree', 'initramfs-etc')).toBeUndefined();
});
