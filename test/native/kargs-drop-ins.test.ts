// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlainHost, type PlainHost } from '../../main/demo/plain-releases.ts';
import { error, result, simulatedSession, type Step } from './simulated-session.ts';

const osname = 'plain';
let dir: string;
let host: PlainHost;
beforeAll(async () => {
  // tmpfs: never on the machine's root file system, which writing boot entries would freeze
  dir = mkdtempSync('/dev/shm/treeline-kargs-d-');
  chmodSync(dir, 0o755);
  host = await makePlainHost(dir);
});
afterAll(() => {
  execFileSync('bash', ['-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`]);
  rmSync(dir, { recursive: true, force: true });
});

/** A commit with release 2's tree and these files in kargs.d; a text that begins with `->` is a link. */
function release(files: Readonly<Record<string, string>>): string {
  const tree = path.join(dir, 'tree');
  const place = path.join(tree, 'usr/lib/bootc/kargs.d');
  mkdirSync(place, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    if (text.startsWith('->')) symlinkSync(text.slice(2), path.join(place, name));
    else writeFileSync(path.join(place, name), text);
  }
  const ostree = (...args: string[]): string => execFileSync('ostree', [`--repo=${host.repo}`, ...args], { encoding: 'utf8' }).trim();
  const args = ['--canonical-permissions', '--no-xattrs', '--owner-uid=0', '--owner-gid=0', `--bind-ref=${host.ref}`];
  const commit = ostree('commit', ...args, '-b', 'kargs', `--tree=ref=${String(host.commits[1])}`, `--tree=dir=${tree}`);
  rmSync(tree, { recursive: true });
  return commit;
}

test('drop-ins of a tree come and go with it; the machine’s own arguments stay its own', async () => {
  const upgrade = (revision: string): Step => [
    'update.upgrade',
    { sysroot: '/', osname, revision, skipBranchCheck: true, allowDowngrade: true },
  ];
  const none = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
  const other = `kargs = ["elsewhere"]\nmatch-architectures = ["${process.arch === 'x64' ? 'aarch64' : 'x86_64'}"]\n`;
  const first = release({ '20.toml': 'kargs = ["b=1"]', '10.toml': 'kargs = ["a=1", "rhgb"]', '30.toml': other, notes: 'no toml' });
  const second = release({ '10.toml': 'kargs = ["a=2", "rhgb", "quiet"]' });
  const odd = release({ '05.toml': '[install]\nkargs = ["x"]', '10.toml': 'kargs = ["a=3"]' });
  const link = release({ '05.toml': '->/etc/passwd' });
  const args = 'sed -n "s/^options //p" /boot/loader/entries/*.conf';
  const done = await simulatedSession(dir, host, [
    upgrade(first),
    ['sysroot.kargs', { sysroot: '/', osname, ...none, append: ['own=1'], remove: ['rhgb'] }],
    upgrade(second),
    upgrade(odd),
    upgrade(link),
    ['sysroot.load', { sysroot: '/' }],
  ]);
  expect(result(done[0], 'update.upgrade')).toMatchObject({ changed: true, kernelArgs: { added: ['a=1', 'rhgb', 'b=1'], removed: [] } });
  expect(result(done[2], 'update.upgrade').kernelArgs).toEqual({ added: ['a=2'], removed: ['a=1', 'b=1'] });
  expect(error(done[3])).toMatchObject({
    code: 'kargs.drop-in',
    subject: '/usr/lib/bootc/kargs.d/05.toml',
    detail: '“install” is none of its keys',
  });
  expect(error(done[4])).toMatchObject({ code: 'kargs.drop-in', detail: 'it is a link' });
  expect(result(done[5], 'sysroot.load').deployments[0]).toMatchObject({ checksum: second, staged: true });

  // booted with them; going back to a tree without kargs.d takes them away
  const [cmdline, back, entries] = await simulatedSession(dir, host, ['cat /proc/cmdline', upgrade(String(host.commits[1])), args]);
  expect(cmdline).toMatchObject({ text: expect.stringMatching(/root=LABEL=plain quiet own=1 a=2( |\n)/) });
  // quiet was the machine's before a tree brought it, too: bootc takes it away as well
  expect(result(back, 'update.upgrade').kernelArgs).toEqual({ added: [], removed: ['quiet', 'a=2'] });
  expect(entries).toMatchObject({ text: expect.stringContaining('own=1 a=2') });
});
