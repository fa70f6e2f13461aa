// SPDX-License-Identifier: LGPL-2.1-or-later
import { statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Connection, iface, openSocket, Variant, type Bus, type DbusMessage } from '../../shared/dbus/index.ts';
import { inNetworkOrder, type Deployment } from '../../shared/domain/index.ts';
import { decodeDeployment } from '../../main/client/decode.ts';
import { deploymentDict } from '../../main/helper/encode.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { call, os, runJob, start, sysroot } from './peer.ts';
import { dictKeys, recording } from './recording.ts';
import { shapeOfOurs, shapeOfStock, stockLines, type Shape } from './stock-text.ts';
import { deploymentKeys, methods, properties, transactionSignals, updateKeys } from './surface.ts';

/*
 * Every call that a stock client makes gets the types of the real daemon: signatures, dictionary keys and what they hold. Two judges: what was recorded of a real
 * daemon (2018.7), read by GLib, and the published interface of a later one (2026.2).
 */
type Dict = Readonly<Record<string, Variant>>;
type Shapes = Readonly<Record<string, Shape>>;

const stock = stockLines();
const stockShapes = (tag: string): Shapes[] =>
  stock.filter((line) => line.tag === tag).map(({ value }) => shapeOfStock('a{sv}', (value as never[])[0] as never) as Shapes);
/** Tables that each commit may have others of. */
const metas = ['base-commit-meta', 'layered-commit-meta'];

/** A booted deployment that nothing further is known of. */
const bare = {
  id: 'testos-a.0',
  osname: 'testos',
  serial: 0,
  checksum: 'a',
  version: '1',
  timestamp: 1,
  booted: true,
  unlocked: 'none',
  signatures: [],
  verified: false,
  origin: {
    refspec: 'a:b',
    layering: {
      packages: [],
      localPackages: [],
      localFileoverrides: [],
      modules: [],
      removals: [],
      localReplacements: [],
      replacements: [],
      initramfsArgs: [],
      initramfsEtc: [],
    },
  },
  baseMeta: { version: { type: 's', value: '1' } },
} as unknown as Deployment;

let host: TestHost;
let bus: Bus;
beforeAll(async () => {
  host = await startTestHost({ helper: false });
  process.env.TREELINE_TEST_STARTS = host.env.TREELINE_TEST_STARTS = path.join(host.dir, 'starts');
  await host.startHelper(`--worker=${path.join(import.meta.dirname, 'counting-worker.mjs')}`);
  bus = await host.connect();
  host.publish(2);
  const done = async (...job: Parameters<typeof runJob>): Promise<void> => expect(await runJob(...job)).toEqual([true, '']);
  await done(bus, os, iface.treelineOs, 'Check', 'a{sv}', [{}]);
  await done(bus, os, iface.os, 'Upgrade', 'a{sv}', [{}]);
  host.publish(3);
  await done(bus, os, iface.os, 'DownloadUpdateRpmDiff', '', []);
  await done(bus, os, iface.os, 'DownloadDeployRpmDiff', 'sas', [host.checksums[2], []]);
});
afterAll(() => {
  delete process.env.TREELINE_TEST_STARTS;
  return host?.stop();
});

/** Workers that the service has started so far. */
const starts = (): number => statSync(path.join(host.dir, 'starts')).size;

const all = async (path: string, name: string): Promise<Dict> =>
  (await call(bus, path, iface.properties, 'GetAll', 's', [name]))[0] as Dict;
const shapes = async (path: string, name: string): Promise<Shapes> => shapeOfOurs('a{sv}', await all(path, name)) as Shapes;
const top = (shape: Shape | undefined): string => (typeof shape === 'string' ? shape : Array.isArray(shape) ? 'a' : 'a{sv}');

describe('what was recorded', () => {
  test('is read by GLib: the lines that are whole', () => {
    const count = (tag: string): number => stock.filter((line) => line.tag === tag).length;
    expect(count('OS.GetAll')).toBeGreaterThanOrEqual(4);
    for (const tag of ['Transaction.GetAll', 'Start', 'REPLY Upgrade', 'REPLY Rollback', 'REPLY PkgChange', 'REPLY UpdateDeployment'])
      expect(count(tag), tag).toBeGreaterThanOrEqual(1);
  });

  test('OS: every property, its type, and each key that a deployment or an update has there', async () => {
    const ours = await shapes(os, iface.os);
    const booted = Object.keys(ours.BootedDeployment as Shapes).length > 0;
    for (const real of stockShapes('OS.GetAll')) {
      for (const [property, shape] of Object.entries(real)) {
        expect(ours, property).toHaveProperty([property]);
        if (typeof shape === 'string') expect(ours[property], property).toBe(shape);
        // this system isn't booted, and has nothing layered: those keys are the next test's
        if (property === 'BootedDeployment' && !booted) continue;
        for (const [key, type] of Object.entries(shape as Shapes)) {
          if (/^(pending-)?base-(checksum|version|timestamp)$/.test(key) || metas.includes(key) || typeof shape === 'string') continue;
          const own = (ours[property] as Shapes)[key];
          expect(own === undefined ? 'missing' : top(own), `${property} ${key}`).toBe(top(type));
          if (key === 'rpm-diff') expect(own).toEqual(type);
        }
      }
    }
  });

  test.each(stockShapes('OS.GetAll').flatMap((real) => Object.entries(real).filter(([name]) => name.endsWith('Deployment'))))(
    'a dictionary like that of the real %s, with exactly its keys that name bases',
    (_name, real) => {
      const shape = real as Shapes;
      if (Object.keys(shape).length === 0) return expect(shape).toEqual({});
      const layered = 'base-checksum' in shape;
      const layer = { base: { checksum: 'b', version: '1', timestamp: 2 }, packages: [], modules: [], meta: {} };
      const deployment: Deployment = layered ? { ...bare, layer } : bare;
      const pending = 'pending-base-checksum' in shape ? { checksum: 'c', version: '2', timestamp: 3 } : undefined;
      const ours = shapeOfOurs('a{sv}', deploymentDict(deployment, pending)) as Shapes;
      for (const [key, type] of Object.entries(shape)) expect(ours[key] === undefined ? 'missing' : top(ours[key]), key).toBe(top(type));
      const named = (of: Shapes): string[] =>
        Object.keys(of).filter((key) => /^(pending-)?base-(checksum|version|timestamp)$|commit-meta/.test(key));
      expect(named(ours).sort()).toEqual(named(shape).sort());
      return undefined;
    },
  );

  test('a commit without a version has no key of one', () => {
    const none = {
      ...bare,
      version: '',
      layer: { base: { checksum: 'b', version: '', timestamp: 2 }, packages: [], modules: [], meta: {} },
    };
    const keys = Object.keys(deploymentDict(none, { checksum: 'c', version: '', timestamp: 3 }));
    expect(keys.filter((key) => key.endsWith('version'))).toEqual([]);
    expect(keys).toEqual(expect.arrayContaining(['timestamp', 'base-timestamp', 'pending-base-timestamp']));
  });
});

describe('what is published', () => {
  const objects = { Sysroot: sysroot, OS: os, OSExperimental: os } as const;
  const names = { Sysroot: iface.sysroot, OS: iface.os, OSExperimental: iface.osExperimental } as const;

  test.each(Object.keys(objects) as (keyof typeof objects)[])('%s: every method and property as gdbus shows it', async (name) => {
    const { stdout } = await run('gdbus', ['introspect', '--system', '-d', 'org.projectatomic.rpmostree1', '-o', objects[name]], {
      env: host.env,
    });
    const [, text = ''] =
      new RegExp(`interface ${names[name].replaceAll('.', '\\.')} \\{([^}]*\\}?[\\s\\S]*?)\\n  \\};`).exec(stdout) ?? [];
    const types = (list: string): string =>
      list
        .split(',')
        .map((arg) => arg.trim().split(/\s+/).at(-2) ?? '')
        .join('');
    const shown = [...text.matchAll(/^ {6}(\w+)\(([^)]*(?:\([^)]*\)[^)]*)*?)\);$/gm)].map(([, member = '', args = '']) => {
      const list = args
        .replace(/\s+/g, ' ')
        .split(/,\s*(?=in|out)/)
        .map((each) => each.trim());
      const of = (direction: string): string => types(list.filter((each) => each.startsWith(`${direction} `)).join(',')).trim();
      return `${member}(${of('in')})${of('out') ? ` ${of('out')}` : ''}`;
    });
    expect(shown).toEqual(expect.arrayContaining(methods[name] as string[]));
    for (const [property, type] of Object.entries(properties[name] ?? {}))
      expect(text).toMatch(new RegExp(`readonly ${type.replace(/[(){}]/g, '\\$&')} ${property} =`));
  });

  const later = 'not-supported';
  const no = new Variant('b', false);
  const eight = Object.fromEntries(
    ['reboot', 'allow-downgrade', 'cache-only', 'download-only', 'skip-purge', 'no-pull-base', 'dry-run', 'no-overrides'].map((key) => [
      key,
      no,
    ]),
  );
  /** Arguments as today's clients send them (GNOME Software, cockpit-ostree, Discover, rpm-ostree's own); what is refused, with its code. */
  const calls: readonly (readonly [call: string, args: () => readonly unknown[], refused?: string | undefined])[] = [
    ['Sysroot.RegisterClient', () => [{ id: new Variant('s', 'gnome-software') }]],
    ['Sysroot.Reload', () => []],
    ['Sysroot.ReloadConfig', () => []],
    ['Sysroot.GetOS', () => ['']],
    ['Sysroot.UnregisterClient', () => [{ id: new Variant('s', 'gnome-software') }]],
    ['OS.AutomaticUpdateTrigger', () => [{ mode: new Variant('s', 'check') }]],
    ['OS.GetDeploymentsRpmDiff', () => [host.checksums[0], host.checksums[1]].map((checksum) => `testos-${checksum}.0`)],
    ['OS.Deploy', () => [host.checksums[1], { reboot: no }]],
    ['OS.DownloadDeployRpmDiff', () => [host.checksums[1], []]],
    ['OS.GetCachedDeployRpmDiff', () => [host.checksums[2], []]],
    ['OS.Upgrade', () => [eight]],
    ['OS.DownloadUpdateRpmDiff', () => []],
    ['OS.GetCachedUpdateRpmDiff', () => ['']],
    ['OS.Rollback', () => [{ reboot: no }]],
    ['OS.ClearRollbackTarget', () => [{ reboot: no }]],
    ['OS.Rebase', () => [{ ...eight, revision: new Variant('s', '') }, 'test:test/stable', []]],
    ['OS.DownloadRebaseRpmDiff', () => ['test:build', []]],
    ['OS.Rebase', () => [eight, 'ostree-unverified-registry:a b', []], 'service.bad-refspec'],
    ['OS.DownloadRebaseRpmDiff', () => ['ostree-unverified-registry:quay.io/example/os:stable', []]],
    ['OS.UpdateDeployment', () => [{ 'set-refspec': new Variant('s', 'ostree-remote-registry:test:quay.io/example/os') }, {}]],
    ['OS.GetCachedRebaseRpmDiff', () => ['ostree-image-signed:docker://quay.io/example/os:stable', []], 'update.none'],
    ['OS.GetCachedRebaseRpmDiff', () => ['test:other', []], 'update.none'],
    ['OS.PkgChange', () => [{ 'dry-run': no }, ['htop'], []]],
    ['OS.SetInitramfsState', () => [true, [], {}]],
    ['OS.SetInitramfsState', () => [false, ['-I'], {}], 'service.bad-argument'],
    ['OS.InitramfsEtc', () => [[], [], false, false, {}]],
    ['OS.InitramfsEtc', () => [['/usr/x'], [], false, false, {}], 'service.bad-argument'],
    ['OS.KernelArgs', () => ['root=LABEL=root quiet', ['a=1'], [], [], { 'lock-finalization': no }]],
    ['OS.GetDeploymentBootConfig', () => ['', true]],
    ['OS.GetDeploymentBootConfig', () => ['0', false]],
    ['OS.GetDeploymentBootConfig', () => [`testos-${host.checksums[1]}.0`, false]],
    ['OS.GetDeploymentBootConfig', () => ['7', false], 'deployment.not-found'],
    ['OS.Cleanup', () => [['base', 'repomd', 'pending-deploy', 'rollback-deploy']]],
    ['OS.RefreshMd', () => [{ force: no }]],
    ['OS.ModifyYumRepo', () => ['updates', { enabled: '1' }]],
    ['OS.ListRepos', () => []],
    ['OS.UpdateDeployment', () => [{}, { 'no-layering': no, 'no-overrides': no }]],
    ['OS.FinalizeDeployment', () => [{ 'allow-missing-checksum': new Variant('b', true) }]],
    ['OS.WhatProvides', () => [['/usr/bin/htop']]],
    ['OS.GetPackages', () => [['htop']]],
    ['OS.Search', () => [['htop']]],
    ['OSExperimental.Moo', () => [true]],
    ['OSExperimental.Moo', () => [false]],
    ['OSExperimental.LiveFs', () => [{}]],
    ['OSExperimental.DownloadPackages', () => [['htop'], ''], later],
  ];

  test('no method is without a call', () => {
    const called = new Set(calls.map(([name]) => name));
    const known = Object.entries(methods).flatMap(([name, list]) => list.map((line) => `${name}.${line.split('(')[0]}`));
    expect([...called].sort()).toEqual(known.sort());
  });

  test.each(calls.map((row) => ({ name: row[0], args: row[1], refused: row[2] })))('$name', async ({ name, args, refused }) => {
    const [of = '', member = ''] = name.split('.');
    const [, signature = '', result = ''] =
      /^\w+\(([^)]*)\) ?(\S*)$/.exec(methods[of]?.find((line) => line.startsWith(`${member}(`)) ?? '') ?? [];
    const key = of as keyof typeof objects;
    const reply = bus.call({
      destination: 'org.projectatomic.rpmostree1',
      path: objects[key],
      interface: names[key],
      member,
      signature,
      body: args(),
    });
    if (refused) return expect(reply).rejects.toThrow(new RegExp(`\\[${refused.replace('.', '\\.')}\\]$`));
    const message = await reply;
    expect(message.signature ?? '').toBe(result);
    const address = message.body.at(-1);
    // a job that nobody wants: its socket goes with its only client
    if (typeof address === 'string' && address.startsWith('unix:')) new Connection(await openSocket(address, 60_000)).close();
    return undefined;
  });

  test('dictionaries have no key that rpm-ostree hasn’t, and its types', async () => {
    const deployments = (await all(sysroot, iface.sysroot)).Deployments?.value as Dict[];
    const types = (dict: Dict): Record<string, string> =>
      Object.fromEntries(Object.entries(dict).map(([key, { signature }]) => [key, signature]));
    for (const dict of deployments) expect(deploymentKeys).toMatchObject(types(dict));
    const update = (await all(os, iface.os)).CachedUpdate?.value as Dict;
    expect(update.checksum?.value).toBe(host.checksums[2]);
    expect(updateKeys).toMatchObject(types(update));
    const [rows, details] = await call(bus, os, iface.os, 'GetCachedUpdateRpmDiff', 's', ['']);
    expect(updateKeys).toMatchObject(types(details as Dict));
    for (const [, kind, packages] of rows as [string, number, Dict][]) {
      expect(packages.PreviousPackage?.signature ?? '(sss)').toBe('(sss)');
      expect(packages.NewPackage?.signature ?? '(sss)').toBe('(sss)');
      expect([!!packages.PreviousPackage, !!packages.NewPackage]).toEqual([kind !== 0, kind !== 1]);
    }
    const config = (await call(bus, os, iface.os, 'GetDeploymentBootConfig', 'sb', ['', true]))[0] as Dict;
    expect(types(config)).toMatchObject({ staged: 'b', title: 's', version: 's', options: 's', linux: 's', initrd: 's' });
  });
});

test('a deployment of a container image: reference and digest instead of an origin', () => {
  const image = 'ostree-image-signed:docker://quay.io/fedora/fedora-coreos:stable';
  const origin = { ...bare.origin, refspec: '', containerImageReference: image };
  const digest = { 'ostree.manifest-digest': { type: 's', value: 'sha256:ca99' } };
  const dict = deploymentDict({ ...bare, origin, baseMeta: digest });
  expect(dict).not.toHaveProperty('origin');
  expect([dict['container-image-reference']?.value, dict['container-image-reference-digest']?.value]).toEqual([image, 'sha256:ca99']);
  // an older daemon has it in the place of the refspec
  for (const told of [dict, { ...dict, 'container-image-reference': new Variant('s', ''), origin: new Variant('s', image) }])
    expect(decodeDeployment(told, 0, false, {}).origin).toMatchObject({
      refspec: '',
      remote: '',
      ref: '',
      containerImageReference: image,
      problem: undefined,
    });
});

test('a base’s numbers are in network order, a layer’s in the machine’s: as recorded, and as stock clients swap them', () => {
  const recorded = stock.flatMap(({ tag, value }) => (tag === 'OS.GetAll' ? [...((value as Map<string, never>[])[0] ?? [])] : []));
  const timeOf = (key: string): bigint[] =>
    recorded.flatMap(([name, dict]) => {
      if (!String(name).endsWith('Deployment')) return [];
      const meta = (dict as { value: Map<string, { value: Map<string, { value: Map<string, { value: bigint }>[] }> }> }).value.get(key);
      const [repo] = meta?.value.get('rpmostree.rpmmd-repos')?.value ?? [];
      return repo ? [repo.get('timestamp')?.value ?? 0n] : [];
    });
  const meta = (timestamp: unknown): Deployment['baseMeta'] => ({
    'rpmostree.rpmmd-repos': { type: 'aa{sv}', value: [{ id: { type: 's', value: 'peer' }, timestamp: { type: 't', value: timestamp } }] },
  });
  expect(timeOf('base-commit-meta').length).toBeGreaterThan(0);
  expect(timeOf('layered-commit-meta')).toContain(1795600620n);
  // what the service sends of a base with that time, whatever order the commit has it in
  for (const time of timeOf('base-commit-meta')) expect(inNetworkOrder(meta(String(time)))).toEqual(meta(String(time)));
  const sent = deploymentDict({ ...bare, baseMeta: meta(1795600620) })['base-commit-meta']?.value as Dict;
  const [repo] = sent['rpmostree.rpmmd-repos']?.value as Dict[];
  expect(timeOf('base-commit-meta')).toContain(repo?.timestamp?.value);
});

test('the peer’s socket: properties, Start, and what each signal carries', async () => {
  const recorded = new Map(stock.map(({ tag, type }) => [/^(?:PEER-SIGNAL|signal) \/ \S+Transaction (\w+)$/.exec(tag)?.[1] ?? '', type]));
  recorded.delete('');
  expect([...recorded.keys()].sort()).toEqual(['Finished', 'Message', 'PercentProgress', 'ProgressEnd', 'TaskBegin', 'TaskEnd']);
  for (const [member, type] of recorded) expect(`(${transactionSignals[member]})`, member).toBe(type);

  const reply = await bus.call({
    destination: 'org.projectatomic.rpmostree1',
    path: os,
    interface: iface.os,
    member: 'Upgrade',
    signature: 'a{sv}',
    body: [{}],
  });
  expect(reply.signature).toBe('s');
  const peer = new Connection(await openSocket(reply.body[0] as string, 60_000));
  const seen: DbusMessage[] = [];
  const end = new Promise<void>((resolve) => {
    peer.onSignal = (signal) => {
      seen.push(signal);
      if (signal.member === 'Finished') resolve();
    };
  });
  const title = await peer.call({ path: '/', interface: iface.properties, member: 'GetAll', signature: 's', body: [iface.transaction] });
  const [real] = stockShapes('Transaction.GetAll');
  expect(shapeOfOurs('a{sv}', title.body[0])).toMatchObject(real as object);
  expect(await start(peer)).toBe(true);
  await end;
  peer.close();
  const signals = seen.filter((signal) => signal.interface === iface.transaction);
  expect(new Set(signals.map((signal) => signal.member)).size).toBeGreaterThanOrEqual(4);
  for (const { member, signature } of signals) expect(signature, member).toBe(transactionSignals[member ?? '']);
});

test('Sysroot has the properties of the real one, and each deployment in it every key', async () => {
  const ours = await all(sysroot, iface.sysroot);
  expect(Object.keys(ours)).toEqual(expect.arrayContaining(dictKeys(recording('transaction-upgrade.txt'), 'Sysroot.GetAll')));
  const deployments = ours.Deployments?.value as Dict[];
  expect(deployments).toHaveLength(2);
  // without the keys that only a booted deployment with an update has
  const real = dictKeys(recording('transaction-rollback.txt'), "'RollbackDeployment': <");
  for (const deployment of deployments) expect(Object.keys(deployment)).toEqual(expect.arrayContaining(real));
});

test('GLib reads it all, and the boot configuration is that of the boot loader', async () => {
  const gdbus = async (method: string, ...args: string[]): Promise<string> =>
    (await run('gdbus', ['call', '--system', '-d', 'org.projectatomic.rpmostree1', '-o', os, '-m', method, ...args], { env: host.env }))
      .stdout;
  expect(await gdbus(`${iface.properties}.GetAll`, iface.os)).toContain("'DefaultDeployment': <{");
  const config = await gdbus(`${iface.os}.GetDeploymentBootConfig`, "''", 'true');
  const { stdout } = await run('sh', ['-c', 'cat "$1"/boot/loader/entries/*.conf', 'sh', host.sysroot]);
  const [, options = ''] = /^options (.*)$/m.exec(stdout) ?? [];
  expect(config).toContain("'options': <'root=LABEL=root quiet");
  expect(options).toContain('root=LABEL=root quiet');
});

test('Reload starts no worker while nothing has changed, and one when something has', async () => {
  await call(bus, sysroot, iface.sysroot, 'Reload');
  const before = starts();
  for (let i = 0; i < 20; i++) await call(bus, sysroot, iface.sysroot, 'Reload');
  expect(starts()).toBe(before);
  await run('ostree', ['admin', 'pin', `--sysroot=${host.sysroot}`, '0']);
  await call(bus, sysroot, iface.sysroot, 'Reload');
  expect(starts()).toBeGreaterThan(before);
});

test('GetOS knows the stateroot, and only that', async () => {
  expect(await call(bus, sysroot, iface.sysroot, 'GetOS', 's', [''])).toEqual([os]);
  expect(await call(bus, sysroot, iface.sysroot, 'GetOS', 's', ['testos'])).toEqual([os]);
  await expect(call(bus, sysroot, iface.sysroot, 'GetOS', 's', ['other'])).rejects.toThrow(
    /no stateroot “other”.*There are: testos.*\[stateroot\.not-found\]/,
  );
});
