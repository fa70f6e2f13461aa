// SPDX-License-Identifier: LGPL-2.1-or-later
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePlainHost, plainRepoInside, type PlainHost, publishPlain } from '../../main/demo/plain-releases.ts';
import { tryRun } from '../../main/demo/processes.ts';
import { boot } from '../../main/demo/simboot.ts';

const root = path.resolve(import.meta.dirname, '../..');
const node = '/run/treeline-sim/node';
const momentsPerPhase = 25;
// tmpfs knows no FIFREEZE: a writer killed in the middle of it would leave an ext4 frozen
const scratch = mkdtempSync('/dev/shm/treeline-kill-');
const userNamespace = process.getuid?.() !== 0;

let base: PlainHost;
/** Seconds which an undisturbed run takes from the start of the program. */
const duration = { stage: 0, finalize: 0 };

async function clear(dir: string): Promise<void> {
  await tryRun('chattr', ['-R', '-i', dir]);
  rmSync(dir, { recursive: true, force: true });
}

/** Boot `sysroot`, run `script` in it, shut down or cut the power. What the script leaves in /var/report is the result. */
async function runInside(sysroot: string, script: string, more: { powerCut?: boolean; finalizeWrap?: string } = {}): Promise<string> {
  let output = '';
  const started = boot({
    sysroot,
    init: path.join(root, 'assets/simboot/boot.sh'),
    command: ['bash', '-c', script],
    once: true,
    userNamespace,
    binds: [
      { source: base.repo, target: plainRepoInside },
      { source: process.execPath, target: node },
      { source: scratch, target: '/run/treeline-sim/scratch' },
    ],
    onOutput: (text) => (output += text),
    ...more,
  });
  await started.ended;
  return output;
}

const worker = `${node} /run/treeline-sim/scratch/worker/worker.mjs`;
const job = (name: string, params: object): string => `echo '${JSON.stringify({ job: name, params })}'`;
const stageJob = job('update.upgrade', { sysroot: '/', osname: 'plain' });
const loadJob = job('sysroot.load', { sysroot: '/' });
const userEdit = 'my own words';
const edit = `echo '${userEdit}' > /etc/plain.d/user-edits.conf`;
const seconds = 'date +%s.%N';

beforeAll(async () => {
  // the worker as it is shipped, but built here: the test must not run an older one. koffi is looked for from the checkout.
  await build({
    entryPoints: [path.join(root, 'main/worker/entry.ts')],
    outfile: path.join(scratch, 'worker/worker.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi'],
    banner: { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" },
  });
  mkdirSync(path.join(scratch, 'node_modules/@koromix'), { recursive: true });
  for (const name of ['koffi', '@koromix'])
    cpSync(path.join(root, 'node_modules', name), path.join(scratch, 'node_modules', name), { recursive: true });
  base = await makePlainHost(path.join(scratch, 'base'));
  // release 3 has another kernel: a new directory in /boot, so that nothing of the bootloader's part is skipped
  await publishPlain(base, 3);
  const script = `${edit}; a=$(${seconds}); ${stageJob} | ${worker} 3>/var/events; echo "$a $(${seconds})" > /var/times; ls /run/ostree`;
  const trial = await copy('trial');
  writeFileSync(
    path.join(scratch, 'measure.sh'),
    `a=$(${seconds}); "$@"; rc=$?; echo "$a $(${seconds})" > /var/finalize-times; exit $rc\n`,
  );
  const output = await runInside(trial, script, { finalizeWrap: 'bash /run/treeline-sim/scratch/measure.sh' });
  const events = readFileSync(path.join(trial, 'ostree/deploy/plain/var/events'), 'utf8');
  expect(events, output).toContain('"type":"result"');
  duration.stage = elapsed(trial, 'times');
  duration.finalize = elapsed(trial, 'finalize-times');
  expect(await versionAfterRestart(trial)).toMatchObject({ version: '3' });
  await clear(trial);
});

afterAll(() => clear(scratch));

function elapsed(sysroot: string, file: string): number {
  const [from, to] = readFileSync(path.join(sysroot, 'ostree/deploy/plain/var', file), 'utf8')
    .split(' ')
    .map(Number);
  return (to ?? 0) - (from ?? 0);
}

/** A copy of the base sysroot with its hard links. */
async function copy(name: string): Promise<string> {
  const target = path.join(scratch, name);
  const { code, stderr } = await tryRun('cp', ['-a', base.sysroot, target]);
  expect(code, stderr).toBe(0);
  return target;
}

interface Seen {
  readonly version: string;
  readonly edit: string;
  readonly status: string;
  readonly fsck: string;
  readonly load: { type?: string; result?: { deployments: { booted: boolean; checksum: string }[] } };
}

/** What a person and the tools find at the next start. */
async function versionAfterRestart(sysroot: string): Promise<Seen> {
  const files = '/var/seen';
  const script = `mkdir -p ${files}; . /etc/os-release; echo $VERSION_ID > ${files}/version; cat /etc/plain.d/user-edits.conf > ${files}/edit
ostree admin status > ${files}/status 2>&1 || echo "failed $?" >> ${files}/status
ostree --repo=/sysroot/ostree/repo fsck > ${files}/fsck 2>&1 && echo clean > ${files}/fsck
${loadJob} | ${worker} 3>${files}/load`;
  const output = await runInside(sysroot, script, { powerCut: true });
  const read = (name: string): string => {
    const file = path.join(sysroot, 'ostree/deploy/plain/var/seen', name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : `nothing: ${output}`;
  };
  const load = read('load').split('\n').at(-1) ?? '{}';
  return {
    version: read('version'),
    edit: read('edit'),
    status: read('status'),
    fsck: read('fsck'),
    load: JSON.parse(load) as Seen['load'],
  };
}

function expectSound(seen: Seen, where: string): void {
  expect(seen.version, where).toMatch(/^[13]$/);
  expect(seen.status, where).toMatch(/^\* plain /m);
  expect(seen.fsck, where).toBe('clean');
  expect(seen.load.type, where).toBe('result');
  // our own reading names the same booted deployment as ostree's
  const booted = /^\* plain ([0-9a-f]{64})/m.exec(seen.status)?.[1];
  expect(seen.load.result?.deployments.find((each) => each.booted)?.checksum, where).toBe(booted);
  expect(seen.edit, where).toBe(userEdit);
}

/** What was left half-done is no obstacle: the same update reaches release 3. */
async function expectRetry(sysroot: string, where: string): Promise<void> {
  await runInside(sysroot, `${stageJob} | ${worker} 3>/var/events`);
  const seen = await versionAfterRestart(sysroot);
  expectSound(seen, `${where}, then again`);
  expect(seen.version, where).toBe('3');
}

describe('SIGKILL at any moment', () => {
  it(`of staging leaves a system that starts (${momentsPerPhase} moments)`, async () => {
    let killed = 0;
    // how long it takes depends on what else the machine does: a job that was faster than the kill tells where the work ends
    let limit = duration.stage;
    for (let index = 0; killed < momentsPerPhase && index < 3 * momentsPerPhase; index++) {
      const after = ((killed + Math.random()) * limit) / momentsPerPhase;
      const sysroot = await copy('work');
      const where = `staging killed after ${after.toFixed(4)} s of ${duration.stage.toFixed(4)} s`;
      await runInside(sysroot, `${edit}; ${stageJob} | timeout -s KILL ${after.toFixed(4)} ${worker} 3>/var/events`);
      expectSound(await versionAfterRestart(sysroot), where);
      if (readFileSync(path.join(sysroot, 'ostree/deploy/plain/var/events'), 'utf8').includes('"type":"result"')) limit = after;
      else killed += 1;
      if (index % 5 === 0) await expectRetry(sysroot, where);
      await clear(sysroot);
    }
    expect(killed, 'kills inside of the work').toBe(momentsPerPhase);
  });

  it(`of finalizing leaves a system that starts, old or new (${momentsPerPhase} moments)`, async () => {
    const versions = new Set<string>();
    let limit = duration.finalize;
    for (let index = 0; index < momentsPerPhase || (versions.size < 2 && index < 4 * momentsPerPhase); index++) {
      const part = index % momentsPerPhase;
      // how long it takes depends on what else the machine does: where all moments were before or behind the end, others are tried
      if (index > 0 && part === 0) limit *= versions.has('3') ? 0.5 : 2;
      const after = ((part + Math.random()) * limit) / momentsPerPhase;
      const sysroot = await copy('work');
      const where = `finalizing killed after ${after.toFixed(4)} s of ${limit.toFixed(4)} s`;
      const finalizeWrap = `timeout -s KILL ${after.toFixed(4)}`;
      await runInside(sysroot, `${edit}; ${stageJob} | ${worker} 3>/var/events`, { finalizeWrap });
      const seen = await versionAfterRestart(sysroot);
      expectSound(seen, where);
      versions.add(seen.version);
      if (index % 5 === 0) await expectRetry(sysroot, where);
      await clear(sysroot);
    }
    // else the moments weren't inside of the work
    expect(versions).toEqual(new Set(['1', '3']));
  });
});
