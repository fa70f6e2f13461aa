// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, expect, test } from 'vitest';
import { extendHistory, packHistory } from '../../main/engine/base/diff/index.ts';
import { gapsKey, gapsType } from '../../main/engine/base/ports/commit-sizes.ts';
import { Repo } from '../../main/native/ostree/repo.ts';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let url: string;
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  url = await server.start();
});
afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

const bytes = (value: Buffer): string => `@ay [${[...value].map((b) => `0x${b.toString(16)}`).join(',')}]`;

/** A release whose commit carries the past as a compose writes it; `broken` puts garbage there. */
function release(n: number, broken = false): string {
  const parent = fixture.commits.at(-1);
  using repo = parent === undefined ? undefined : Repo.open(fixture.server);
  const history = repo && parent ? extendHistory(repo.loadCommit(parent)) : [];
  const side = (version: number): object => ({ name: 'a', epoch: 0, version: String(version), release: '1', arch: 'noarch' });
  const changes = {
    format: 1,
    version: `1.${n}`,
    timeSeconds: 1_700_000_000 + (n + 1) * 1000,
    packages:
      n === 0
        ? []
        : [
            {
              kind: 'upgraded',
              name: 'a',
              arch: 'noarch',
              from: side(n),
              to: side(n + 1),
              changelog: [{ timeSeconds: n, author: 'x', text: `- ${n}` }],
            },
          ],
    advisories: [],
    installedSizeBytes: n,
    installedSizeDeltaBytes: 1,
  };
  const packed = broken ? Buffer.from('garbage') : packHistory(history);
  return fixture.release({
    version: `1.${n}`,
    changes,
    sizes: false,
    metadata: history.length > 0 ? [`--add-metadata=treeline.history=${bytes(packed)}`] : [],
  });
}

const commitsServed = (): number => [...server.served.keys()].filter((u) => u.endsWith('.commit')).length;

test('a gap of fifteen releases: one commit object', async () => {
  fixture.install(url, release(0));
  for (let n = 1; n <= 15; n++) release(n);
  await job('update.check', os());
  expect(commitsServed()).toBe(1);
  const { result } = await job('update.details', os());
  expect(result).toMatchObject({ source: 'treeline.changes', fromVersion: '1.0', toVersion: '1.15', sizes: { installedDeltaBytes: 15 } });
  expect(result.releases.map((r) => r.version)).toEqual(Array.from({ length: 15 }, (_, i) => `1.${15 - i}`));
  expect(result.releases.map((r) => r.checksum)).toEqual([...fixture.commits].reverse().slice(0, 15));
  expect(result.packages).toMatchObject([{ name: 'a', from: { version: '1' }, to: { version: '16' } }]);
  expect(result.packages[0]?.changelog?.length).toBe(15);
});

test('a gap longer than a commit tells of: the walk leaps', async () => {
  fixture.install(url, release(0));
  for (let n = 1; n <= 45; n++) release(n);
  await job('update.check', os());
  // 45 back to 25, back to 5, whose own past leads to the first
  expect(commitsServed()).toBe(3);
  const { result } = await job('update.details', os());
  expect(result.releases.length).toBe(45);
  expect(result.packages[0]?.changelog?.length).toBe(45);
});

test('a past that can’t be read: the commits themselves are asked, and nothing is missing', async () => {
  fixture.install(url, release(0));
  for (let n = 1; n <= 6; n++) release(n, n === 6);
  await job('update.check', os());
  expect(commitsServed()).toBeGreaterThan(1);
  const { result } = await job('update.details', os());
  expect(result).toMatchObject({ source: 'treeline.changes' });
  expect(result.releases.length).toBe(6);
});

test('the versions of a branch: one commit object tells them', async () => {
  fixture.install(url, release(0));
  for (let n = 1; n <= 6; n++) release(n);
  const { result } = await job('remote.versions', { ...os(), refspec: `origin:${branch}`, limit: 5 });
  expect(result.map((v) => v.version)).toEqual(['1.6', '1.5', '1.4', '1.3', '1.2']);
  expect(result.map((v) => v.checksum)).toEqual([...fixture.commits].reverse().slice(0, 5));
  expect(commitsServed()).toBe(1);
  // one of them is wanted: it is fetched
  const { result: preview } = await job('update.preview', { ...os(), revision: 'version=1.3' });
  expect(preview).toMatchObject({ toVersion: '1.3', toChecksum: fixture.commits[3] });
});

test('a branch whose gaps don’t tell of what is installed: an estimate, called one', async () => {
  const pkglist = (versions: readonly number[]): string =>
    `--add-metadata=rpmostree.rpmdb.pkglist=@a(sssss) [${versions.map((v, i) => `('p${i}','0','${v}','1','noarch')`).join(',')}]`;
  const first = fixture.release({ version: '1', sizes: false, metadata: [pkglist([1, 1, 1, 1])] });
  fixture.install(url, first);
  const gap = `--add-metadata=${gapsKey}=@${gapsType} [(@ay [],1000,100000,400000)]`;
  fixture.release({ version: '2', sizes: false, metadata: [pkglist([2, 1, 1, 1]), gap] });
  const { result } = await job('update.check', os());
  expect(result).toMatchObject({
    update: { sizes: { downloadBytes: 25_000, downloadObjects: 250, diskBytes: 100_000, downloadExact: false } },
  });
});
