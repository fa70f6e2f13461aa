// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { iface, Variant, type Bus, type DbusCallError } from '../../shared/dbus/index.ts';
import { run, startTestHost, workerFile, type TestHost } from './host.ts';
import { call, os, sysroot, until } from './peer.ts';
import { endService } from './processes.ts';
import { treelineVersion } from '../../shared/domain/index.ts';

/** A wrong choice of a person comes back as rpm-ostreed says it, a wrong call as the bus does. */
const stockError = (name: string): string => `org.projectatomic.rpmostreed.Error.${name}`;

let host: TestHost;
let bus: Bus;

describe('calls that are wrong', () => {
  beforeAll(async () => {
    host = await startTestHost();
    bus = await host.connect();
  });
  afterAll(() => host?.stop());

  test.each([
    ['an object that isn’t there', '/nowhere', iface.peer, 'Ping', '', [], 'UnknownObject'],
    ['an object below ours that isn’t there', `${os}/deeper`, iface.peer, 'Ping', '', [], 'UnknownObject'],
    ['an interface that isn’t there', sysroot, 'org.example.Nothing', 'Ping', '', [], 'UnknownInterface'],
    ['an interface of another object', sysroot, iface.os, 'Upgrade', 'a{sv}', [{}], 'UnknownInterface'],
    ['a method that isn’t there', sysroot, iface.sysroot, 'Explode', '', [], 'UnknownMethod'],
    ['a method of Object.prototype', sysroot, iface.sysroot, 'toString', '', [], 'UnknownMethod'],
    ['a wrong signature', sysroot, iface.sysroot, 'GetOS', 'u', [1], 'InvalidArgs'],
    ['too few arguments', os, iface.os, 'Deploy', 's', ['1'], 'InvalidArgs'],
    ['an empty revision', os, iface.os, 'Deploy', 'sa{sv}', ['', {}], stockError('Failed')],
    ['a revision that looks like an option', os, iface.os, 'Deploy', 'sa{sv}', ['--os=x', {}], stockError('Failed')],
    ['an option of a wrong type', os, iface.os, 'Upgrade', 'a{sv}', [{ reboot: new Variant('s', 'yes') }], stockError('Failed')],
    ['a refspec with blanks', os, iface.os, 'Rebase', 'a{sv}sas', [{}, 'a b', []], stockError('InvalidRefspec')],
    ['a source of another kind', os, iface.os, 'Rebase', 'a{sv}sas', [{}, 'docker://a/b', []], stockError('InvalidRefspec')],
    ['a refspec to look at', os, iface.os, 'GetCachedRebaseRpmDiff', 'sas', ['a b', []], stockError('InvalidRefspec')],
    ['our own method', os, iface.treelineOs, 'RemoteVersions', 'sua{sv}', ['a b', 1, {}], 'InvalidArgs'],
    ['an unknown thing to clean up', os, iface.os, 'Cleanup', 'as', [['everything']], stockError('Failed')],
    ['a kernel argument with a newline', os, iface.os, 'KernelArgs', 'sasasasa{sv}', ['', ['a\nb'], [], [], {}], stockError('Failed')],
    ['a path instead of a deployment', sysroot, iface.treelineSysroot, 'Undeploy', 'sa{sv}', ['../../etc', {}], 'InvalidArgs'],
    ['a property that isn’t there', sysroot, iface.properties, 'Get', 'ss', [iface.sysroot, 'constructor'], 'InvalidArgs'],
  ] as const)('%s', async (_, objectPath, interfaceName, member, signature, body, errorName) => {
    const error = (await call(bus, objectPath, interfaceName, member, signature, body).catch(
      (refusal: unknown) => refusal,
    )) as DbusCallError;
    expect(error.errorName).toBe(errorName.includes('.') ? errorName : `org.freedesktop.DBus.Error.${errorName}`);
    expect(error.message).not.toMatch(/node_modules|\.mjs/);
  });

  test('options that nobody knows are let through, as the real daemon does', async () => {
    const options = { 'from-the-future': new Variant('aa{sv}', []), id: new Variant('s', 'test') };
    expect(await call(bus, sysroot, iface.sysroot, 'RegisterClient', 'a{sv}', [options])).toEqual([]);
  });

  test('a file descriptor that isn’t one doesn’t end the service', async () => {
    const { stderr } = await run(
      'gdbus',
      ['call', '--system', '-d', 'org.projectatomic.rpmostree1', '-o', os, '-m', `${iface.os}.Search`, '[handle 0]'],
      {
        env: host.env,
      },
    ).catch((error: { stderr: string }) => error);
    expect(stderr).not.toBe('');
    expect(await call(bus, sysroot, iface.peer, 'Ping')).toEqual([]);
  });

  test('a second service on the same bus gives up and says why', async () => {
    const child = spawn(
      process.execPath,
      [path.resolve('dist/helper/treelined.mjs'), `--worker=${workerFile}`, `--sysroot=${host.sysroot}`],
      { env: host.env },
    );
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(text).toContain('another service owns org.treeline.Treeline1');
  });
});

describe('coming and going', () => {
  const configFile = (): string => path.join(host.dir, 'rpm-ostreed.conf');
  beforeAll(async () => {
    host = await startTestHost();
    bus = await host.connect();
  });
  afterAll(() => host?.stop());

  test('it stays for a registered client and leaves when that one has gone', async () => {
    const client = await host.connect();
    await call(client, sysroot, iface.sysroot, 'RegisterClient', 'a{sv}', [{ id: new Variant('s', 'test') }]);
    // from now on: somebody is registered already
    writeFileSync(configFile(), '[Daemon]\nIdleExitTimeout=2\n');
    await call(bus, sysroot, iface.sysroot, 'ReloadConfig');
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(host.helper.exitCode).toBeNull();
    client.close();
    await until(() => host.helper.exitCode !== null);
    expect(host.helper.exitCode).toBe(0);
    rmSync(configFile());
  });

  test('its first answer doesn’t wait for the sysroot to be read (field report 21)', async () => {
    // one that never reads anything: how quick the answer is, is the benchmark's matter
    const stuck = path.join(host.dir, 'stuck.mjs');
    // the service may be gone before it begins
    const body = 'const parent = process.ppid; setInterval(() => (parent > 1 && process.ppid === parent) || process.exit(), 100);\n';
    writeFileSync(stuck, body);
    await host.startHelper(`--worker=${stuck}`);
    expect(await call(bus, sysroot, iface.properties, 'Get', 'ss', [iface.treelineSysroot, 'Version'])).toEqual([
      new Variant('s', treelineVersion),
    ]);
    await endService(host, 'SIGKILL');
    await host.startHelper();
  });

  test('a policy from the configuration, read again on demand', async () => {
    const policy = async (): Promise<unknown> =>
      ((await call(bus, sysroot, iface.properties, 'Get', 'ss', [iface.sysroot, 'AutomaticUpdatePolicy']))[0] as { value: unknown }).value;
    expect(await policy()).toBe('none');
    expect(await call(bus, os, iface.os, 'AutomaticUpdateTrigger', 'a{sv}', [{}])).toEqual([false, '']);
    const [enabled, address] = await call(bus, os, iface.os, 'AutomaticUpdateTrigger', 'a{sv}', [{ mode: new Variant('s', 'check') }]);
    expect([enabled, address]).toEqual([true, expect.stringMatching(/^unix:path=/)]);
    await call(bus, sysroot, iface.treelineSysroot, 'Cancel');
    writeFileSync(configFile(), '[Daemon]\nAutomaticUpdatePolicy=ex-stage\nIdleExitTimeout=never\n');
    await call(bus, sysroot, iface.sysroot, 'ReloadConfig');
    expect(await policy()).toBe('stage');
    expect(host.helperLog()).toContain('IdleExitTimeout=never is no number of seconds');
  });

  test('a change by ostree itself is noticed and told', async () => {
    const told: string[] = [];
    await bus.addMatch(`type='signal',interface='${iface.treelineSysroot}',member='Changed'`);
    bus.connection.onSignal = (signal) => void (signal.member === 'Changed' && told.push(signal.body[0] as string));
    await call(bus, sysroot, iface.treelineSysroot, 'Snapshot');
    // the watch begins some time after the first state was read and remembered
    let pinned = false;
    await until(async () => {
      await run('ostree', ['admin', 'pin', `--sysroot=${host.sysroot}`, ...(pinned ? ['-u'] : []), '0']);
      pinned = !pinned;
      return told.includes('deployments');
    });
  });

  test('a restart is asked of the configured program', async () => {
    await call(bus, sysroot, iface.treelineSysroot, 'Restart', 'a{sv}', [{}]);
    await until(() => existsSync(path.join(host.dir, 'rebooted')));
  });
});

test('a sysroot that isn’t one is an answer, not a crash', async () => {
  const broken = await startTestHost({ helperArgs: ['--sysroot=/nonexistent'] });
  try {
    const connection = await broken.connect();
    await expect(call(connection, sysroot, iface.treelineSysroot, 'Snapshot')).rejects.toMatchObject({
      errorName: 'org.treeline.Error.SysrootInvalid',
    });
    expect(await call(connection, sysroot, iface.peer, 'Ping')).toEqual([]);
  } finally {
    await broken.stop();
  }
});
