// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlainHost, publishPlain, type PlainHost } from '../../main/demo/plain-releases.ts';
import type { JobEvent } from '../../main/engine/jobs/index.ts';
import { result, simulatedSession, type Step } from './simulated-session.ts';

/** What the next start must lead to. */
interface Model {
  readonly branch: string;
  readonly version: string;
  readonly kargs: readonly string[];
}

interface Operation {
  readonly step: Exclude<Step, string>;
  readonly changes: (before: Model) => Partial<Model>;
}

const osname = 'plain';
const os = { sysroot: '/', osname } as const;
const stable = 'plain/x86_64/stable';
const testing = 'plain/x86_64/testing';
const newest: Record<string, string> = { [stable]: '3', [testing]: 't2' };

const noChange = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] } as const;
const add = (arg: string): Operation => ({
  step: ['sysroot.kargs', { ...os, ...noChange, append: [arg] }],
  changes: ({ kargs }) => ({ kargs: [...kargs, arg] }),
});
const remove = (arg: string): Operation => ({
  step: ['sysroot.kargs', { ...os, ...noChange, remove: [arg] }],
  changes: ({ kargs }) => ({ kargs: kargs.filter((each) => each !== arg) }),
});
const upgrade: Operation = { step: ['update.upgrade', os], changes: ({ branch }) => ({ version: newest[branch] }) };
const deployVersion = (version: string): Operation => ({
  step: ['update.upgrade', { ...os, revision: `version=${version}`, allowDowngrade: true }],
  changes: () => ({ version }),
});
const rebase = (branch: string, version?: string): Operation => ({
  step: [
    'update.upgrade',
    { ...os, refspec: `plain:${branch}`, allowDowngrade: true, ...(version ? { revision: `version=${version}` } : {}) },
  ],
  changes: () => ({ branch, version: version ?? newest[branch] }),
});

let dir: string;
let host: PlainHost;

beforeAll(async () => {
  // tmpfs: never on the machine's root file system, which writing boot entries would freeze
  dir = mkdtempSync('/dev/shm/treeline-sequences-');
  chmodSync(dir, 0o755);
  host = await makePlainHost(dir);
  await publishPlain(host, 3);
  for (const version of ['t1', 't2']) {
    const commit = ['commit', `--branch=${testing}`, `--tree=ref=${host.commits[1]}`, `--add-metadata-string=version=${version}`];
    execFileSync('ostree', [`--repo=${host.repo}`, ...commit], { stdio: 'ignore' });
  }
  execFileSync('ostree', [`--repo=${host.repo}`, 'summary', '-u'], { stdio: 'ignore' });
});

afterAll(() => {
  execFileSync('bash', ['-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`]);
  rmSync(dir, { recursive: true, force: true });
});

const look = ['sysroot.load', { sysroot: '/' }] as const;
const machine = 'sed "s/BOOT_IMAGE=[^ ]* //; s/ ostree=[^ ]*//" /proc/cmdline';

/** Each row happens in one start of the same machine, one after the other. */
const starts: readonly (readonly Operation[])[] = [
  [add('a=1'), upgrade],
  [rebase(testing, 't1'), add('b=2'), upgrade],
  [remove('a=1'), deployVersion('t1')],
  [rebase(stable), add('c=3'), rebase(testing)],
  [upgrade, remove('b=2'), rebase(stable)],
];

test('each operation builds on what is staged: versions, branches and kernel arguments follow from all of them', async () => {
  let model: Model = { branch: stable, version: '1', kargs: ['root=LABEL=plain', 'quiet'] };
  for (const operations of starts) {
    const events = await simulatedSession(dir, host, [machine, look, ...operations.map(({ step }) => step), 'ostree admin status', look]);
    expectRunning(events, model);
    operations.forEach((operation, i) => {
      const event = events[i + 2];
      expect(event?.type, JSON.stringify(event)).toBe('result');
      model = { ...model, ...operation.changes(model) };
    });
    const status = events.at(-2) as { text: string };
    // libostree's own program names the same source for what is first
    expect(status.text.indexOf(`origin: plain:${model.branch}`)).toBe(status.text.indexOf('origin: '));
    const [first] = result(events.at(-1), 'sysroot.load').deployments;
    expect(first).toMatchObject({ staged: true, version: model.version, origin: { ref: model.branch }, kernelArgs: model.kargs });
  }
  const last = await simulatedSession(dir, host, [machine, look, ['sysroot.rollback', os], add('d=4').step, look]);
  expectRunning(last, model);
  // gone back to the one before, which isn't started yet: what comes now builds on that one
  const [, before] = result(last[1], 'sysroot.load').deployments;
  const back = { branch: before?.origin.ref ?? '', version: before?.version ?? '', kargs: [...(before?.kernelArgs ?? []), 'd=4'] };
  expect(back.version).not.toBe(model.version);
  expect(result(last.at(-1), 'sysroot.load').deployments[0]).toMatchObject({
    staged: true,
    version: back.version,
    kernelArgs: back.kargs,
  });
  expectRunning(await simulatedSession(dir, host, [machine, look]), back);
});

test('going back, deleting and cleaning up say before it happens what of what is staged goes with it', async () => {
  const events = (step: number): string => `cat /run/treeline-sim/app/shared/${step}.events`;
  const told = await simulatedSession(dir, host, [
    add('gone=1').step,
    ['sysroot.rollback', os],
    events(1),
    remove('quiet').step,
    ['sysroot.cleanup', { ...os, elements: ['pending-deploy'] }],
    events(4),
    ['sysroot.cleanup', { ...os, elements: ['pending-deploy'] }],
    events(6),
    look,
  ]);
  const [rollback, cleanup, again] = [2, 5, 7].map((i) => (told[i] as { text: string }).text);
  const running = result(told.at(-1), 'sysroot.load').deployments.find((each) => each.booted)?.version ?? '';
  const messages = (text: string | undefined): string[] =>
    (text ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JobEvent)
      .flatMap((event) => (event.type === 'message' ? [event.text] : event.type === 'uninterruptible' && event.on ? ['done'] : []));
  expect(messages(rollback)).toEqual([`Drops ${running}, which is staged, with kernel arguments +gone=1`, 'done']);
  expect(messages(cleanup)).toEqual([`Drops ${running}, which is staged, with kernel arguments -quiet`, 'done']);
  expect(messages(again)).toEqual([]);
});

function expectRunning([cmdline, state]: readonly JobEvent[], model: Model): void {
  expect((cmdline as { text: string }).text.trim()).toBe(model.kargs.join(' '));
  const booted = result(state, 'sysroot.load').deployments.find((each) => each.booted);
  expect(booted).toMatchObject({ version: model.version, origin: { ref: model.branch } });
}
