// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SysrootState } from '../../main/engine/jobs/index.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');
const origin = `[origin]
baserefspec=origin:${branch}

[packages]
requested=htop;
requested=htop;strace;
requested-local=${'a'.repeat(64)}:tool-1-1.noarch;

[overrides]
remove=nano;
replace=vendor=x,foo;

[rpmostree]
regenerate-initramfs=true
`;
const replaced = "[(<('foo-2-1.noarch', 'foo', uint64 0, '2', '1', 'noarch')>, <('foo-1-1.noarch', 'foo', uint64 0, '1', '1', 'noarch')>)]";
const metadata = [
  'rpmostree.clientlayer=true',
  'rpmostree.clientlayer_version=uint32 6',
  "rpmostree.packages=['htop', 'strace']",
  'rpmostree.modules=@as []',
  "rpmostree.removed-base-packages=[<('nano-1-1.noarch', 'nano', uint64 0, '1', '1', 'noarch')>]",
  `rpmostree.replaced-base-packages=${replaced}`,
  `rpmostree.replaced-base-remote-packages={'updates': <${replaced}>}`,
  'a.bytes=[byte 0x01, 0xff]',
  "rpmostree.rpmmd-repos=[{'id': <'r'>, 'timestamp': <uint64 1665041964>}]",
];

let fixture: Fixture;
let layer: string;
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const load = async (): Promise<SysrootState> => (await job('sysroot.load', { sysroot: fixture.sysroot })).result;
const refused = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'done',
    (error: { report: unknown }) => error.report,
  );

beforeAll(() => {
  fixture = new Fixture();
  // as rpm-ostree composes: numbers of the metadata in network order
  const swapped = ["--add-metadata=rpmostree.rpmmd-repos=[{'id': <'base'>, 'timestamp': <uint64 17055138845483335680>}]"];
  const base = fixture.release({ version: '1', metadata: swapped });
  fixture.release({ version: '2' });
  fixture.install(`file://${fixture.server}`, base);
  const commit = [`--tree=ref=${base}`, `--parent=${base}`, '--orphan', '--add-metadata-string=version=1', '--timestamp=@1800000000'];
  layer = sh('ostree', `--repo=${fixture.repo}`, 'commit', ...commit, ...metadata.map((each) => `--add-metadata=${each}`)).trim();
  sh('ostree', `--repo=${fixture.repo}`, 'refs', '--create', 'rpmostree/base/0', base);
  const file = path.join(fixture.dir, 'layered.origin');
  writeFileSync(file, origin);
  sh('ostree', 'admin', 'deploy', `--sysroot=${fixture.sysroot}`, `--os=${osname}`, `--origin-file=${file}`, layer);
});
afterAll(() => fixture?.[Symbol.dispose]());

test('status shows layer and base apart, as rpm-ostree does', async () => {
  const { deployments } = await load();
  expect(deployments[0]).toMatchObject({
    checksum: layer,
    timestamp: 1_800_000_000,
    layer: { base: { checksum: fixture.commits[0], version: '1', timestamp: 1_700_001_000 }, packages: ['htop', 'strace'] },
    origin: {
      layering: { packages: ['htop', 'strace'], localPackages: ['tool-1-1.noarch'], removals: ['nano'], regenerateInitramfs: true },
    },
  });
  const run = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, [cli, `--sysroot=${fixture.sysroot}`, ...args])).stdout;
  const text = await run('status');
  for (const line of [
    `BaseCommit: ${fixture.commits[0]}`,
    'LayeredPackages: htop strace',
    'LocalPackages: tool-1-1.noarch',
    'RemovedBasePackages: nano',
    'Initramfs: regenerate',
    '[overrides] replace: vendor=x,foo',
  ]) {
    expect(text).toContain(line);
  }
  const json = JSON.parse(await run('status', '--json')) as { deployments: Record<string, unknown>[] };
  const pair = [
    ['foo-2-1.noarch', 'foo', 0, '2', '1', 'noarch'],
    ['foo-1-1.noarch', 'foo', 0, '1', '1', 'noarch'],
  ];
  expect(json.deployments[0]).toMatchObject({
    checksum: layer,
    'base-checksum': fixture.commits[0],
    'base-version': '1',
    'base-timestamp': 1_700_001_000,
    packages: ['htop', 'strace'],
    'requested-packages': ['htop', 'strace'],
    'requested-local-packages': ['tool-1-1.noarch'],
    'requested-base-removals': ['nano'],
    'base-removals': [['nano-1-1.noarch', 'nano', 0, '1', '1', 'noarch']],
    'base-local-replacements': [pair],
    'base-remote-replacements': { updates: [pair] },
    'regenerate-initramfs': true,
    'base-commit-meta': { version: '1', 'rpmostree.rpmmd-repos': [{ id: 'base', timestamp: 1795600620 }] },
    'layered-commit-meta': {
      'rpmostree.clientlayer': true,
      'rpmostree.clientlayer_version': 6,
      'a.bytes': [1, 255],
      'rpmostree.rpmmd-repos': [{ id: 'r', timestamp: 1665041964 }],
    },
  });
  expect(json.deployments[1]).not.toHaveProperty('layered-commit-meta');
});

test('nothing that would replace the tree is begun: named by group and package, before anybody is asked', async () => {
  // a server that isn't there would be another error
  sh('ostree', `--repo=${fixture.repo}`, 'config', 'set', 'remote "origin".url', 'http://127.0.0.1:9/');
  const detail = '[overrides] replace: vendor=x,foo';
  const error = { code: 'update.would-lose', detail };
  expect(await refused(job('update.upgrade', os()))).toMatchObject(error);
  expect(await refused(job('update.upgrade', { ...os(), revision: 'version=2' }))).toMatchObject(error);
  expect(await refused(job('update.upgrade', { ...os(), refspec: 'origin:test/other' }))).toMatchObject(error);
  expect(await refused(job('update.preview', os()))).toMatchObject(error);
  for (const name of ['update.check', 'update.cached'] as const) {
    expect((await job(name, os())).result).toMatchObject({ kind: 'blocked', error });
  }
  // dropping it is no loss
  const drops = { noPullBase: true, noLayering: true, noOverrides: true, noInitramfs: true, dryRun: true };
  expect((await job('update.upgrade', { ...os(), ...drops })).result).toMatchObject({
    changed: true,
    staged: false,
    checksum: fixture.commits[0],
  });
  // no failure of every night
  const automatic = await job('update.upgrade', { ...os(), automatic: true });
  expect(automatic.result).toEqual({ changed: false, staged: false });
  expect(automatic.events).toContainEqual({ type: 'message', text: expect.stringContaining(detail) });
  expect((await load()).deployments.map(({ checksum }) => checksum)).toEqual([layer, fixture.commits[0]]);
});

test('kernel arguments, pins, going back and cleaning up keep the layer and its whole origin', async () => {
  const originOf = (index: number, { deployments }: SysrootState): string => {
    const { checksum, serial } = deployments[index] as SysrootState['deployments'][number];
    return readFileSync(path.join(fixture.sysroot, `ostree/deploy/${osname}/deploy/${checksum}.${serial}.origin`), 'utf8');
  };
  const change = { append: ['x=1'], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
  await job('sysroot.kargs', { ...os(), ...change });
  const after = await load();
  expect(after.deployments[0]).toMatchObject({ checksum: layer, kernelArgs: ['root=LABEL=test', 'quiet', 'x="a b"', 'x=1'] });
  const groups = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line !== '' && line !== 'requested=htop;')
      .sort();
  expect(groups(originOf(0, after))).toEqual(groups(origin));
  await job('sysroot.pin', { sysroot: fixture.sysroot, deploymentId: after.deployments[0]?.id ?? '', pinned: true });
  await job('sysroot.cleanup', { ...os(), elements: ['base'] });
  expect((await job('sysroot.rollback', os())).result).toMatchObject({ changed: true });
  expect((await job('sysroot.rollback', os())).result).toMatchObject({ changed: true });
  execFileSync('ostree', [`--repo=${fixture.repo}`, 'fsck', '--quiet']);
  const end = await load();
  const kept = end.deployments.findIndex((each) => each.id === after.deployments[0]?.id);
  expect(end.deployments[kept]).toMatchObject({ checksum: layer, layer: { base: { checksum: fixture.commits[0], version: '1' } } });
  expect(originOf(kept, end)).toContain('requested=htop;strace;');
});

test('without anything to lose a layer is updated, and its base is what the new version is compared with', async () => {
  sh('ostree', `--repo=${fixture.repo}`, 'config', 'set', 'remote "origin".url', `file://${fixture.server}`);
  const { deployments } = await load();
  const first = deployments.find((each) => each.checksum === layer) as SysrootState['deployments'][number];
  const file = path.join(fixture.sysroot, `ostree/deploy/${osname}/deploy/${first.checksum}.${first.serial}.origin`);
  writeFileSync(file, `[origin]\nbaserefspec=origin:${branch}\n`);
  await job('sysroot.set-default', { ...os(), deploymentId: first.id });
  // the layer is younger than the new version, its base is older
  expect((await job('update.check', os())).result).toMatchObject({ kind: 'available', update: { version: '2' } });
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
});
