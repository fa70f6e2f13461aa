// In a plain chroot, / is no mount point: mount namespaces can't be made private there, and pivot_root refuses. A bind mount of / is one.
import { mkdirSync, readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';

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
  const child = spawn('unshare', words, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

function rootIsMountPoint() {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === '/');
}
