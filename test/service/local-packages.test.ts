// SPDX-License-Identifier: LGPL-2.1-or-later
// Package files over the bus: sent by the command line, put onto the base of a system that runs; and what else may be sent.
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { iface, Variant, type Bus } from '../../shared/dbus/index.ts';
import { makeRpm, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, kernelPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from '../native/compose-fixture.ts';
import { testUser } from './host.ts';
import { call, os, runJob } from './peer.ts';
import { SimulatedHost } from './simulated.ts';
import { stayingUser } from './staying-user.ts';

let f: ComposeFixture;
let simulated: SimulatedHost;
let bus: Bus;
let server: Server;

beforeAll(async () => {
  simulated = await SimulatedHost.start();
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), kernelPackage('10'), appPackage('10'));
  const packages = '[app, kernel, filesystem, testshell]';
  const outcome = await f.compose(f.treefile(`packages: ${packages}\ncontainer: false\nautomatic-version-prefix: "10"\n`));
  await simulated.becomes(f.repo, outcome.checksum, '10');
  bus = await simulated.host.connect();
});
afterAll(async () => {
  server?.close();
  bus?.close();
  await simulated?.stop();
  f?.dispose();
});

const made = (source: RpmSource): string => makeRpm(path.join(simulated.host.dir, 'brought'), source);
const uploads = async (): Promise<string[]> => {
  const [booted] = (await simulated.client.snapshot()).deployments.filter((each) => each.booted);
  const places = ['var', `deploy/${booted?.checksum}.${booted?.serial}/var`].map((name) =>
    path.join(simulated.host.sysroot, 'ostree/deploy/testos', name, 'lib/treeline/uploads'),
  );
  return places.filter((place) => existsSync(place)).flatMap((place) => readdirSync(place));
};

test('a package file is installed, replaces one of the base, and is shown', async () => {
  expect(await simulated.treeline('install', made({ name: 'mine', files: { '/usr/share/mine': 'x'.repeat(300_000) } }))).toContain(
    'mine-1-1.noarch',
  );
  expect(await simulated.treeline('status')).toMatch(/LocalPackages: mine-1-1.noarch\n/);
  expect(await uploads()).toEqual([]);
  expect(await simulated.treeline('override', 'replace', made(appPackage('9')))).toContain('app');
  expect(await simulated.treeline('status')).toMatch(/LocalOverrides: app 10-1 -> 9-1\n/);
  const { deployments } = JSON.parse(await simulated.treeline('status', '--json')) as { deployments: Record<string, unknown>[] };
  expect(deployments[0]).toMatchObject({
    'requested-local-packages': ['mine-1-1.noarch'],
    'requested-base-local-replacements': ['app-9-1.noarch'],
    'base-local-replacements': [
      [
        ['app-9-1.noarch', 'app', 0, '9', '1', 'noarch'],
        ['app-10-1.noarch', 'app', 0, '10', '1', 'noarch'],
      ],
    ],
  });
  await simulated.client.restart();
  await simulated.restarted('10');
  expect(await simulated.names()).toBe('app-9 filesystem-1 kernel-10 mine-1 testshell-1');
});

test('one behind an address is fetched by the command line', async () => {
  const file = made({ name: 'fetched' });
  server = createServer((_, response) => void createReadStream(file).pipe(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await simulated.treeline('install', '--dry-run', `http://127.0.0.1:${port}/fetched-1-1.noarch.rpm`)).toContain(
    'Exiting because of --dry-run',
  );
  await expect(simulated.treeline('install', `http://127.0.0.1:1/fetched.rpm`)).rejects.toMatchObject({ code: 1 });
});

const open = async (name: string, size: bigint, on = bus): Promise<string> =>
  String((await call(on, os, iface.treelineOs, 'OpenUpload', 'st', [name, size]))[0]);
const write = (handle: string, offset: bigint, bytes: Buffer, on = bus): Promise<readonly unknown[]> =>
  call(on, os, iface.treelineOs, 'WriteUpload', 'sts', [handle, offset, bytes.toString('base64')]);
const install = (handle: string, on = bus): Promise<unknown> =>
  runJob(on, os, iface.os, 'UpdateDeployment', 'a{sv}a{sv}', [
    { 'treeline-install-uploads': new Variant('as', [handle]) },
    { 'no-pull-base': new Variant('b', true) },
  ]);

test('what is no package is refused by the name it was given, and nothing of it stays', async () => {
  const handle = await open('odd.rpm', 10n);
  await write(handle, 0n, Buffer.from('no package'));
  expect(await install(handle)).toEqual([false, expect.stringMatching(/odd\.rpm.*\[package\.corrupt\]/)]);
  expect(await uploads()).toEqual([]);
});

test('an upload is taken in order, as long as it was said to be, and whole', async () => {
  const handle = await open('a.rpm', 10n);
  await expect(write(handle, 5n, Buffer.from('late'))).rejects.toThrow(/0 bytes are here/);
  await expect(write(handle, 0n, Buffer.alloc(11))).rejects.toThrow(/10 bytes/);
  await write(handle, 0n, Buffer.alloc(5));
  await expect(install(handle)).rejects.toThrow(/5 of 10 bytes/);
  await expect(open('../a.rpm', 1n)).rejects.toThrow(/no name of a file/);
  await expect(open('a.rpm', 1n << 40n)).rejects.toThrow(/bytes/);
  await call(bus, os, iface.treelineOs, 'DropUpload', 's', [handle]);
  await expect(write(handle, 5n, Buffer.alloc(5))).rejects.toThrow(/no such upload/);
});

test('an upload is its connection’s: nobody else writes to it, takes it, or keeps it when that ends', async () => {
  const other = await simulated.host.connect();
  const handle = await open('a.rpm', 4n);
  await expect(write(handle, 0n, Buffer.alloc(4), other)).rejects.toThrow(/no such upload/);
  await expect(install(handle, other)).rejects.toThrow(/no such upload/);
  const its = await open('b.rpm', 4n, other);
  expect(await uploads()).toHaveLength(2);
  other.close();
  await vi.waitFor(async () => expect(await uploads()).toHaveLength(1));
  await expect(install(its)).rejects.toThrow(/no such upload/);
  await call(bus, os, iface.treelineOs, 'DropUpload', 's', [handle]);
});

test('the number and the bytes of one user are limited', async () => {
  const handles: string[] = [];
  for (let i = 0; i < 32; i++) handles.push(await open('a.rpm', 1n));
  await expect(open('a.rpm', 1n)).rejects.toThrow(/too-many/);
  for (const handle of handles) await call(bus, os, iface.treelineOs, 'DropUpload', 's', [handle]);
});

test('who may not send files, nor install them, is refused', async () => {
  const user = stayingUser(simulated.host, testUser);
  expect(await user.ask(iface.treelineOs, 'OpenUpload', 'st', ['a.rpm', 4])).toMatch(/auth\.|not authorized|NotAuthorized|AuthDenied/i);
  user.leave();
});
