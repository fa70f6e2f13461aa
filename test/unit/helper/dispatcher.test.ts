// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { Dispatcher, type Call } from '../../../main/helper/dispatcher.ts';
import type { Callers } from '../../../main/helper/callers.ts';
import type { Objects } from '../../../main/helper/objects.ts';
import { iface, messageType, osInterface, Variant, type Bus, type CallFields, type DbusMessage } from '../../../shared/dbus/index.ts';

const osPath = '/org/projectatomic/rpmostree1/testos';

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let settle: Pick<ReturnType<typeof deferred<T>>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) };
}

/** A service of one method, on a bus where polkit says yes when it is let. `used`: with what the method was called. */
function service(): { receive: (message: DbusMessage) => void; asked: Promise<CallFields>; allow: () => void; used: Promise<Call> } {
  const [asked, used, allowed] = [deferred<CallFields>(), deferred<Call>(), deferred<undefined>()];
  const bus = {
    connection: {
      reply: () => undefined,
      replyError: (_: unknown, name: string, text: string) => used.reject(new Error(`${name}: ${text}`)),
    },
    call: async (fields: CallFields) => {
      asked.resolve(fields);
      await allowed.promise;
      return { signature: '(bba{ss})', body: [[true, false, {}]] };
    },
  } as unknown as Bus;
  const caller = { sender: ':1.7', uid: 1000, userName: 'eva', clientId: 'cli', rank: 0 };
  const objects = { at: () => Promise.resolve({ path: osPath, osname: 'testos', interfaces: [osInterface] }) };
  const handler = (call: Call): readonly [string] => {
    used.resolve(call);
    return ['address'];
  };
  const dispatcher = new Dispatcher(
    bus,
    { caller: () => Promise.resolve(caller) } as unknown as Callers,
    objects as unknown as Objects,
    { [iface.os]: { Rebase: handler } },
    () => Promise.resolve({ verified: true }) as never,
  );
  return {
    receive: (message) => dispatcher.receive(message),
    asked: asked.promise,
    allow: () => allowed.resolve(undefined),
    used: used.promise,
  };
}

test('what is done is what was asked for, whatever becomes of the message while somebody types a password', async () => {
  const options: Record<string, Variant> = { reboot: new Variant('b', false) };
  const packages: string[] = [];
  const body = [options, 'origin:stable', packages];
  const message: DbusMessage = {
    ...{ type: messageType.call, flags: 0, serial: 5, sender: ':1.7', path: osPath, interface: iface.os, member: 'Rebase' },
    ...{ signature: 'a{sv}sas', body },
  };
  const { receive, asked, allow, used } = service();
  receive(message);
  await asked;
  body[1] = 'evil:branch';
  options['reboot'] = new Variant('b', true);
  options['skip-purge'] = new Variant('b', true);
  packages.push('rootkit');
  allow();
  const { args } = await used;
  expect(args).toEqual([{ reboot: new Variant('b', false) }, 'origin:stable', []]);
  for (const part of [args, args[0], args[2]]) expect(Object.isFrozen(part)).toBe(true);
});
