// SPDX-License-Identifier: LGPL-2.1-or-later
import { cpSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ComposeFixture } from './compose-fixture.ts';
import { demoRepositories } from './rpm-build.ts';
import { verifyTree } from '../fixtures/verify-tree.ts';

let f: ComposeFixture;

beforeAll(async () => {
  f = new ComposeFixture();
  // the demo's distribution, and what it doesn't have
  cpSync(path.join(await demoRepositories(), 'release-1/packages'), f.packages, { recursive: true });
  f.add({
    name: 'exact',
    files: {
      '/usr/bin/exact-caps': { content: 'caps', mode: '0755', caps: 'cap_net_raw,cap_net_admin=ep' },
      '/usr/bin/exact-suid': { content: 'suid', mode: '4755' },
      '/usr/bin/exact-group': { content: 'sgid', mode: '2755', group: 'exactgroup' },
      '/usr/share/exact/one': 'same',
      '/usr/share/exact/two': { hardlinkTo: '/usr/share/exact/one' },
      '/usr/share/exact/empty': '',
      '/usr/share/exact/übung und Leerzeichen': 'x',
      '/usr/share/exact/private': { dir: true, mode: '0700', user: 'exactuser', group: 'exactgroup' },
      '/usr/share/exact/private/file': { content: 'p', mode: '0600', user: 'exactuser', group: 'exactgroup' },
      '/usr/share/exact/link': { symlink: '../exact/one' },
      '/etc/exact.conf': { content: 'a=1\n', directive: '%config(noreplace)' },
      '/etc/shadow': {
        content: 'root:*:19000::::::\nexactuser:!*:::::::\n',
        directive: '%config(noreplace)',
        mode: '0640',
        group: 'exactgroup',
      },
      '/etc/mode.conf': { content: 'm=1\n', directive: '%config(noreplace)' },
      '/etc/exact.d': { dir: true, mode: '0750', group: 'exactgroup' },
      '/var/lib/exact': { dir: true, mode: '2770', user: 'exactuser', group: 'exactgroup' },
      '/var/lib/exact/state': { content: 's', mode: '0640', user: 'exactuser' },
      '/var/log/exact.log': { content: '', mode: '0600', directive: '%ghost' },
      '/opt/exact/tool': { content: 'tool', mode: '0755' },
      '/usr/lib/sysusers.d/exact.conf': 'g exactgroup -\nu exactuser -:exactgroup\n',
      '/usr/share/doc/exact/README': { content: 'read', directive: '%doc' },
    },
  });
});
afterAll(() => f.dispose());

const everything = 'meadow-desktop, exact';

test('every package of a tree is there as rpm would have installed it', async () => {
  const { packageCount } = await f.compose(
    f.treefile(`packages: [${everything}]\nref: test/x86_64/exact\ncontainer: true\nrecommends: false\n`, 'exact.yaml'),
  );
  const { packages, differences } = verifyTree(f.repo, 'test/x86_64/exact', path.join(f.directory, 'verify'));
  expect(packages).toBe(packageCount);
  expect(packages).toBeGreaterThan(30);
  expect(differences.filter((d) => d.why === undefined)).toEqual([]);
});

test('documentation and patterns left out are known to the database', async () => {
  await f.compose(
    f.treefile(
      `packages: [${everything}]\nref: test/x86_64/exact-less\ndocumentation: false\nremove-from-packages:\n  - [exact, /usr/share/exact/t.*]\n`,
      'less.yaml',
    ),
  );
  const { differences } = verifyTree(f.repo, 'test/x86_64/exact-less', path.join(f.directory, 'verify'));
  expect(differences.filter((d) => d.why === undefined)).toEqual([]);
  const list = f.list('test/x86_64/exact-less');
  expect([list.has('/usr/share/doc/exact/README'), list.has('/usr/share/exact/two'), list.has('/usr/share/exact/one')]).toEqual([
    false,
    false,
    true,
  ]);
});

test('what a postprocess step changes is seen: the check isn’t blind', async () => {
  await f.compose(
    f.treefile(
      `packages: [${everything}]\nref: test/x86_64/inexact\npostprocess:\n  - chmod 0644 /usr/bin/exact-suid; echo other > /usr/share/exact/empty; chown 0:0 /usr/share/exact/private; rm /usr/share/exact/link; echo b=2 >> /etc/exact.conf; chmod 0600 /etc/mode.conf\n`,
      'inexact.yaml',
    ),
  );
  const { differences } = verifyTree(f.repo, 'test/x86_64/inexact', path.join(f.directory, 'verify'));
  const unexplained = Object.fromEntries(differences.filter((d) => d.why === undefined).map((d) => [d.file, d.line.split(/\s/)[0]]));
  expect(unexplained).toEqual({
    '/usr/bin/exact-suid': '.M.......',
    '/usr/share/exact/empty': 'S.5......',
    '/usr/share/exact/private': '.....UG..',
    '/usr/share/exact/link': 'missing',
    '/etc/mode.conf': '.M.......',
  });
  expect(differences.find((d) => d.file === '/etc/exact.conf')?.why).toBe('a configuration file');
});
