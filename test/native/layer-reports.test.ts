// SPDX-License-Identifier: LGPL-2.1-or-later
// What users of today's tools ran into with packages on top of their system (field reports), on a sysroot on tmpfs; judged by ostree and rpm.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob, type DeployOutcome } from '../../main/engine/jobs/index.ts';
import type { UpdatePlan } from '../../shared/domain/index.ts';
import { errorLine } from '../../shared/errors/index.ts';
import { makeRpm, type RpmSource } from '../fixtures/make-rpm.ts';
import { problemsOf } from '../fixtures/status-keys.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, helperPackage, kernelPackage, plainPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { DeployedBase, refused, type UpgradeParams } from './deployed-base.ts';
import { job, worker } from './sysroot-fixture.ts';

const ref = 'test/x86_64/base';
let f: ComposeFixture;
let system: DeployedBase;
/** So long that a script which isn't ended outlasts the test; nobody else's processes are taken for ours. */
const ownSeconds = 200_000 + process.pid;

async function compose(version: string): Promise<void> {
  f.add(kernelPackage(version), appPackage(version), { name: 'leaf', version, files: { '/usr/share/leaf': version } });
  await f.compose(
    f.treefile(`packages: [app, kernel, filesystem, testshell, leaf]\ncontainer: false\nautomatic-version-prefix: "${version}"\n`),
  );
}

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage());
  await compose('1');
  system = new DeployedBase(f.repo, ref, [
    plainPackage,
    helperPackage,
    { name: 'leaf', version: '5', files: { '/usr/share/leaf': '5' } },
    { name: 'vendor', files: { '/etc/yum.repos.d/vendor.repo': '[vendor]\nbaseurl=http://127.0.0.1:9/\ngpgcheck=0\n' } },
    { name: 'waits', scripts: { post: `echo waiting; sleep ${ownSeconds}` } },
  ]);
});
afterAll(() => {
  system[Symbol.dispose]();
  f.dispose();
});

const run: DeployedBase['upgrade'] = (params) => system.upgrade(params);
const change: DeployedBase['change'] = (what, params) => system.change(what, params);
const brought = (source: RpmSource): { path: string; name: string } => {
  const file = makeRpm(path.join(system.scratch, 'brought'), source);
  return { path: file, name: path.basename(file) };
};
/** A version of leaf as rpm-ostree tells packages. */
const row = (version: string): unknown[] => [`leaf-${version}-1.noarch`, 'leaf', 0, version, '1', 'noarch'];
const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');
/** Of a plan and of what was done, by names: a plan tells more of each package. */
const told = ({ layer }: Pick<DeployOutcome | UpdatePlan, 'layer'>): unknown =>
  layer && {
    added: layer.added.map(({ name, version, release, arch, repo }) => [name, version, release, arch, repo]),
    ...{ replaced: layer.replaced, inactive: layer.inactive, setAside: layer.setAside },
  };

test('status --json of each state has the real daemon’s keys and types', async () => {
  const states: (readonly [() => Promise<unknown>, Record<string, unknown>])[] = [
    [() => Promise.resolve(), { packages: [], version: '1' }],
    [() => change({ install: ['plain'] }), { packages: ['plain'], 'requested-packages': ['plain'], 'base-version': '1' }],
    [
      () => run({ noPullBase: true, brought: { install: [brought({ name: 'mine' })] } }),
      { 'requested-local-packages': ['mine-1-1.noarch'] },
    ],
    [
      () => change({ overrideReplace: [{ repo: 'more', packages: ['leaf'] }] }),
      { 'requested-base-remote-replacements': ['repo=more,leaf'], 'base-remote-replacements': { more: [[row('5'), row('1')]] } },
    ],
    [
      () => change({ overrideReset: ['leaf'], overrideRemove: ['leaf'] }),
      { 'requested-base-removals': ['leaf'], 'base-removals': [row('1')] },
    ],
    [
      () => run({ noPullBase: true, brought: { replace: [brought({ name: 'leaf', version: '6' })] } }),
      { 'requested-base-local-replacements': ['leaf-6-1.noarch'], 'base-local-replacements': [[row('6'), row('1')]] },
    ],
    [
      async () => {
        const [first] = (await system.load()).deployments;
        await job('sysroot.pin', { sysroot: system.os.sysroot, deploymentId: first?.id ?? '', pinned: true });
      },
      { pinned: true },
    ],
  ];
  for (const [make, known] of states) {
    await make();
    const json = execFileSync(process.execPath, [cli, `--sysroot=${system.os.sysroot}`, 'status', '--json'], { encoding: 'utf8' });
    const { deployments } = JSON.parse(json) as { deployments: Record<string, unknown>[] };
    expect(deployments.flatMap(problemsOf)).toEqual([]);
    expect(deployments[0]).toMatchObject(known);
  }
  const [first] = (await system.load()).deployments;
  await job('sysroot.pin', { sysroot: system.os.sysroot, deploymentId: first?.id ?? '', pinned: false });
  await change({ noLayering: true, noOverrides: true });
});

test('what is done is what was planned (field report 7)', async () => {
  const changes: NonNullable<UpgradeParams['change']>[] = [
    { install: ['plain'] },
    { overrideReplace: [{ repo: 'more', packages: ['leaf'] }] },
    { overrideReset: ['leaf'], overrideRemove: ['leaf'] },
  ];
  for (const each of changes) {
    const before = await system.unchanged();
    const plan = told(await change(each, { dryRun: true }));
    expect(await system.unchanged()).toEqual(before);
    expect(told(await change(each))).toEqual(plan);
  }
  await compose('2');
  await job('update.check', system.os);
  const plan = (await job('update.plan', system.os)).result;
  expect(plan.layer?.replaced).toEqual([{ before: 'leaf-2-1.noarch' }]);
  expect(told(await run({}))).toEqual(told(plan));
  expect(await system.names()).toEqual(['app-2', 'filesystem-1', 'helper-1', 'kernel-2', 'plain-1', 'testshell-1']);
  await change({ noLayering: true, noOverrides: true });
});

test('kernel arguments with quotes, blanks, without a value and twice stay as they are when packages come and go (field report 13)', async () => {
  const args = ['empty=', 'bare', 'q="a b"', 'dup=1', 'dup=1', 'dup=2', '"quoted=x y"'];
  await job('sysroot.kargs', { ...system.os, append: args, replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] });
  const now = async (): Promise<readonly string[] | undefined> => (await system.load()).deployments[0]?.kernelArgs;
  const before = await now();
  expect(before).toEqual(['root=LABEL=test', ...args]);
  await change({ install: ['plain'] });
  expect(await now()).toEqual(before);
  await change({ uninstall: ['plain'] });
  expect(await now()).toEqual(before);
});

test('a dead repository can be got rid of with the package that brought it, and is named until then (field report 14)', async () => {
  await change({ install: ['vendor', 'plain'] });
  const named = async (asked: Promise<unknown>): Promise<string> => {
    const report = await refused(asked);
    expect(report.code).toBe('rpmmd.unreachable');
    return errorLine(report);
  };
  expect(await named(change({ uninstall: ['vendor'] }))).toContain('--disablerepo=vendor');
  // what asks no repository isn't stopped by it
  await job('sysroot.kargs', { ...system.os, append: ['x'], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] });
  await job('sysroot.kargs', { ...system.os, append: [], replace: [], remove: ['x'], appendIfMissing: [], deleteIfPresent: [] });
  await change({ uninstall: ['vendor'] }, { disablerepo: ['vendor'] });
  expect(await system.names()).toEqual(expect.arrayContaining(['plain-1']));
  expect((await change({ uninstall: ['plain'] })).changed).toBe(true);
  expect((await system.load()).deployments[0]).not.toHaveProperty('layer');
});

test('cancelled while a script waits: over at once, nothing of it goes on, and the next change works (field report 16)', async () => {
  const before = (await system.load()).deployments;
  let waits: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (waits = resolve));
  const params = { ...system.os, noPullBase: true, change: { install: ['waits'] } };
  const running = runJob('update.upgrade', params, {
    worker,
    onEvent: (event) => {
      if (event.type === 'task' && event.text === 'Putting packages onto the base') waits();
    },
  });
  const end = refused(running.done);
  await waiting;
  const isThere = (): boolean => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(`sleep ${ownSeconds}`);
  await expect.poll(isThere, { timeout: 60_000 }).toBe(true);
  expect(running.cancel()).toBe(true);
  expect(await end).toMatchObject({ code: 'job.cancelled' });
  await expect.poll(isThere, { timeout: 60_000 }).toBe(false);
  expect((await system.load()).deployments).toEqual(before);
  await change({ install: ['plain'] });
  const { drafts, refs } = (await system.unchanged()) as { drafts: string[]; refs: [string, string][] };
  expect([drafts, refs.map(([name]) => name).filter((name) => /tmp|waits/.test(name))]).toEqual([[], []]);
  await change({ uninstall: ['plain'] });
});

test.each<[what: string, lines: string, base: string, expected: { readonly code?: string; readonly names: readonly string[] }]>([
  ['asks for nothing, in so many words', '[packages]\nrequested=;;\n\n[overrides]\nremove=\n', 'refspec', { names: [] }],
  ['asks for one twice', '[packages]\nrequested=plain;plain;\nrequested=plain;\n', 'baserefspec', { names: ['plain'] }],
  ['asks for packages under a base that names no layer', '[packages]\nrequested=plain;\n', 'refspec', { names: ['plain'] }],
  ['asks for nothing under a base of a layer', '', 'baserefspec', { names: [] }],
  ['leaves out what the base doesn’t have', '[overrides]\nremove=nothing-of-it;\n', 'baserefspec', { names: ['nothing-of-it'] }],
  [
    'asks for what nobody has',
    '[packages]\nrequested=nothing-of-it;\n',
    'baserefspec',
    { code: 'package.not-found', names: ['nothing-of-it'] },
  ],
  [
    'asks for a local package that isn’t kept',
    `[packages]\nrequested-local=${'a'.repeat(64)}:mine-1-1.noarch;\n`,
    'baserefspec',
    { code: 'layer.local-lost', names: ['mine-1-1.noarch'] },
  ],
  [
    'names a local package in a form that nobody knows',
    '[packages]\nrequested-local=mine;\n',
    'baserefspec',
    { code: 'layer.local-lost', names: ['mine'] },
  ],
  [
    'asks for what this version doesn’t know',
    '[packages]\nrequested-later=x;\n',
    'baserefspec',
    { code: 'update.would-lose', names: ['requested-later'] },
  ],
])('an origin that %s: listed; changed, or refused by what it is (field report 12)', async (_, lines, base, { code, names }) => {
  const [first] = (await system.load()).deployments;
  const file = `${await system.root()}.origin`;
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, `[origin]\n${base}=origin:${ref}\n\n${lines}`);
  const [now] = (await system.load()).deployments;
  expect([now?.id, now?.origin.refspec, now?.origin.problem]).toEqual([first?.id, `origin:${ref}`, undefined]);
  const dry = change({ install: ['helper'] }, { dryRun: true });
  if (code === undefined) {
    const { layer } = await dry;
    const asked = ['helper', ...names.filter((name) => name === 'plain')];
    expect(layer?.added.map(({ name }) => name).sort()).toEqual(asked.sort());
  } else {
    const report = await refused(dry);
    expect(report.code).toBe(code);
    for (const name of names) expect(errorLine(report)).toContain(name);
  }
  // what is known can be dropped
  if (code !== 'update.would-lose')
    expect((await change({ noLayering: true, noOverrides: true }, { dryRun: true })).checksum ?? '').toMatch(/^[0-9a-f]{64}$/);
  writeFileSync(file, good);
});
