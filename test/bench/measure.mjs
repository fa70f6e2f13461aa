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

/**
 * Runs its arguments and tells on file descriptor 3 the seconds of processor time that they and all that they started used. A shell's `times` knows
 * only of children that were waited for; bubblewrap ends without waiting for what runs in it, so here the orphans come to this process.
 */
const reaper = `import ctypes, os, resource, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
child = os.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
code = None
while True:
    try:
        pid, status = os.wait()
    except ChildProcessError:
        break
    if pid == child:
        code = os.waitstatus_to_exitcode(status)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
os.write(3, str(used.ru_utime + used.ru_stime).encode())
sys.exit(code if code >= 0 else 128 - code)`;

/** Run programs one after the other as one piece of work. Returns { wallMs, cpuMs, peakMb }; throws with stderr when one fails. */
export async function measure(commands) {
  const total = { wallMs: 0, cpuMs: 0, peakMb: 0 };
  for (const [program, ...args] of commands) {
    const start = performance.now();
    const child = spawn('python3', ['-c', reaper, program, ...args], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    let [stderr, seconds] = ['', ''];
    child.stderr.on('data', (data) => (stderr += data));
    child.stdio[3].on('data', (data) => (seconds += data));
    const timer = setInterval(() => (total.peakMb = Math.max(total.peakMb, treeBytes(child.pid) / 1e6)), 100);
    const code = await new Promise((resolve) => child.on('close', resolve));
    clearInterval(timer);
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`);
    total.wallMs += performance.now() - start;
    total.cpuMs += Number(seconds) * 1000;
  }
  return total;
}
