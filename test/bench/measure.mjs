// SPDX-License-Identifier: LGPL-2.1-or-later
// Wall time, processor time and memory of a program with all that it starts.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Parents of all processes; those that end meanwhile are left out. */
function parents() {
  const found = new Map();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      found.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // ended
    }
  }
  return found;
}

/** Proportional set size of a process and all below it, in bytes: shared pages are counted once. */
function treeBytes(root) {
  const parentOf = parents();
  const isBelow = (pid) => pid === root || (parentOf.has(pid) && isBelow(parentOf.get(pid)));
  let total = 0;
  for (const pid of parentOf.keys()) {
    if (!isBelow(pid)) continue;
    try {
      total += Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      // ended
    }
  }
  return total;
}

/** `0m1.234s` in milliseconds. */
const ofTimes = (text) => {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text) ?? [];
  return Number(minutes) * 60_000 + Number(seconds) * 1000;
};

/** Run programs one after the other as one piece of work. Returns { wallMs, cpuMs, peakMb }; throws with stderr when one fails. */
export async function measure(commands) {
  const total = { wallMs: 0, cpuMs: 0, peakMb: 0 };
  for (const [program, ...args] of commands) {
    const start = performance.now();
    // the shell's `times` knows what its child and all that the child waited for have used
    const child = spawn('sh', ['-c', '"$@"; s=$?; times >&3; exit $s', 'sh', program, ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let [stderr, times] = ['', ''];
    child.stderr.on('data', (data) => (stderr += data));
    child.stdio[3].on('data', (data) => (times += data));
    const timer = setInterval(() => (total.peakMb = Math.max(total.peakMb, treeBytes(child.pid) / 1e6)), 100);
    const code = await new Promise((resolve) => child.on('close', resolve));
    clearInterval(timer);
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`);
    total.wallMs += performance.now() - start;
    const [user = '0m0s', system = '0m0s'] = (times.trim().split('\n')[1] ?? '').split(/\s+/);
    total.cpuMs += ofTimes(user) + ofTimes(system);
  }
  return total;
}
