// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { targets } from '../fuzz/targets/index.ts';

const root = path.resolve(import.meta.dirname, '../..');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'treeline-fuzz-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function fuzz(...args: readonly string[]): { status: number | null; output: string } {
  const words = ['main/launch/fuzz.mjs', '--seed=20261130', `--directory=${directory}`, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('npm run fuzz', () => {
  it('is guided by what it reached, and keeps the input that broke a decoder', () => {
    const { status, output } = fuzz('--inputs=20000', 'staircase');
    expect(output).toContain('at the top of the stairs');
    expect(status).toBe(1);
    const faults = path.join(directory, 'faults');
    expect(readFileSync(path.join(faults, readdirSync(faults)[0] ?? ''), 'latin1')).toMatch(/^[\x14\x54\x94\xd4][\x12\x52\x92\xd2]/);
  });

  // as many as some seconds allow; a longer run goes on from there
  it('finds no fault in any decoder within some hundred inputs', () => {
    const { status, output } = fuzz('--inputs=500');
    expect(status, output).toBe(0);
    const lines = output.match(/^\S+: \d+ inputs, \d+ ways through the code, \d+ new inputs kept, no fault$/gm) ?? [];
    expect(lines.map((line) => line.split(':')[0])).toEqual(Object.keys(targets));
    for (const line of lines) expect(Number(/(\d+) ways/.exec(line)?.[1]), line).toBeGreaterThan(20);
  });
});
