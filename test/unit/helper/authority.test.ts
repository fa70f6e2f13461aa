// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { authorize, type Question } from '../../../main/helper/authority.ts';
import { DbusCallError, type Bus, type CallFields } from '../../../shared/dbus/index.ts';

const caller = { sender: ':1.7', uid: 1000, userName: 'eva', clientId: 'cli', rank: 0 } as const;
const question: Question = {
  actions: ['org.projectatomic.rpmostree1.rollback'],
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
  expect(action).toBe(question.actions[0]);
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

describe('what a call changes together', () => {
  const install = 'org.projectatomic.rpmostree1.install-uninstall-packages';
  const override = 'org.projectatomic.rpmostree1.override';
  const rebase = 'org.projectatomic.rpmostree1.rebase';
  const one = 'org.treeline.change-together';
  type Answer = 'yes' | 'password' | 'no';

  /** polkit with rules; asked: what a person got to see, one dialog each. */
  async function ask(rules: Readonly<Record<string, Answer>>, actions: Question['actions'], interactive = true): Promise<string[]> {
    const dialogs: string[] = [];
    const call = async ({ body }: CallFields): Promise<unknown> => {
      const [, action = '', , flags] = body as [unknown, string, unknown, number];
      const rule = rules[action] ?? 'no';
      if (rule === 'password' && flags === 1) dialogs.push(action);
      return { signature: '(bba{ss})', body: [[rule === 'yes' || (rule === 'password' && flags === 1), rule === 'password', {}]] };
    };
    await authorize({ call } as unknown as Bus, caller, { ...question, actions, interactive }).catch((error: { code: string }) =>
      dialogs.push(error.code),
    );
    return dialogs;
  }

  const admin = { [install]: 'password', [override]: 'password', [rebase]: 'password', [one]: 'password' } as const;
  test.each([
    ['is asked for with one password', admin, [install, override], [one]],
    ['is asked for beside another source', admin, [install, rebase, override], [rebase, one]],
    ['alone is asked for as itself', admin, [install, rebase], [install, rebase]],
    ['without what a rule grants', { ...admin, [install]: 'yes' }, [install, override], [override]],
    ['isn’t asked for where a rule grants all', { [install]: 'yes', [override]: 'yes' }, [install, override], []],
    ['never with what a rule forbids', { ...admin, [override]: 'no' }, [install, override], ['auth.denied']],
    ['not where a rule forbids to change things together', { ...admin, [one]: 'no' }, [install, override], ['auth.denied']],
  ] as const)('%s', async (_, rules, actions, dialogs) => {
    expect(await ask(rules, actions)).toEqual(dialogs);
  });

  test('nobody is asked who mustn’t be', async () => {
    expect(await ask(admin, [install, override], false)).toEqual(['auth.denied']);
  });
});
