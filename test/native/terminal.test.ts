// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, osname, sh } from './sysroot-fixture.ts';

const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');
/** A title for the window, a bell, a cleared screen, reversed text, an escape of one byte, a line that says something else. */
const hostile = '2\u001b]0;x\u0007\u001b[2J\u202e\u009b31m\nVersion: 9 up to date';

let fixture: Fixture;
let server: OstreeServer;
let sysroot: string;

/** `closed`: the stream that nobody reads. */
async function treeline(args: readonly string[], closed?: 'stdout' | 'stderr'): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (closed) child[closed].destroy();
  const read = (name: 'stdout' | 'stderr'): Promise<string> => (name === closed ? Promise.resolve('') : text(child[name]));
  const [out, err, [code]] = await Promise.all([read('stdout'), read('stderr'), once(child, 'exit') as Promise<[number | null]>]);
  return { code, out, err };
}

beforeAll(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  sysroot = `--sysroot=${fixture.sysroot}`;
  const notes = path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/lib/treeline');
  const pkg = (version: string): object => ({ name: 'a\u001b[31m', epoch: 0, version, release: '1', arch: 'x86_64' });
  fixture.install(await server.start(), fixture.release({ version: hostile }));
  mkdirSync(notes, { recursive: true });
  const entry = { id: '1', at: 1, action: 'deploy', result: 'ok', by: { uid: 0, name: '\u001b[1m', client: '' }, toVersion: hostile };
  writeFileSync(path.join(notes, 'history.jsonl'), `${JSON.stringify(entry)}\n`);
  fixture.release({
    version: hostile,
    changes: {
      format: 1,
      timeSeconds: 1,
      installedSizeBytes: 1,
      installedSizeDeltaBytes: 1,
      version: hostile,
      packages: [
        {
          kind: 'upgraded',
          name: 'a\u001b[31m',
          arch: 'x86_64',
          from: pkg('1'),
          to: pkg('2\u001b[5m\nx'),
          changelog: [{ timeSeconds: 1, author: 'A\u001b]8;;http://x\u0007', text: '- one\u001b[2J\n- two' }],
          advisories: ['ID\u001b[1m'],
        },
      ],
      advisories: [
        {
          id: 'ID\u001b[1m',
          kind: 'security',
          severity: 'important',
          title: 'T\u202e\nx',
          description: '',
          issuedSeconds: 1,
          references: [],
          packages: [],
        },
      ],
    },
  });
});
afterAll(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

test('no command lets text of others act on the terminal', async () => {
  const repo = `--repo=${fixture.server}`;
  const commands: readonly (readonly string[])[] = [
    ['upgrade', '--check', sysroot],
    ['status', '-v', '-a', sysroot],
    ['upgrade', '--preview', sysroot],
    ['upgrade', sysroot],
    ['status', sysroot],
    ['history', sysroot],
    ['diff', sysroot],
    ['diff', '--format=markdown', sysroot],
    ['db', 'version', repo, branch],
    ['db', 'diff', '-c', '-a', repo, `${branch}^`, branch],
    ['db', 'list', repo, branch],
    ['repo', 'verify', repo],
    ['remote', 'refs', sysroot, 'origin'],
    ['remote', 'versions', sysroot, `origin:${branch}`],
    // what was typed comes back in errors
    ['deploy', sysroot, 'x\u001b[31m\ny'],
    ['pin', sysroot, '\u202e'],
    ['no\u001b[31msuch'],
    ['compose', 'tree', '--repo=x', '--no\u001bsuch', 'x'],
    ['compose', 'tree', '--repo=x', '/no\u001bsuch.yaml'],
  ];
  for (const args of commands) {
    const { out, err } = await treeline(args);
    expect.soft(out + err, args.join(' ')).not.toBe('');
    expect.soft(out + err, args.join(' ')).not.toMatch(/[\p{Bidi_Control}\p{Zl}\p{Zp}\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u);
    // a line break within a field makes no line of its own
    expect.soft(`\n${out}${err}`, args.join(' ')).not.toMatch(/\n(Version: 9|y\b)/);
  }
  const { out } = await treeline(['status', '--json', sysroot]);
  expect(out).toContain('\\u202e\\u009b31m\\n');
  expect((JSON.parse(out) as { deployments: { version: string }[] }).deployments[0]?.version).toBe(hostile);
});

test('a reader that has gone ends a command quietly, as SIGPIPE would', async () => {
  const commands: readonly (readonly string[])[] = [
    ['status', sysroot],
    ['status', '--json', sysroot],
    ['remote', 'list', sysroot],
    ['--quiet', 'repo', 'verify', `--repo=${fixture.server}`],
  ];
  for (const args of commands) expect.soft(await treeline(args, 'stdout'), args.join(' ')).toEqual({ code: 141, out: '', err: '' });
  // these are over before they could hear of it
  for (const args of [['--version'], ['upgrade', '--help']]) expect((await treeline(args, 'stdout')).err).toBe('');
  expect(await treeline(['status', '--sysroot=/nonexistent'], 'stderr')).toEqual({ code: 141, out: '', err: '' });
});

test('a reader that has seen enough is no failure', () => {
  const line = `set -o pipefail; '${process.execPath}' '${cli}' status ${sysroot}`;
  expect(sh('bash', '-c', `${line} | head -c1 && echo " fine"`)).toBe('S fine\n');
  expect(sh('bash', '-c', `${line} | grep -q State && echo fine`)).toBe('fine\n');
});

test('output that can’t be written is a failure', () => {
  const line = `'${process.execPath}' '${cli}' status ${sysroot} 2>&1 >/dev/full; echo $?`;
  expect(sh('bash', '-c', line)).toMatch(/^error: the output can’t be written: .*ENOSPC.*\n1\n$/);
});
