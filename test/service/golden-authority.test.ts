// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Variant } from '../../shared/dbus/index.ts';
import { authorityCases, goldenActions, type AuthorityCase } from '../fixtures/authority-cases.ts';
import { startTestHost, testUser, type TestHost } from './host.ts';

const folder = mkdtempSync('/dev/shm/treeline-asked-');
const record = path.join(folder, 'asked');
/** polkit's own rules write down what they are asked, and say yes. */
const rules = `polkit.addRule(function (action, subject) {
  if (subject.user !== '${testUser}' || action.lookup('method') === undefined) return;
  polkit.spawn(['/bin/sh', '-c', 'echo "$0" >> ${record}', [action.lookup('method'), action.id, action.lookup('kargs-final')].join(' ')]);
  return polkit.Result.YES;
});`;
let host: TestHost;
beforeAll(async () => {
  chmodSync(folder, 0o755);
  writeFileSync(record, '');
  chmodSync(record, 0o666);
  host = await startTestHost({ rules });
});
afterAll(async () => {
  await host?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function callAll(cases: readonly Pick<AuthorityCase, 'path' | 'interface' | 'member' | 'signature' | 'body'>[]): Promise<string[]> {
  const args = [
    '--reuid',
    testUser,
    '--regid',
    testUser,
    '--clear-groups',
    process.execPath,
    path.join(import.meta.dirname, 'call-list.mjs'),
  ];
  const child = spawn('setpriv', args, { env: host.env, stdio: ['pipe', 'pipe', 'inherit'] });
  const list = cases.map(({ path: objectPath, interface: name, member, signature, body }) => ({
    path: objectPath,
    interface: name,
    member,
    signature,
    body,
  }));
  const json = (_key: string, value: unknown): unknown =>
    value instanceof Variant ? { $variant: [value.signature, value.value] } : typeof value === 'bigint' ? { $big: String(value) } : value;
  child.stdin.end(JSON.stringify(list, json));
  return (await text(child.stdout)).trim().split('\n');
}

test('the service asks the real polkit for exactly what the golden file says, method by method', async () => {
  const golden = goldenActions();
  // a source without signatures is what this host has; options that change nothing are like the plain call
  const pinned = authorityCases().filter(({ name }) => golden.has(name) && !name.includes('modifiers.treefile'));
  expect(new Set(pinned.map(({ member }) => member)).size).toBeGreaterThan(40);
  const outcomes = await callAll(pinned);
  expect(outcomes).toHaveLength(pinned.length);
  expect(outcomes.filter((outcome) => /NotAuthorized|AuthDenied|InvalidArgs/.test(outcome))).toEqual(
    outcomes.filter((_, index) => pinned[index]?.member === 'ImportKey').filter((outcome) => /InvalidArgs/.test(outcome)),
  );
  const asked = readFileSync(record, 'utf8').trim().split('\n');
  const unsigned = 'org.treeline.upgrade-unverified';
  const expected = pinned.flatMap(({ name, member, method, body }) => {
    const actions = method.actions(body, { verified: false, policy: 'none' });
    const short = actions.filter((action) => action !== unsigned).map((action) => action.replace('org.projectatomic.rpmostree1.', ''));
    // what the golden file has for a source with signatures, with the one action that this source changes
    expect(
      (golden.get(name) ?? []).filter((action) => action !== 'upgrade'),
      name,
    ).toEqual(short);
    return actions.map((action) => `${member} ${action}`);
  });
  expect(asked.map((line) => line.trim())).toEqual(expected);
});

test('a rule sees the whole new kernel command line', async () => {
  const call = authorityCases().find(({ name }) => name === 'OS.KernelArgs');
  const options = { 'final-kernel-args': new Variant('s', 'root=LABEL=x init=/bin/sh') };
  await callAll([{ ...(call as AuthorityCase), body: ['', [], [], [], options] }]);
  expect(readFileSync(record, 'utf8').trim().split('\n').at(-1)).toBe(
    'KernelArgs org.projectatomic.rpmostree1.bootconfig root=LABEL=x init=/bin/sh',
  );
});
