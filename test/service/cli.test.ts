// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, startTestHost, testUser, type TestHost } from './host.ts';
import { treelineVersion } from '../../shared/domain/index.ts';
import { until } from './peer.ts';

/** Under the name by which scripts of rpm-ostree's users call it: a link, as the package has it. */
let cli = path.resolve('dist/cli/treeline.mjs');
let host: TestHost;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const treeline = (...args: string[]): Promise<Outcome> => asUser(undefined, ...args);

async function asUser(user: string | undefined, ...args: string[]): Promise<Outcome> {
  const command = [...(user ? ['setpriv', '--reuid', user, '--regid', user, '--clear-groups'] : []), process.execPath, cli, ...args];
  return run(command[0] ?? '', command.slice(1), { env: host.env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Outcome) => ({ code, stdout, stderr }),
  );
}

interface StatusJson {
  readonly deployments: readonly { readonly version: string; readonly checksum: string; readonly pinned: boolean }[];
  readonly 'cached-update': { readonly version: string } | null;
}
const status = async (...args: string[]): Promise<StatusJson> =>
  JSON.parse((await treeline('status', '--json', ...args)).stdout) as StatusJson;

beforeAll(async () => {
  host = await startTestHost();
  symlinkSync(cli, path.join(host.dir, 'rpm-ostree'));
  cli = path.join(host.dir, 'rpm-ostree');
});
afterAll(() => host?.stop());

describe('over the bus', () => {
  test('no update is 77, an update is told with its version', async () => {
    expect(await treeline('upgrade', '--check')).toMatchObject({ code: 77, stdout: 'No updates available.\n' });
    expect(await treeline('upgrade', '--unchanged-exit-77')).toMatchObject({ code: 77 });
    expect(await treeline('upgrade')).toMatchObject({ code: 0 });
    host.publish(2);
    const check = await treeline('upgrade', '--check');
    expect(check).toMatchObject({ code: 0 });
    expect(check.stdout).toMatch(/Version: 2 \(2026-11-02T12:00:00Z\)/);
    expect(check.stdout).toContain('\n  SecAdvisories: 1 important\n           Diff: 1 upgraded, 1 removed, 1 added\n');
    expect((await status())['cached-update']?.version).toBe('2');
  });

  test('upgrade in a pipe prints plain lines, and the deployments are those of ostree', async () => {
    const upgrade = await treeline('upgrade');
    expect(upgrade).toMatchObject({ code: 0, stderr: '' });
    expect(upgrade.stdout).not.toContain('\r');
    expect(upgrade.stdout).not.toMatch(/\u001b/);
    const { stdout } = await run('ostree', ['admin', 'status', `--sysroot=${host.sysroot}`]);
    expect((await status()).deployments.map((each) => each.checksum)).toEqual(
      [...stdout.matchAll(/testos ([0-9a-f]{64})/g)].map((match) => match[1]),
    );
    expect((await treeline('status', '-J', '$.deployments[*].version')).stdout).toBe('[\n  "2",\n  "1"\n]\n');
  });

  test('rollback, pin, kargs, undeploy, history', async () => {
    expect(await treeline('rollback')).toMatchObject({ code: 0, stderr: '' });
    expect((await status()).deployments.map((each) => each.version)).toEqual(['1', '2']);
    expect(await treeline('pin', '1')).toMatchObject({ code: 0 });
    expect((await status()).deployments[1]?.pinned).toBe(true);
    expect(await treeline('unpin', '1')).toMatchObject({ code: 0 });
    const previewed = await treeline('kargs', '--append=a b=1', '--append=x="y  z"', '--preview');
    expect(previewed).toMatchObject({ code: 1, stderr: expect.stringContaining('a b=1') });
    expect((await treeline('kargs', '--append=x=y  z', '--delete=quiet', '--preview')).stdout).toBe(
      'Before: root=LABEL=root quiet\n After: root=LABEL=root x="y  z"\n',
    );
    expect(await treeline('kargs', '--import-proc-cmdline', '--deploy-index=0')).toMatchObject({ code: 1 });
    const kargs = await treeline('kargs', '--append=from.cli=1', '--delete=quiet');
    expect(kargs.stdout.trim().split('\n').at(-1)).toBe('root=LABEL=root from.cli=1');
    expect((await treeline('kargs')).stdout).toBe('root=LABEL=root from.cli=1\n');
    expect(await treeline('kargs', '--append-if-missing=from.cli=1', '--unchanged-exit-77')).toMatchObject({ code: 77 });
    const last = (await status()).deployments.length - 1;
    expect(await treeline('undeploy', String(last))).toMatchObject({ code: 0 });
    const history = await treeline('history', '--json');
    const entries = JSON.parse(history.stdout) as { action: string; by: object; kernelArgs?: object }[];
    expect(entries.map((entry) => entry.action).slice(0, 3)).toEqual(['undeploy', 'kargs', 'unpin']);
    expect(entries[1]?.kernelArgs).toEqual({ added: ['from.cli=1'], removed: ['quiet'] });
    expect((await treeline('history')).stdout).toContain('    kernel arguments +from.cli=1 -quiet\n');
    expect(entries[1]?.by).toEqual({ uid: 0, name: 'root', client: 'rpm-ostree kargs --append=from.cli=1 --delete=quiet' });
  });

  test('errors are one line with a reason and a next step, exit code 1', async () => {
    expect(await treeline('undeploy', '17')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: No such deployment\. .*“17”/),
    });
    expect(await treeline('kargs', '--delete=not.there')).toMatchObject({ code: 1, stderr: expect.stringContaining('not.there') });
    expect(await treeline('cleanup')).toMatchObject({ code: 1, stderr: expect.stringContaining('--base') });
    expect(await treeline('override', 'replace', 'htop', '--freeze')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--freeze is not supported'),
    });
    expect(await asUser(testUser, 'rollback')).toMatchObject({ code: 1, stderr: expect.stringContaining('Not allowed') });
    expect(await asUser(testUser, 'status')).toMatchObject({ code: 0, stderr: '' });
  });

  test('deploy by version, reload, cancel with nothing to cancel', async () => {
    expect(await treeline('deploy', 'version=1')).toMatchObject({ code: 0 });
    expect(await treeline('reload')).toMatchObject({ code: 0 });
    expect(await treeline('cancel')).toMatchObject({ code: 0, stdout: 'No job is running.\n' });
    expect(await treeline('cleanup', '--rollback', '--base')).toMatchObject({ code: 0 });
  });
});

describe('a registered driver of updates', () => {
  test('is told and respected, and can be bypassed', async () => {
    expect(await treeline('deploy', '', '--register-driver=zincati')).toMatchObject({ code: 0, stderr: '' });
    expect((await treeline('status')).stdout).toContain('AutomaticUpdatesDriver: zincati\n');
    expect(await status()).toMatchObject({ 'update-driver': { 'driver-name': 'zincati' } });
    const refused = await treeline('upgrade');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('zincati is registered')]);
    expect((await treeline('rebase', 'ostree://origin:other')).code).toBe(1);
    // whatever else may stand against it here
    expect((await treeline('upgrade', '--bypass-driver')).stderr).not.toContain('zincati');
    expect((await asUser(testUser, 'deploy', '', '--register-driver=mine')).code).toBe(1);
    expect((await treeline('status')).stdout).toContain('Driver: zincati\n');
  });
});

describe('without a service, on a sysroot of its own', () => {
  test('the same commands, run directly', async () => {
    const own = `--sysroot=${host.sysroot}`;
    host.publish(3);
    expect(await treeline('upgrade', own)).toMatchObject({ code: 0, stderr: '' });
    expect((await status(own)).deployments[0]?.version).toBe('3');
    expect(await treeline(own, 'rollback')).toMatchObject({ code: 0 });
    expect(await treeline(own, 'upgrade', '--reboot')).toMatchObject({ code: 1, stderr: expect.stringContaining('--reboot') });
    await run('ostree', ['fsck', `--repo=${host.sysroot}/ostree/repo`]);
  });

  test('--version begins with the name it was called by, and has versions of that name’s form', async () => {
    expect((await treeline('--version')).stdout).toMatch(/^rpm-ostree:\n Version: '20\d\d\.\d+'\n/);
    const { stdout } = await run(process.execPath, [path.resolve('dist/cli/treeline.mjs'), '--version']);
    expect(stdout).toMatch(new RegExp(`^treeline:\\n Version: '${treelineVersion.replaceAll('.', '\\.')}'\\n`));
    expect((await treeline('kargs', '--help')).stdout).toMatch(/^Usage: rpm-ostree kargs /);
  });
});

describe('while a job takes its time', () => {
  let slow: TestHost;
  beforeAll(async () => {
    // until somebody ends it
    process.env.TREELINE_TEST_SLOW = '600';
    slow = await startTestHost({ helperArgs: [`--worker=${path.join(import.meta.dirname, 'slow-worker.mjs')}`] });
  });
  afterAll(() => {
    delete process.env.TREELINE_TEST_SLOW;
    return slow?.stop();
  });
  const running = (): Promise<string> => run(process.execPath, [cli, 'status'], { env: slow.env }).then(({ stdout }) => stdout);

  test('Ctrl+C cancels it and says so; a second command meanwhile is told who is busy', async () => {
    const child = spawn(process.execPath, [cli, 'upgrade'], { env: slow.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    // a job that waits for its start, which is busy as well, holds nobody up
    await until(async () => (await running()).includes('Progress: '));
    const second = await run(process.execPath, [cli, 'rollback'], { env: slow.env }).catch((error: Outcome) => error);
    expect((second as Outcome).stderr).toMatch(/^error: Another job is running\. root has been running “upgrade” since/);
    const exit = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    expect(await exit).toBe(1);
    expect(errors).toMatch(/^error: Cancelled\./);
  });

  test('a command that is killed takes its job along', async () => {
    const child = spawn(process.execPath, [cli, 'upgrade'], { env: slow.env, stdio: 'ignore' });
    await until(async () => (await running()).includes('State: busy'));
    child.kill('SIGKILL');
    await until(async () => (await running()).includes('State: idle'));
  });
});
