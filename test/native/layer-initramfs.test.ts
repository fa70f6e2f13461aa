// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { remakeInitramfs, type InitramfsJob } from '../../main/engine/layering/initramfs.ts';
import { system } from '../../main/native/linux/index.ts';
import { OstreeLayerStore } from '../../main/native/ostree/layer-store.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture, parseListing } from './compose-fixture.ts';

const ref = 'test/x86_64/initramfs';
const initramfs = '/usr/lib/modules/6.2/initramfs.img';

/** Says into the initramfs what it was called with and what it saw, and leaves what the real one may leave. */
const dracut = `#!/bin/sh
for last; do :; done
{ echo "$@"; echo "time $SOURCE_DATE_EPOCH, devices \${DRACUT_NO_MKNOD:-made}"; cat /etc/passwd; cat /etc/machine.conf 2>/dev/null; } > /tmp/image
case " $* " in *" --fail "*) echo "no luck" >&2; exit 4;; esac
touch /usr/etc/machine.conf 2>/dev/null; echo log > /var/lib/dracut.log; mkdir -p /left
case " $* " in *" --nothing "*) exit 0;; *" --link "*) exec ln -sf /etc/passwd "$last";; esac
cat /tmp/image > "$last"
`;

let f: ComposeFixture;
let repo: string;
let base: string;
beforeAll(async () => {
  f = new ComposeFixture();
  f.add(
    filesystemPackage,
    shellPackage(),
    {
      name: 'kernel',
      arch: 'x86_64',
      files: {
        '/usr/lib/modules/6.2/vmlinuz': 'kernel 6.2',
        [initramfs]: 'made by the composer',
        '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nsystem:x:7:7::/:/sbin/nologin\n',
        '/etc/group': 'root:x:0:\nsystem:x:7:\n',
      },
    },
    { name: 'dracut', tags: ['Requires: testshell'], files: { '/usr/bin/dracut': { content: dracut, mode: '0755' } } },
  );
  const text = `ref: ${ref}\npackages: [filesystem, kernel, dracut]\ncontainer: false\nboot-location: new\n`;
  base = (await f.compose(f.treefile(text))).checksum;
  repo = path.join(f.directory, 'system');
  execFileSync('ostree', [`--repo=${repo}`, 'init', '--mode=bare']);
  execFileSync('ostree', [`--repo=${repo}`, 'pull-local', f.repo, base]);
});
afterAll(() => f.dispose());

/** The listing of a checkout of the base with another initramfs, and that file's text. */
function remade(more: Partial<InitramfsJob>): { listing: Map<string, string>; text: string; messages: string[] } {
  const work = path.join(repo, 'tmp', 'work');
  const [root, workdir] = [path.join(work, 'root'), path.join(work, 'overlays')];
  mkdirSync(workdir, { recursive: true });
  const messages: string[] = [];
  try {
    using store = new OstreeLayerStore(repo);
    store.checkout(base, root);
    using tree = new Tree(root, { system });
    remakeInitramfs({
      ...{ system, tree, workdir, baseArgs: undefined, args: [], kernelChanged: false, epochSeconds: 1_700_000_000 },
      message: (text) => void messages.push(text),
      ...more,
    });
    const checksum = store.writeLayer({ base, metadata: new Map(), root: store.writeDirectory(root, undefined), timeSeconds: 1 });
    const ostree = (...args: string[]): string => execFileSync('ostree', [`--repo=${repo}`, ...args], { encoding: 'utf8' });
    return { listing: parseListing(ostree('ls', '-R', checksum)), text: ostree('cat', checksum, initramfs), messages };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** How two listings differ: copies in usr/lib/ostree-boot are named after their content. */
function differences(now: Map<string, string>): string[] {
  const before = f.list(ref);
  const changed = [...now].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
  return [...changed, ...[...before.keys()].filter((name) => !now.has(name)).map((name) => `-${name}`)]
    .map((name) => name.replace(/-[0-9a-f]{64}$/, '-SUM'))
    .sort();
}

const usual = '--no-hostonly --reproducible --kver 6.2 --add ostree --force';
const copies = ['initramfs-6.2.img', 'vmlinuz-6.2'].map((name) => `/usr/lib/ostree-boot/${name}-SUM`);

test('with the machine’s configuration: base’s arguments, then its own; nothing but the initramfs and its copies differ', () => {
  const etc = path.join(f.directory, 'machine-etc');
  mkdirSync(etc, { recursive: true });
  const users = { passwd: 'root:x:0:0:root:/root:/bin/sh\nlocal:x:1000:1000::/home/local:/bin/sh\n', group: 'root:x:0:\n' };
  writeFileSync(path.join(etc, 'passwd'), users.passwd);
  writeFileSync(path.join(etc, 'machine.conf'), 'of this machine\n');
  const { listing, text, messages } = remade({ baseArgs: ['--omit', 'plymouth'], args: ['-I', '/etc/crypt tab'], machine: { etc, users } });
  expect(text.split('\n')).toEqual([
    `${usual} --omit plymouth -I /etc/crypt tab ${initramfs}`,
    'time 1700000000, devices 1',
    'root:x:0:0:root:/root:/bin/sh',
    'local:x:1000:1000::/home/local:/bin/sh',
    'system:x:7:7::/:/sbin/nologin',
    'of this machine',
    '',
  ]);
  expect(differences(listing)).toEqual([initramfs, ...copies, ...copies.map((name) => `-${name}`)].sort());
  expect(listing.get('/tmp')).toBe(f.list(ref).get('/tmp'));
  expect(messages).toEqual([]);
});

test('another kernel without a wish of the machine: the tree’s own configuration; where the base doesn’t tell its arguments, its initramfs does', () => {
  const { text } = remade({ kernelChanged: true });
  expect(text.split('\n')).toEqual([
    `${usual} --rebuild ${initramfs} ${initramfs}`,
    'time 1700000000, devices 1',
    'root:x:0:0:root:/root:/bin/sh',
    'system:x:7:7::/:/sbin/nologin',
    '',
  ]);
});

test.each([
  ['--fail', 'compose.script-failed', 'exit status 4: no luck'],
  ['--nothing', 'compose.script-failed', 'it wrote no initramfs'],
  ['--link', 'package.unusable-file', expect.anything()],
])('a dracut that fails, writes nothing or something else: %s', (arg, code, detail) => {
  expect(() => remade({ args: [arg] })).toThrow(expect.objectContaining({ code, report: expect.objectContaining({ detail }) }));
});
