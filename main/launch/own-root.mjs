// SPDX-License-Identifier: LGPL-2.1-or-later
// In a plain chroot, / is no mount point: mount namespaces can't be made private there, and pivot_root refuses. A bind mount of / is one.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const script = 'mount --rbind / "$1" && mount --make-rprivate "$1" && root=$1 && shift && exec chroot "$root" "$@"';

/**
 * Where / is no mount point, run this program once more in a mount namespace in which it is one.
 * @returns {Promise<number | undefined>} its exit code; undefined: not needed, go on
 */
export async function againWithOwnRoot() {
  if (process.getuid() !== 0 || rootIsMountPoint()) return undefined;
  const folder = '/run/treeline-root';
  mkdirSync(folder, { recursive: true });
  const words = ['--mount', '--propagation', 'unchanged', 'sh', '-c', script, 'sh', folder, process.execPath, ...process.argv.slice(1)];
  return wait(spawn('unshare', words, { stdio: 'inherit' }));
}

function rootIsMountPoint() {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === '/');
}

const reachableScript = 'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"';

/**
 * Tests run parts of Treeline as users without rights. Where those can't enter the checkout (it lies below /root), run this program once more
 * with the checkout bound to a folder which they can.
 * @param {string} root the checkout
 * @returns {Promise<number | undefined>} as againWithOwnRoot
 */
export async function againWhereOthersCanRead(root) {
  if (process.getuid() !== 0 || othersMayEnter(root)) return undefined;
  const folder = '/run/treeline-checkout';
  mkdirSync(folder, { recursive: true });
  console.log(`Other users can't enter ${root}: the tests see it as ${folder}.`);
  const [program, ...args] = process.argv.slice(1);
  const moved = path.join(folder, path.relative(root, program));
  const namespace = ['--mount', '--propagation', 'private', 'sh', '-c', reachableScript, 'sh', root, folder];
  return wait(spawn('unshare', [...namespace, process.execPath, moved, ...args], { stdio: 'inherit' }));
}

function othersMayEnter(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === '/') return true;
  }
}

function wait(child) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
