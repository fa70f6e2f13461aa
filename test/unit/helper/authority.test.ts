// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { authorize, type Question } from '../../../main/helper/authority.ts';
import { DbusCallError, type Bus, type CallFields } from '../../../shared/dbus/index.ts';

const caller = { sender: ':1.7', uid: 1000, userName: 'eva', clientId: 'cli', rank: 0 } as const;
const question: Question = {
  action: 'org.projectatomic.rpmostree1.rollback',
  intent: 'go back to the previous version',
  details: { method: 'Rollback' },
  interactive: true,
};

/** A bus on which polkit answers as given; keeps what it was asked. */
function polkit(answer: readonly unknown[] | Error): { bus: Bus; asked: CallFields[] } {
  const asked: CallFields[] = [];
  const call = async (fields: CallFields): Promise<unknown> => {
    asked.push(fields);
    if (answer instanceof Error) throw answer;
    return { signature: '(bba{ss})', body: [answer] };
  };
  return { bus: { call } as unknown as Bus, asked };
}

test('asks about the bus name, with words and facts, and waits as long as a person types', async () => {
  const { bus, asked } = polkit([true, false, {}]);
  await authorize(bus, caller, question);
  const [fields] = asked;
  const [subject, action, details, flags] = fields?.body as [
    [string, Record<string, { value: string }>],
    string,
    Record<string, string>,
    number,
  ];
  expect(subject[0]).toBe('system-bus-name');
  expect(subject[1].name?.value).toBe(':1.7');
  expect(action).toBe(question.action);
  expect(details).toMatchObject({ method: 'Rollback', 'polkit.message': 'Authentication is required to go back to the previous version' });
  expect(flags).toBe(1);
  expect(fields?.timeoutMs).toBe(0);
});

test.each([
  ['a closed dialog', [false, true, { 'polkit.dismissed': 'true' }], 'auth.dismissed'],
  ['a wrong password or a rule', [false, false, {}], 'auth.denied'],
  ['a password that would be needed, but may not be asked for', [false, true, {}], 'auth.denied'],
  ['nobody there', new DbusCallError('org.freedesktop.DBus.Error.ServiceUnknown', 'not provided'), 'auth.unavailable'],
] as const)('%s', async (_, answer, code) => {
  await expect(authorize(polkit(answer).bus, caller, question)).rejects.toMatchObject({ code });
});

test('root passes without a question, and when nobody is there to be asked', async () => {
  const { bus, asked } = polkit(new DbusCallError('org.freedesktop.DBus.Error.ServiceUnknown', 'not provided'));
  await authorize(bus, { ...caller, uid: 0, rank: 2 }, question);
  expect(asked).toEqual([]);
});

test('an answer of another kind grants nothing', async () => {
  const call = () => Promise.resolve({ signature: '(sba{ss})', body: [['yes', false, {}]] });
  await expect(authorize({ call } as unknown as Bus, caller, question)).rejects.toMatchObject({ code: 'auth.unavailable' });
});
