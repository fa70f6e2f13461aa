// SPDX-License-Identifier: LGPL-2.1-or-later
// Start of the app to a window filled with 200 packages, and what its processes hold then. Runs as an ordinary user, sandbox on.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { resolveElectron } from '../../main/launch/electron-runtime.mjs';
import { startXvfb } from '../../main/launch/xvfb.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const rounds = 5;
const settleMs = 1500;
const userName = 'treeline-e2e';

const electron = path.join(await resolveElectron({ line: (text) => console.error(text) }), 'electron');
const display = process.env.DISPLAY ? undefined : await startXvfb(1280, 860);
const home = mkdtempSync(path.join(tmpdir(), 'treeline-bench-app-'));
const command = asOrdinaryUser();
try {
  const results = [];
  // the first round fills the disk cache and Chromium's code cache
  for (let round = 0; round <= rounds; round++) {
    const result = await measure();
    if (round > 0) results.push(result);
  }
  print('start to filled window', median(results.map((result) => result.startMs)), 'ms');
  print('memory, summed PSS', median(results.map((result) => result.pssMB)), 'MB');
  print('processes', median(results.map((result) => result.processes)), '');
} finally {
  rmSync(home, { recursive: true, force: true });
  await display?.stop();
}

function asOrdinaryUser() {
  if (userInfo().uid !== 0) return [electron];
  if (spawnSync('id', [userName]).status !== 0) execFileSync('useradd', ['--no-create-home', '--shell', '/usr/sbin/nologin', userName]);
  const [uid, gid] = ['-u', '-g'].map((flag) => execFileSync('id', [flag, userName], { encoding: 'utf8' }).trim());
  chownSync(home, Number(uid), Number(gid));
  return ['bash', path.join(root, 'test/e2e/support/as-user.sh'), uid, gid, root, electron];
}

async function measure() {
  const [program, ...args] = [...command, root];
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: '/usr/bin:/bin',
      HOME: home,
      XDG_RUNTIME_DIR: home,
      DISPLAY: process.env.DISPLAY ?? display?.display ?? '',
      DBUS_SESSION_BUS_ADDRESS: 'disabled:',
      TREELINE_TEST_CLIENT: path.join(root, 'test/bench/app-client.mjs'),
    },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const filled = new Promise((resolve) => {
    child.stdout.on('data', (text) => String(text).includes('filled') && resolve(performance.now() - started));
  });
  const startMs = await Promise.race([filled, ended.then(() => undefined)]);
  if (startMs === undefined) throw new Error('the app ended before its window was filled');
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const pids = tree(child.pid);
  const pssMB = (pids.reduce((total, pid) => total + pssKiB(pid), 0) * 1024) / 1e6;
  child.kill('SIGTERM');
  await ended;
  return { startMs, pssMB, processes: pids.length };
}

/** A process and all below it. */
function tree(top) {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), parentOf(pid)]),
  );
  const found = [top];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found;
}

function parentOf(pid) {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0; // it has ended since
  }
}

function pssKiB(pid) {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // it has ended since
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function print(what, value, unit) {
  console.log(JSON.stringify({ what, value: Math.round(value), unit }));
}
