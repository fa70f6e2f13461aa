// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { expect, test } from 'vitest';
import { actionTable, kargsProblem, osInterface, optionsProblem, Variant, type AuthFacts } from '../../../shared/dbus/index.ts';
import { authorityCases, goldenFile, type AuthorityCase } from '../../fixtures/authority-cases.ts';

const system = path.resolve(import.meta.dirname, '../../../assets/system');
const kinds = ['any', 'inactive', 'active'] as const;
/** From the strictest. */
const answers = ['no', 'auth_admin', 'auth_admin_keep', 'yes'];

/** What the policy files grant, read without our own table. */
function policyDefaults(): Map<string, Record<(typeof kinds)[number], string>> {
  const parser = new XMLParser({ ignoreAttributes: false, isArray: (name) => name === 'action' });
  const found = ['org.projectatomic.rpmostree1.policy', 'org.treeline.policy'].flatMap((file) => {
    const { policyconfig } = parser.parse(readFileSync(path.join(system, file), 'utf8')) as {
      policyconfig: { action: { '@_id': string; defaults: Record<string, string> }[] };
    };
    return policyconfig.action.map(({ '@_id': id, defaults }) => {
      const grants = { any: defaults.allow_any ?? 'no', inactive: defaults.allow_inactive ?? 'no', active: defaults.allow_active ?? 'no' };
      return [id, grants] as const;
    });
  });
  return new Map(found);
}

const situations: readonly (readonly [string, AuthFacts])[] = [
  ['', { verified: true, policy: 'none' }],
  [' (source without signatures)', { verified: false, policy: 'none' }],
  [' (policy apply)', { verified: true, policy: 'apply' }],
];

function row(name: string, actions: readonly string[], defaults: ReturnType<typeof policyDefaults>): string {
  const granted = kinds.map((kind) => {
    const each = actions.map((action) => answers.indexOf(defaults.get(action)?.[kind] ?? 'no'));
    return `${kind} ${answers[Math.min(...each)]}`;
  });
  const short = actions.map((action) => action.replace('org.projectatomic.rpmostree1.', ''));
  return `${name} -> ${short.join(' + ')} | ${granted.join(', ')}`;
}

/** Each method plainly; with options and in situations where they change what is asked. */
function table(): string {
  const defaults = policyDefaults();
  const plain = new Map<string, string>();
  const rows = authorityCases().flatMap((each: AuthorityCase) => {
    const key = each.name.split(' ')[0] ?? '';
    return situations.flatMap(([situation, facts]) => {
      // what a situation changes, it changes with every option
      if (situation !== '' && each.name !== key) return [];
      const actions = each.method.actions(each.body, facts);
      const isPlain = each.name === key && situation === '';
      if (isPlain) plain.set(key, actions.join());
      const inSituation = each.method.actions(each.body, situations[0]?.[1] as AuthFacts).join();
      const differs = situation === '' ? actions.join() !== plain.get(key) : actions.join() !== inSituation;
      return isPlain || differs ? [row(`${each.name}${situation}`, actions, defaults)] : [];
    });
  });
  return `${rows.sort().join('\n')}\n`;
}

test('who may do what is what the golden file says: a change of it is a decision, written there by hand', () => {
  expect(table()).toBe(readFileSync(goldenFile, 'utf8'));
});

test('every guarded method is in it, and every action that the service knows is defined for polkit', () => {
  const golden = readFileSync(goldenFile, 'utf8');
  for (const { name } of authorityCases()) expect(golden).toContain(`${name.split(' ')[0]} -> `);
  expect([...policyDefaults().keys()].sort()).toEqual(Object.keys(actionTable).sort());
});

test('a whole new kernel command line is named to polkit and to the person', () => {
  const method = osInterface.methods.KernelArgs;
  const options = { 'final-kernel-args': new Variant('s', 'root=LABEL=x init=/bin/sh'), 'append-if-missing': new Variant('as', ['quiet']) };
  const args = ['', ['a'], [], [], options] as const;
  expect(method.details(args)).toMatchObject({
    'kargs-final': 'root=LABEL=x init=/bin/sh',
    'kargs-added-if-missing': 'quiet',
    'kargs-added': 'a',
  });
  expect(method.intent(args)).toBe('set the kernel arguments to “root=LABEL=x init=/bin/sh”');
  expect(method.problem(['', [], [], [], { 'append-if-missing': new Variant('as', ['a\nb']) }])).toMatch(/no kernel argument/);
});

test('options that objects have by themselves are unknown options; what is known has a length', () => {
  for (const key of ['toString', 'constructor', '__proto__', 'hasOwnProperty']) {
    const options = JSON.parse(`{"${key}": 0}`) as Record<string, unknown>;
    Object.defineProperty(options, key, { value: new Variant('s', 'x'), enumerable: true });
    expect(optionsProblem(options)).toBeUndefined();
  }
  expect(optionsProblem({ revision: new Variant('s', 'x'.repeat(5000)) })).toMatch(/more than 4096/);
  expect(optionsProblem({ 'initiating-command-line': new Variant('s', 'x'.repeat(5000)) })).toBeUndefined();
  expect(kargsProblem([Array.from({ length: 600 }, () => 'a')])).toMatch(/more than 512/);
});
