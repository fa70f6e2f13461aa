// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { decodeRpmDiff } from '../../main/client/decode.ts';
import { startBus, type PrivateBus } from '../../main/demo/bus.ts';
import { Variant, type ValueOf } from '../../shared/dbus/index.ts';
import { connectAbstract } from '../../main/native/linux/abstract-socket.ts';
import { until } from './peer.ts';
import { startStockDaemon, type StockDaemon, type StockOptions } from './stock-daemon.ts';
import { finishOrders } from './stock-transaction.ts';

/** Our client and our command line on a machine whose service is a stock rpm-ostreed. */
let dir: string;
let bus: PrivateBus;
let daemon: StockDaemon | undefined;
let client: FullHostClient;

beforeEach(async () => {
  dir = mkdtempSync('/dev/shm/treeline-bus-');
  bus = await startBus({
    dir,
    busPolicies: [path.resolve('assets/system/org.projectatomic.rpmostree1.conf')],
    polkitActions: [],
    polkitRules: '',
  });
});
afterEach(async () => {
  client?.close();
  await daemon?.close();
  await bus.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function stock(options: StockOptions = {}): Promise<StockDaemon> {
  daemon = await startStockDaemon(bus.address, options);
  client = createHostClient({ address: bus.address, clientId: 'test', connectAbstract, stockVersion: () => Promise.resolve('2018.7') });
  return daemon;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function treeline(...list: readonly (string | NodeJS.ProcessEnv)[]): Promise<Ended> {
  const args = list.filter((each) => typeof each === 'string');
  const env = Object.assign({ ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address }, ...list.filter((each) => typeof each !== 'string'));
  return promisify(execFile)(process.execPath, [path.resolve('dist/cli/treeline.mjs'), ...args], { env }).then(
    (done) => ({ code: 0, ...done }),
    (error: Ended) => error,
  );
}

describe('the end of a job', () => {
  test.each([false, true])('is told right in whatever order the messages come (abstract sockets: %s)', async (abstract) => {
    await stock({ abstract, orders: finishOrders });
    const seen = new Map<string, number>();
    for (let i = 0; i < 50; i++) {
      const job = await client.cleanup(['repomd']);
      seen.set(job.phase, (seen.get(job.phase) ?? 0) + 1);
    }
    expect([...seen]).toEqual([['succeeded', 50]]);
  });

  test('a failure is told in the daemon’s own words', async () => {
    await stock({ orders: finishOrders, failure: 'Checksum abc not found in test/stable' });
    for (let i = 0; i < finishOrders.length; i++) {
      const job = await client.deploy('revision=abc', {});
      expect(job).toMatchObject({ phase: 'failed', error: { code: 'service.said', detail: 'Checksum abc not found in test/stable' } });
    }
  });

  test('a daemon that goes away in the middle is a failure, not a success', async () => {
    await stock({ orders: ['closed'] });
    expect(await client.rebase('other', {})).toMatchObject({ phase: 'failed', error: { code: 'service.unreachable' } });
  });
});

describe('kernel arguments', () => {
  const sent = (): unknown => daemon?.calls.find(({ member }) => member === 'KernelArgs')?.body[0];

  test('are read first and sent as read, so none gets lost', async () => {
    const told = 'root=UUID=1  rw "init=/a b" quiet ostree=/ostree/boot.1/testos/x/0';
    const running = await stock({ kernelArgs: told });
    expect(await client.kernelArgs({ append: ['debug'] })).toMatchObject({ phase: 'succeeded', changed: true });
    const members = running.calls.map(({ member }) => member).filter((member) => /KernelArgs|BootConfig/.test(member));
    expect(members.slice(-2)).toEqual(['GetDeploymentBootConfig', 'KernelArgs']);
    expect(sent()).toBe(told);
    expect(running.calls.find(({ member }) => member === 'KernelArgs')?.signature).toBe('sasasasa{sv}');
    expect(running.kernelArgs).toBe(`${told} debug`);
  });

  test('nothing is sent when the daemon doesn’t tell them', async () => {
    await stock({ kernelArgs: undefined });
    await expect(client.kernelArgs({ append: ['debug'] })).rejects.toMatchObject({ code: 'service.said' });
    expect(await treeline('kargs')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('didn’t tell the kernel arguments'),
    });
    expect((await treeline('kargs', '--append=debug')).code).toBe(1);
    expect(sent()).toBeUndefined();
    expect((await client.snapshot()).deployments[0]?.kernelArgs).toBeUndefined();
  });

  test('nothing is sent when they are others than those that were edited', async () => {
    await stock();
    await expect(client.kernelArgs({ existing: 'root=UUID=2', final: 'root=UUID=2 x' })).rejects.toMatchObject({ code: 'kargs.changed' });
    expect(sent()).toBeUndefined();
  });

  test('by the command line: shown, of a chosen deployment, of the running kernel', async () => {
    const running = await stock({ abstract: true });
    expect((await treeline('kargs')).stdout).toBe('root=UUID=1 rw quiet\n');
    expect((await treeline('kargs', '--append=debug')).stdout).toContain('root=UUID=1 rw quiet debug\n');
    running.calls.length = 0;
    expect((await treeline('kargs', '--deploy-index=1', '--append=x')).code).toBe(0);
    const asked = running.calls.filter(({ member }) => /KernelArgs|BootConfig/.test(member));
    const at = asked.findIndex(({ member }) => member === 'KernelArgs');
    expect(asked[at - 1]?.body).toEqual(['1', false]);
    running.calls.length = 0;
    await treeline('kargs', '--import-proc-cmdline', '--append=imported');
    const change = running.calls.find(({ member }) => member === 'KernelArgs')?.body as [string, string[], string[], string[], object];
    expect(change[0]).toContain('root=UUID=1');
    expect(change[4]).toMatchObject({ 'final-kernel-args': { value: expect.stringMatching(/ imported( |$)/) } });
  });
});

describe('kernel arguments in an editor', () => {
  const told = 'root=UUID=1 rw quiet ostree=/ostree/boot.1/testos/x/0';
  /** Runs `script` with the file as $1 in place of an editor; says what it saw. */
  async function edited(script: string): Promise<Ended & { saw: string }> {
    const [editor, saw] = [path.join(dir, 'editor'), path.join(dir, 'saw')];
    writeFileSync(editor, `#!/bin/sh\ncat "$1" > ${saw}\n${script}\n`, { mode: 0o755 });
    const ended = await treeline('kargs', '--editor', '--unchanged-exit-77', { EDITOR: editor, VISUAL: '' });
    return { ...ended, saw: existsSync(saw) ? readFileSync(saw, 'utf8') : '' };
  }
  const change = (): readonly unknown[] | undefined => daemon?.calls.find(({ member }) => member === 'KernelArgs')?.body;

  test('blanks in quotes and what is quoted stay as they were typed', async () => {
    await stock({ kernelArgs: told });
    expect((await edited(`echo '  dyndbg="file a.c  +p"   # no comment' > "$1"`)).code).toBe(0);
    expect(change()?.at(-1)).toMatchObject({ 'final-kernel-args': { value: 'dyndbg="file a.c  +p" # no comment' } });
  });

  test('are read before it starts, and once more before they are sent: with what was read, all of it', async () => {
    const running = await stock({ kernelArgs: told });
    const { code, saw, stdout } = await edited(`sed -i 's/quiet/debug/' "$1"`);
    expect([code, saw.split('\n')[0]]).toEqual([0, told]);
    const asked = running.calls.map(({ member }) => member).filter((member) => /KernelArgs|BootConfig/.test(member));
    // of both deployments before the editor, of the chosen one after it
    expect(asked.slice(0, 4)).toEqual([...Array<string>(3).fill('GetDeploymentBootConfig'), 'KernelArgs']);
    expect(change()).toEqual([
      told,
      [],
      [],
      [],
      expect.objectContaining({ 'final-kernel-args': new Variant('s', told.replace('quiet', 'debug')) }),
    ]);
    expect(running.kernelArgs).toBe(told.replace('quiet', 'debug'));
    expect(stdout).toContain(`${told.replace('quiet', 'debug')}\n`);
  });

  test('nothing is sent when nothing was told, changed or left, when the editor fails, or others changed them meanwhile', async () => {
    await stock({ kernelArgs: undefined });
    expect(await edited('true')).toMatchObject({ code: 1, saw: '', stderr: expect.stringContaining('didn’t tell the kernel arguments') });
    expect(change()).toBeUndefined();
    await daemon?.close();
    const running = await stock({ kernelArgs: told });
    expect(await edited('true')).toMatchObject({ code: 77, stdout: 'No changes.\n' });
    expect(await edited(': > "$1"')).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was changed') });
    expect(await edited(`echo x >> "$1"; exit 3`)).toMatchObject({ code: 1, stderr: expect.stringContaining('ended with 3') });
    expect(change()).toBeUndefined();
    // the editor lasts until somebody else has changed them
    const changing = until(() => existsSync(path.join(dir, 'saw.now'))).then(() => {
      running.kernelArgs = `${told} theirs`;
      writeFileSync(path.join(dir, 'changed'), '');
    });
    const ended = await edited(`touch ${dir}/saw.now; while [ ! -e ${dir}/changed ]; do sleep 0.02; done; echo mine >> "$1"`);
    await changing;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: The kernel arguments have changed/) });
    expect(change()).toBeUndefined();
  });
});

describe('the command line', () => {
  test('checks and upgrades with the words that scripts look for', async () => {
    await stock();
    const check = await treeline('upgrade', '--check');
    expect(check).toMatchObject({ code: 0, stdout: expect.stringMatching(/^AvailableUpdate:\n +Version: 2 \(.*\)\n +Commit: c{64}\n/) });
    // it has none in its cached update: not told isn't none
    expect(check.stdout).toContain('\n  SecAdvisories: unknown\n');
    expect((await treeline('upgrade')).stdout).toMatch(/^Changes queued for next boot\. Run "systemctl reboot" to start a reboot$/m);
    expect((await treeline('upgrade', '--reboot')).stdout).not.toContain('Changes queued');
  });

  test('says that nothing changed, as the daemon’s own does', async () => {
    await stock({ orders: finishOrders, abstract: true, upgrades: false });
    expect(await treeline('upgrade', '--unchanged-exit-77')).toMatchObject({
      code: 77,
      stdout: expect.stringContaining('No upgrade available.'),
    });
    expect((await treeline('upgrade')).code).toBe(0);
    expect(await treeline('kargs', '--append=new', '--unchanged-exit-77')).toMatchObject({ code: 0 });
  });

  test('shows errors in the daemon’s words, and who lacks what', async () => {
    await stock({ refusal: ['org.projectatomic.rpmostreed.Error.InvalidRefspec', 'Invalid refspec ~'] });
    const refused = await treeline('rebase', 'x:y');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: The update service reports an error\. Invalid refspec ~\./),
    ]);
    const lacking = await treeline('pin', '0');
    expect([lacking.code, lacking.stderr]).toEqual([1, expect.stringMatching(/rpm-ostreed( [\d.]+)? doesn’t offer it: Pinning\./)]);
    await expect(client.pin('x', true)).rejects.toMatchObject({ report: { facts: { owner: 'rpm-ostreed 2018.7' } } });
    await expect(client.preview({})).rejects.toMatchObject({ code: 'service.lacks' });
  });

  test.each([
    ['org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26', 'Transaction in progress', 'sysroot.busy'],
    ['org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code0', 'opcode=5', 'service.said'],
    ['org.projectatomic.rpmostreed.Error.NotAuthorized', 'rollback not allowed for user', 'auth.denied'],
    ['org.projectatomic.rpmostreed.Error.Failed', 'No previous deployment', 'service.said'],
  ])('knows %s', async (name, text, code) => {
    await stock({ refusal: [name, text] });
    await expect(client.rollback({})).rejects.toMatchObject({ code, report: { detail: text } });
  });

  test('announces itself as the environment says', async () => {
    const running = await stock();
    process.env.RPMOSTREE_CLIENT_ID = 'zincati';
    await treeline('status').finally(() => delete process.env.RPMOSTREE_CLIENT_ID);
    expect(running.calls.find(({ member }) => member === 'RegisterClient')?.body).toEqual([{ id: { signature: 's', value: 'zincati' } }]);
  });
});

describe('what the daemon doesn’t tell', () => {
  test('is unknown, not nothing', async () => {
    await stock({ kernelArgs: undefined });
    const { deployments, check } = await client.snapshot();
    expect(deployments[0]?.kernelArgs).toBeUndefined();
    const update = check.kind === 'available' ? check.update : undefined;
    expect(update).toMatchObject({ version: '2', counts: { upgraded: 1 } });
    for (const key of ['sizes', 'security', 'signatures'] as const) expect.soft(update, key).not.toHaveProperty(key);
    expect(check).not.toHaveProperty('checkedAt');
    expect(await client.updateDetails()).toMatchObject({
      notTold: ['changelogs', 'advisories', 'signatures'],
      packages: [{ name: 'kernel' }],
    });
    const { stdout } = await treeline('status', '-v');
    expect(stdout).toMatch(/Download: unknown\n/);
    expect(stdout).toMatch(/SecAdvisories: unknown\n/);
    expect(stdout).toMatch(/GPGSignature: unknown\n/);
    // of this machine's own file systems
    expect((await client.diskUse()).freeBytes).toBeGreaterThan(0);
    expect(await client.diskUse()).not.toHaveProperty('repoBytes');
  });

  test('is looked up where anybody may: the size of its repository, and unknown where that can’t be read', async () => {
    const sysroot = path.join(dir, 'root');
    const objects = path.join(sysroot, 'ostree/repo/objects');
    for (const [prefix, bytes] of [
      ['00', 5000],
      ['ff', 70_000],
    ] as const) {
      mkdirSync(path.join(objects, prefix), { recursive: true });
      writeFileSync(path.join(objects, prefix, 'a.file'), Buffer.alloc(bytes, 1));
    }
    await stock({ path: sysroot });
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      `find "$1" -type f -printf '%b\\n' | awk '{s += $1} END {print s * 512}'`,
      'sh',
      objects,
    ]);
    expect((await client.diskUse()).repoBytes).toBe(Number(stdout));
    writeFileSync(path.join(objects, 'no-directory'), '');
    expect(await client.diskUse()).not.toHaveProperty('repoBytes');
  });

  test('advisories are those of its cached update, and odd values throw nothing', async () => {
    const cve = [['https://x/1', 'CVE-2026-1 x']];
    const rows = [
      ['A-1', 1, 3, ['kernel-2.0-1.x86_64'], { cve_references: new Variant('a(ss)', cve) }],
      ['A-2', 1, 9, [], {}],
      ['A-3', 7, 0, [], {}],
    ];
    await stock({
      cachedUpdate: {
        checksum: new Variant('s', 'c'.repeat(64)),
        version: new Variant('s', '2'),
        timestamp: new Variant('t', 1795600981n),
        'gpg-enabled': new Variant('b', true),
        signatures: new Variant('s', 'no list'),
        'rpm-diff': new Variant('a{sv}', { upgraded: new Variant('s', 'no list') }),
        advisories: new Variant('a(suuasa{sv})', rows),
      },
    });
    const { check } = await client.snapshot();
    expect(check).toMatchObject({ update: { security: { count: 2, worst: 'important' }, signatures: [], counts: { upgraded: 0 } } });
    const { advisories, notTold } = await client.updateDetails();
    expect(advisories.map(({ id, kind, severity }) => [id, kind, severity])).toEqual([
      ['A-1', 'security', 'important'],
      ['A-2', 'security', 'none'],
      ['A-3', 'unknown', 'none'],
    ]);
    expect(advisories[0]?.references).toMatchObject([{ kind: 'cve', id: 'CVE-2026-1' }]);
    expect(notTold).toEqual(['changelogs']);
  });
});

test('a kind of change that isn’t known is what its two sides say', () => {
  const side = (evr: string): Variant => new Variant('(sss)', ['n', evr, 'noarch']);
  const diff = (rows: ValueOf<'a(sua{sv})'>): readonly string[] => decodeRpmDiff(rows).map(({ kind }) => kind);
  expect(diff([['n', 9, { PreviousPackage: side('2-1'), NewPackage: side('1-1') }]])).toEqual(['downgraded']);
  expect(diff([['n', 9, { PreviousPackage: side('1-1'), NewPackage: side('2-1') }]])).toEqual(['upgraded']);
  expect(diff([['n', 9, { NewPackage: side('2-1') }]])).toEqual(['added']);
  expect(diff([['n', 9, { PreviousPackage: side('2-1') }]])).toEqual(['removed']);
  expect(diff([['n', 9, {}]])).toEqual([]);
  // a side of another type is none
  expect(diff([['n', 9, { PreviousPackage: new Variant('s', '2-1'), NewPackage: side('1-1') }]])).toEqual(['added']);
});
