// SPDX-License-Identifier: LGPL-2.1-or-later
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DiskUse } from '../../shared/domain/index.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let v1: string;
beforeEach(() => {
  fixture = new Fixture();
  v1 = fixture.release({ version: '1', files: 20, fileBytes: 9000, kernel: 'one' });
  fixture.install(`file://${fixture.server}`, v1);
});
afterEach(() => fixture[Symbol.dispose]());

const use = async (): Promise<DiskUse> => (await job('sysroot.disk-use', { sysroot: fixture.sysroot })).result;
/** Every file once, as du counts it. */
const allocated = (...parts: string[]): number => {
  const places = parts.map((part) => path.join(fixture.sysroot, part));
  return Number(
    sh('du', '-sc', '-B1', ...places)
      .trim()
      .split('\n')
      .at(-1)
      ?.split('\t')[0],
  );
};
const idOf = (commit: string): string => `${osname}-${commit}.0`;
const deploy = (what: string): string => sh('ostree', 'admin', 'deploy', `--sysroot=${fixture.sysroot}`, `--os=${osname}`, what);

/** Deletes one and expects that it frees what was told; kernels below /boot are hard links into the repository where they can be. */
async function expectFreed(commit: string): Promise<void> {
  const told = (await use()).deployments.find(({ id }) => id === idOf(commit));
  const places = ['ostree/repo/objects', 'ostree/deploy', 'boot/ostree'];
  const before = allocated(...places);
  await job('sysroot.undeploy', { sysroot: fixture.sysroot, deploymentId: idOf(commit) });
  expect((told?.exclusiveBytes ?? NaN) + (told?.bootBytes ?? NaN)).toBe(before - allocated(...places));
}

test('what a version alone needs is exactly what deleting it frees', async () => {
  const v2 = fixture.release({ version: '2', files: 5, fileBytes: 30_000, kernel: 'two' });
  sh('ostree', `--repo=${fixture.repo}`, 'pull-local', '--remote=origin', fixture.server, v2);
  sh('ostree', `--repo=${fixture.repo}`, 'refs', '--delete', `origin:${branch}`);
  deploy(v2);
  await expectFreed(v1);
});

test('what a ref names as well stays; what a layer was made of goes with it', async () => {
  const repo = `--repo=${fixture.repo}`;
  const named = (await use()).deployments.find(({ id }) => id === idOf(v1))?.exclusiveBytes;
  expect(named).toBeLessThan(100_000);
  const base = fixture.release({ version: '2', files: 3, fileBytes: 50_000, kernel: 'two' });
  sh('ostree', repo, 'pull-local', '--remote=origin', fixture.server, base);
  const metadata = ['--add-metadata=rpmostree.clientlayer=true', '--add-metadata-string=version=2'];
  const tree = [`--tree=ref=${base}`, `--tree=dir=${path.join(fixture.dir, 'more')}`];
  sh('bash', '-c', `mkdir -p ${fixture.dir}/more/usr/share/more && head -c 70000 /dev/urandom > ${fixture.dir}/more/usr/share/more/file`);
  const owners = ['--owner-uid=0', '--owner-gid=0', '--no-bindings', '--orphan', `--parent=${base}`];
  const layer = sh('ostree', repo, 'commit', ...owners, ...metadata, ...tree).trim();
  sh('ostree', repo, 'refs', '--create', 'rpmostree/base/0', base);
  deploy(layer);
  const told = (await use()).deployments.find(({ id }) => id === idOf(layer));
  expect(told?.exclusiveBytes).toBeGreaterThan(70_000 + 3 * 50_000);
  await expectFreed(layer);
});

test('what can’t be read through leaves unknown what anything shares with it, and nothing is told as zero', async () => {
  const root = /[0-9a-f]{64}/.exec(sh('ostree', `--repo=${fixture.repo}`, 'ls', '-d', '-C', v1, '/'))?.[0] ?? '';
  rmSync(path.join(fixture.repo, 'objects', root.slice(0, 2), `${root.slice(2)}.dirtree`));
  const { deployments, repoBytes } = await use();
  expect(deployments).toEqual([{ id: idOf(v1), bootBytes: expect.any(Number) }]);
  expect(repoBytes).toBeGreaterThan(0);
});
