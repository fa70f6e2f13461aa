// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildProgram } from '../../../main/cli/program.ts';
import { standardError, standardOutput } from '../../../main/cli/output/terminal.ts';

// files share what they load: what is mocked here is loaded anew, and by the next file again
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());

/** What was asked for: which client with which stateroot, and any program that a command hands over to. */
const asked = vi.hoisted(() => ({ stateroots: [] as (string | undefined)[], calls: [] as string[] }));

/** A client of a machine that has no such stateroot: each call is noted and refused. */
const recorder = vi.hoisted(() => (stateroot: string | undefined): object => {
  asked.stateroots.push(stateroot);
  const harmless = ['close', 'onJob', 'onSnapshot'];
  return new Proxy(
    {},
    {
      get: (_, name) =>
        harmless.includes(String(name))
          ? () => () => undefined
          : () => {
              asked.calls.push(String(name));
              return Promise.reject(new Error(`no stateroot ${stateroot}`));
            },
    },
  );
});

vi.mock('../../../main/client/index.ts', () => ({ createHostClient: ({ stateroot }: { stateroot?: string }) => recorder(stateroot) }));
vi.mock('../../../main/cli/session/direct-client.ts', () => ({
  DirectClient: function (_sysroot: string, stateroot: string | undefined) {
    return recorder(stateroot);
  },
}));
vi.mock('node:child_process', async (original) => ({
  ...(await original<object>()),
  spawnSync: (program: string) => (asked.calls.push(program), { status: 0 }),
}));

const leaves = (command: Command, path: readonly string[] = []): { command: Command; path: readonly string[] }[] =>
  command.commands.length === 0
    ? [{ command, path }]
    : command.commands.flatMap((each) => leaves(each, [...path, each.name()])).filter(({ path: [first] }) => first !== 'help');

/** They need no deployment at all: files, package lists and repositories by their names. */
const local = ['compose', 'db', 'repo', 'image'];
const needed: Readonly<Record<string, readonly string[]>> = {
  uninstall: ['a'],
  'override replace': ['--from=repo=a'],
  'override reset': ['a'],
  cleanup: ['--base'],
  'finalize-deployment': ['--allow-missing-checksum'],
};

let said: string[] = [];
beforeEach(() => {
  said = [];
  asked.stateroots = [];
  asked.calls = [];
  vi.spyOn(standardError, 'print').mockImplementation((line = '') => void said.push(line));
  vi.spyOn(standardOutput, 'print').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const commands = leaves(await buildProgram()).filter(({ path: [first] }) => !local.includes(first ?? ''));

test('there are commands', () => {
  expect(commands.length).toBeGreaterThan(40);
});

test.each(commands.map(({ path, command }) => ({ words: path.join(' '), path, command })))(
  '$words passes the chosen stateroot on, or says that it can’t',
  async ({ words, path, command }) => {
    const values = command.registeredArguments.filter(({ required }) => required).map((each) => (each.name() === 'refspec' ? 'a:b' : '0'));
    for (const place of ['before', 'after', 'direct'] as const) {
      for (const option of ['--stateroot', '--os']) {
        asked.stateroots = [];
        asked.calls = [];
        said = [];
        const chosen = `${option}=nosuch`;
        const rest = [...path, ...values, ...(needed[words] ?? (words === 'rebase' ? ['a:b'] : []))];
        const typed = place === 'before' ? [chosen, ...rest] : [...rest, chosen, ...(place === 'direct' ? ['--sysroot=/nowhere'] : [])];
        await (await buildProgram()).parseAsync(['node', 'treeline', ...typed]);
        expect(process.exitCode, typed.join(' ')).toBe(1);
        if (asked.calls.length > 0) {
          expect(asked.stateroots, typed.join(' ')).toEqual(['nosuch']);
          // nothing is done after the first refusal
          expect(asked.calls, typed.join(' ')).toHaveLength(1);
        } else {
          expect(said.join('\n'), typed.join(' ')).toMatch(
            new RegExp(`“${path.at(-1)}” isn’t about one stateroot|(?:Not supported yet|Treeline leaves this out)\\. “${words}”`),
          );
        }
      }
    }
  },
  60_000,
);

test('two names at once are refused', async () => {
  await (await buildProgram()).parseAsync(['node', 'treeline', '--os=a', 'rollback', '--stateroot=b']);
  expect(process.exitCode).toBe(1);
  expect(asked.calls).toEqual([]);
  expect(said.join('\n')).toContain('--stateroot=b and --os=a');
});
