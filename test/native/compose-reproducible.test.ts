// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { bundles, ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;
let other: string;
const ref = 'test/x86_64/same';

beforeAll(() => {
  f = new ComposeFixture();
  // another file system than the first's tmpfs: directories are listed in another order
  other = mkdtempSync(path.join(tmpdir(), 'treeline-other-machine-'));
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`/usr/share/many/file-${(i * 7919) % 101}`, `content ${i}`]));
  f.add(
    filesystemPackage,
    shellPackage(),
    {
      name: 'glue',
      arch: 'x86_64',
      tags: ['Requires: testshell'],
      files: { '/usr/sbin/ldconfig': { content: readFileSync('/sbin/ldconfig'), mode: '0755' }, '/etc/ld.so.conf': '/usr/lib\n' },
    },
    {
      name: 'kernel',
      arch: 'x86_64',
      files: { '/usr/lib/modules/6.1/vmlinuz': 'vmlinuz', '/usr/lib/modules/6.1/initramfs.img': 'initramfs' },
    },
    {
      name: 'many',
      files: { ...many, '/var/lib/many': { dir: true, user: 'svc' }, '/etc/many.conf': { content: 'c', directive: '%config' } },
    },
    {
      name: 'scripts',
      tags: ['Requires: glue', 'Requires: kernel', 'Requires: many'],
      files: { '/usr/lib/sysusers.d/s.conf': 'u svc - "S"\nu other -\n', '/opt/vendor/file': 'v' },
      scripts: {
        'post -p /usr/sbin/ldconfig': '',
        posttrans:
          'echo "$SOURCE_DATE_EPOCH" > /usr/share/built-at; mkdir -p /var/cache/scratch /usr/share/new; echo $$ > /var/cache/scratch/pid; ls /usr/share/many > /usr/share/new/list',
        'transfiletriggerin -p <lua> -- /usr/share/many':
          'local f = io.open("/usr/share/new/lua", "w"); local n = rpm.next_file(); while n do f:write(n, "\\n"); n = rpm.next_file() end f:close()',
      },
    },
  );
});
afterAll(() => {
  f.dispose();
  rmSync(other, { recursive: true, force: true });
});

/** Compose in a directory with nothing but copies, in an environment of its own; returns the commit. */
async function composeIn(directory: string, env: Record<string, string>, umask: string): Promise<string> {
  const repo = path.join(directory, 'repo');
  mkdirSync(directory, { recursive: true });
  execFileSync('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
  const packages = path.join(directory, 'packages');
  cpSync(f.packages, packages, { recursive: true });
  writeFileSync(path.join(directory, 'test.repo'), `[test]\nbaseurl=file://${packages}\ngpgcheck=0\n`);
  const treefile = path.join(directory, 'tree.yaml');
  cpSync(
    f.treefile(
      `packages: [scripts, filesystem]\nref: ${ref}\ncontainer: false\nautomatic-version-prefix: "9.<date:%Y%m%d>"\nboot-location: new\npostprocess:\n  - date -u -d @$SOURCE_DATE_EPOCH > /usr/share/date || echo nodate > /usr/share/date\n`,
    ),
    treefile,
  );
  const { cli } = await bundles();
  const command = `umask ${umask}; exec "${process.execPath}" "${cli}" --quiet compose tree --repo="${repo}" --cachedir="${path.join(directory, 'a cache')}" "${treefile}"`;
  execFileSync('sh', ['-c', command], { env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000', ...env }, stdio: 'pipe' });
  return execFileSync('ostree', [`--repo=${repo}`, 'rev-parse', ref], { encoding: 'utf8' }).trim();
}

test('the same input gives the same commit, as on two machines: other directories, file system, time zone, language, umask, moment', async () => {
  const one = await composeIn(path.join(f.directory, 'first'), { TZ: 'UTC', LC_ALL: 'C' }, '022');
  const two = await composeIn(path.join(other, 'second'), { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8', HOME: '/nonexistent', USER: 'x' }, '077');
  const repos = [path.join(f.directory, 'first/repo'), path.join(other, 'second/repo')] as const;
  const tree = (repo: string): string => execFileSync('ostree', [`--repo=${repo}`, 'ls', '-R', '-C', '-X', ref], { encoding: 'utf8' });
  // first what differs, so that a failure says it
  expect(tree(repos[1])).toBe(tree(repos[0]));
  expect(two).toBe(one);
  const cat = (file: string): string => execFileSync('ostree', [`--repo=${repos[1]}`, 'cat', ref, file], { encoding: 'utf8' });
  expect(cat('/usr/share/built-at')).toMatch(/^\d{10}\n$/);
  expect(cat('/usr/share/new/lua').trim().split('\n')).toHaveLength(40);
  expect(execFileSync('ostree', [`--repo=${repos[1]}`, 'show', '--print-metadata-key=version', ref], { encoding: 'utf8' }).trim()).toBe(
    "'9.20231114.0'",
  );
  const list = tree(repos[1]);
  expect(list).toMatch(/d00755 .* \/usr\/share\/new\n/);
  expect(list).not.toContain('/factory/var/cache');
});
