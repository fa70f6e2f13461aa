// SPDX-License-Identifier: LGPL-2.1-or-later
// A minute of an ordinary user's flood (test/service/flood.test.ts in its long form): how long root waits, and what memory stays.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'treeline-flood-'));
const report = path.join(folder, 'report.json');
const env = { ...process.env, TREELINE_FLOOD_SECONDS: '60', TREELINE_FLOOD_REPORT: report };
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'service', 'test/service/flood.test.ts'], {
  cwd: root,
  env,
  stdio: ['ignore', 2, 2],
});
try {
  const numbers = JSON.parse(readFileSync(report, 'utf8'));
  const print = (name, value, unit, budget) =>
    process.stdout.write(`${JSON.stringify({ name, value: Math.round(value * 10) / 10, unit, budget })}\n`);
  print('root is answered, undisturbed', numbers.unloadedMs, 'ms');
  print('root is answered, flooded, median', numbers.floodedMs, 'ms', 2000);
  print('memory that stays', numbers.mbAfter - numbers.mbBefore, 'MB', 10);
} catch {
  process.stderr.write('the flood left no numbers\n');
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;
