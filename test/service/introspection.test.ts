// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { iface } from '../../shared/dbus/index.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { openJob, os, sysroot } from './peer.ts';

interface Arg {
  readonly name: string;
  readonly type: string;
  readonly direction?: string;
}
interface Member {
  readonly name: string;
  readonly arg?: readonly Arg[];
  readonly type?: string;
  readonly access?: string;
}
interface Interface {
  readonly name: string;
  readonly method?: readonly Member[];
  readonly signal?: readonly Member[];
  readonly property?: readonly Member[];
}

const fixtures = path.resolve(import.meta.dirname, '../fixtures/rpmostree1');
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  isArray: (name, _path, _leaf, isAttribute) => !isAttribute && name !== 'node',
});

function interfaces(xml: string): Map<string, Interface> {
  const node = (parser.parse(xml) as { node: { interface?: readonly Interface[] } }).node;
  return new Map((node.interface ?? []).map((each) => [each.name, each]));
}

/** Members as lines, so that a difference is readable. */
function lines(spec: Interface | undefined): string[] {
  const args = (member: Member): string =>
    (member.arg ?? []).map((arg) => `${arg.direction ?? ''} ${arg.type} ${arg.name}`.trim()).join(', ');
  return [
    ...(spec?.method ?? []).map((member) => `method ${member.name}(${args(member)})`),
    ...(spec?.signal ?? []).map((member) => `signal ${member.name}(${args(member)})`),
    ...(spec?.property ?? []).map((member) => `property ${member.name} ${member.type} ${member.access}`),
  ];
}

let host: TestHost;
beforeAll(async () => {
  host = await startTestHost();
});
afterAll(() => host?.stop());

const introspect = async (objectPath: string): Promise<string> =>
  (await run('gdbus', ['introspect', '--system', '--xml', '-d', 'org.projectatomic.rpmostree1', '-o', objectPath], { env: host.env }))
    .stdout;

describe('what gdbus introspect shows is what the real daemon showed, and more', () => {
  test.each([
    ['/org/projectatomic/rpmostree1', 'introspect-rpmostree1.xml'],
    [sysroot, 'introspect-rpmostree1_Sysroot.xml'],
    [os, 'introspect-rpmostree1_peer.xml'],
  ])('%s', async (objectPath, file) => {
    const ours = interfaces(await introspect(objectPath));
    for (const [name, spec] of interfaces(readFileSync(path.join(fixtures, file), 'utf8'))) {
      expect(lines(ours.get(name)), name).toEqual(expect.arrayContaining(lines(spec)));
    }
  });

  test('the root object leads to the others', async () => {
    expect(await introspect('/')).toContain('<node name="org"/>');
    const children = await introspect('/org/projectatomic/rpmostree1');
    expect(children).toContain('<node name="Sysroot"/>');
    expect(children).toContain('<node name="testos"/>');
  });

  test('the transaction object, over its own socket', async () => {
    const bus = await host.connect();
    const { address, peer } = await openJob(bus, os, iface.os, 'Rollback', 'a{sv}', [{}]);
    const reply = await peer.call({ path: '/', interface: iface.introspectable, member: 'Introspect' });
    const wanted = interfaces(readFileSync(path.join(fixtures, 'introspect-transaction-peer.xml'), 'utf8')).get(iface.transaction);
    expect(lines(interfaces(reply.body[0] as string).get(iface.transaction))).toEqual(expect.arrayContaining(lines(wanted)));
    // GLib's client speaks to the socket as well
    const { stdout } = await run('gdbus', ['call', '--address', address, '-d', ':1.1', '-o', '/', '-m', `${iface.transaction}.Start`]);
    expect(stdout.trim()).toBe('(true,)');
    await peer.closed;
  });

  test('the object manager lists every object with all its properties', async () => {
    const { stdout } = await run(
      'gdbus',
      [
        'call',
        '--system',
        '-d',
        'org.projectatomic.rpmostree1',
        '-o',
        '/org/projectatomic/rpmostree1',
        '-m',
        `${iface.objectManager}.GetManagedObjects`,
      ],
      { env: host.env },
    );
    for (const word of [sysroot, os, iface.sysroot, iface.os, 'BootedDeployment', 'AutomaticUpdatePolicy']) expect(stdout).toContain(word);
  });
});
