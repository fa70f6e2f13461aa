// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeVariant } from '../../main/native/core/gvariant-format.ts';
import { sh } from './sysroot-fixture.ts';

const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');
let repo: string;

/** As rpm-ostree's shared library asks: in the repository, the answer in a memory file that comes over descriptor 3 with a byte 0xff. */
const asker = `
import fcntl, os, socket, subprocess, sys
# out of the way of descriptor 3
ours, theirs = (socket.socket(fileno=fcntl.fcntl(each.detach(), fcntl.F_DUPFD, 10)) for each in socket.socketpair())
os.dup2(theirs.fileno(), 3, inheritable=True)
subprocess.run(sys.argv[2:], pass_fds=[3], cwd=sys.argv[1], check=True, stdout=subprocess.DEVNULL)
data, fds, _, _ = socket.recv_fds(ours, 1, 4)
assert data == b'\\xff' and len(fds) == 1
sys.stdout.buffer.write(os.pread(fds[0], os.fstat(fds[0]).st_size, 0))
`;
const ask = (...words: string[]): Buffer =>
  execFileSync('python3', ['-c', asker, repo, process.execPath, cli, 'shlib-backend', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(() => {
  repo = mkdtempSync('/dev/shm/treeline-shlib-');
  sh('ostree', `--repo=${repo}`, 'init', '--mode=archive');
  const tree = path.join(repo, 'tmp', 'tree');
  sh('mkdir', tree);
  writeFileSync(path.join(tree, 'file'), 'x');
  const list = "@a(sssss) [('a', '0', '1', '2', 'noarch'), ('b', '1', '3', '4', 'x86_64')]";
  const commit = (branch: string, ...more: string[]): string =>
    sh('ostree', `--repo=${repo}`, 'commit', '--canonical-permissions', `--branch=${branch}`, ...more, tree);
  commit('with', `--add-metadata=rpmostree.rpmdb.pkglist=${list}`);
  commit('empty', '--add-metadata=rpmostree.rpmdb.pkglist=@a(sssss) []');
});
afterAll(() => rmSync(repo, { recursive: true, force: true }));

test('answers over the socket of the library', () => {
  const arch = { x64: 'x86_64', arm64: 'aarch64', ppc64: 'ppc64le', riscv64: 'riscv64' }[process.arch as string];
  expect(decodeVariant('s', ask('get-basearch'))).toBe(arch);
  expect(decodeVariant('s', ask('varsubst-basearch', 'a/${basearch}/$basearch/$basearchx'))).toBe(`a/${arch}/${arch}/$basearchx`);
  expect(decodeVariant('ma(sssss)', ask('packagelist-from-commit', 'with'))).toEqual([
    ['a', '0', '1', '2', 'noarch'],
    ['b', '1', '3', '4', 'x86_64'],
  ]);
  expect(decodeVariant('ma(sssss)', ask('packagelist-from-commit', 'empty'))).toBeNull();
});

test('answers a person in lines', () => {
  const say = (...words: string[]): string =>
    execFileSync(process.execPath, [cli, 'shlib-backend', ...words], { cwd: repo, encoding: 'utf8' });
  expect(say('varsubst-basearch', 'x$basearch')).toMatch(/^x\w+\n$/);
  expect(say('packagelist-from-commit', 'with')).toBe('a 0 1 2 noarch\nb 1 3 4 x86_64\n');
});
