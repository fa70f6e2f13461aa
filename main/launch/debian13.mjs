// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run test:debian13`: the whole of `npm test` in a Debian 13 of its own. `npm run test:debian13 -- native e2e`: only those suites.
// debootstrap makes the system once (in .cache/debian13, or in the folder that TREELINE_DEBIAN13 names; `--fresh`: anew); each run gets a new copy of this tree in it.
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LaunchError, runMain, steps } from './console.mjs';
import { capture, follow, hasProgram } from './processes.mjs';
import { root } from './setup.mjs';

const release = 'trixie';
/** What a newcomer's machine has, as in .ci/run; everything else is for `npm test` to install. */
const given = ['ca-certificates', 'gcc', 'git', 'nodejs', 'npm', 'python3'];
const folder = path.resolve(process.env.TREELINE_DEBIAN13 ?? path.join(root, '.cache/debian13'));
const system = path.join(folder, 'system');
/** Written when the system is complete: one that was interrupted is made anew. */
const complete = path.join(folder, 'complete');
/** Of the machine: a company's proxy has its own certificate. */
const certificates = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];
const held = 'TREELINE_DEBIAN13_HELD';

/**
 * As on a machine: the system is the root of a mount namespace (in a chroot the kernel makes no user namespaces, and bubblewrap fails), with
 * processes, /run, /tmp and shared memory of its own. Everything mounted and started in it ends with the command.
 */
const script = `set -e
system=$1 checkout=$2 shared=$3
shift 3
mount --bind "$system" "$system"
cd "$system"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
if [ -n "$shared" ]; then
  mkdir -p "./$checkout/../shared"
  mount --bind "$shared" "./$checkout/../shared"
  mount -o remount,bind,ro "./$checkout/../shared"
fi
pivot_root . mnt
cd /
umount -l mnt
"$@" </dev/null`;

runMain(async () => {
  demand();
  // readable by root only: its setuid programs are not kept up to date, and not for this machine's users
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.env[held] === undefined) return underLock();
  const asked = process.argv.slice(2);
  if (asked.includes('--fresh')) rmSync(complete, { force: true });
  const say = steps(3);
  say.step(`Debian 13 in ${folder}`);
  if (!existsSync(complete)) await bootstrap(say);
  say.step('A copy of this tree');
  const checkout = copyTree();
  say.step('npm test in it');
  return inside(
    ['sh', '-c', 'cd "$1" && shift && exec bash .ci/run "$@"', 'sh', checkout, ...asked.filter((each) => each !== '--fresh')],
    checkout,
  );
});

function demand() {
  if (process.getuid() !== 0) throw new LaunchError('Making a system and mounting in it needs root: run `sudo npm run test:debian13`.');
  const missing = ['debootstrap', 'flock', 'git', 'pivot_root', 'tar', 'unshare'].filter((name) => !hasProgram(name));
  if (missing.length === 0) return;
  throw new LaunchError(
    `Missing here: ${missing.join(', ')}. Install them: apt install debootstrap git tar util-linux (Debian), dnf install debootstrap git tar util-linux (Fedora).`,
  );
}

/** Two runs in one system would take each other's files away. */
async function underLock() {
  const words = [
    '--no-fork',
    '--nonblock',
    '--conflict-exit-code',
    '75',
    path.join(folder, 'lock'),
    process.execPath,
    ...process.argv.slice(1),
  ];
  const code = await wait(spawn('flock', words, { stdio: 'inherit', env: { ...process.env, [held]: '1' } }));
  if (code === 75) throw new LaunchError(`Another run uses ${folder}: wait for it, or name another folder in TREELINE_DEBIAN13.`);
  return code;
}

async function bootstrap(say) {
  rmSync(system, { recursive: true, force: true });
  const mirror = process.env.TREELINE_DEBIAN_MIRROR;
  const stage = /^(?:I: (?:Retrieving InRelease|Installing core|Unpacking|Configuring|Base)|[EW]:)/;
  const onLine = (line) => stage.test(line) && say.line(line);
  // in a mount namespace of its own: what debootstrap mounts ends with it
  const words = ['--mount', '--propagation', 'private', 'debootstrap', '--variant=minbase', release, system];
  const { code, output } = await follow('unshare', mirror ? [...words, mirror] : words, { onLine });
  if (code !== 0) throw new LaunchError(`debootstrap failed (${system}/debootstrap/debootstrap.log):\n${tail(output)}`);
  say.line(`installing ${given.join(' ')}`);
  const install = `apt-get -q update && apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install ${given.join(' ')} && apt-get clean`;
  const installed = await inside(['sh', '-c', `(${install}) >/var/log/treeline-given.log 2>&1`]);
  if (installed !== 0) throw new LaunchError(`Installing ${given.join(' ')} failed: ${system}/var/log/treeline-given.log says why.`);
  writeFileSync(complete, `${release}\n`);
}

const tail = (output) => output.trim().split('\n').slice(-15).join('\n');

/**
 * What git knows of this tree and what is new in it, with the last commit as its history: neither node_modules nor builds.
 * @returns {string} where it is, as seen in the system
 */
function copyTree() {
  // at no place that a sandbox must not show
  const checkout = `/treeline/${path.basename(root)}`;
  const target = path.join(system, checkout);
  rmSync(path.join(system, 'treeline'), { recursive: true, force: true });
  mkdirSync(path.dirname(target), { recursive: true });
  const must = (program, args, options) => {
    const { code, stdout, stderr } = capture(program, args, options);
    if (code !== 0) throw new LaunchError(`${program} ${args[0]} failed: ${stderr.trim()}`);
    return stdout;
  };
  must('git', ['clone', '--quiet', '--no-checkout', '--depth=1', `file://${root}`, target]);
  const files = must('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root }).split('\0');
  for (const file of files.filter((each) => each !== '' && existsSync(path.join(root, each))))
    cpSync(path.join(root, file), path.join(target, file), { verbatimSymlinks: true });
  must('git', ['reset', '--quiet'], { cwd: target });
  return checkout;
}

/** Run a command in the system. @returns {Promise<number>} its exit code */
function inside(command, checkout = '') {
  const shared = path.join(root, '../shared');
  for (const name of ['/etc/resolv.conf', '/etc/hosts']) if (existsSync(name)) copyFileSync(name, path.join(system, name));
  const bundle = certificates.find((file) => existsSync(file));
  const extra = '/etc/ssl/certificates-of-the-machine.crt';
  if (bundle) {
    mkdirSync(path.join(system, 'etc/ssl'), { recursive: true });
    copyFileSync(bundle, path.join(system, extra));
  }
  const kept = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$|^npm_config_registry$/i.test(name));
  const env = {
    ...Object.fromEntries(kept),
    ...(bundle && { NODE_EXTRA_CA_CERTS: extra }),
    CI: 'true',
    HOME: '/root',
    LANG: 'C.UTF-8',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    DEBIAN_FRONTEND: 'noninteractive',
  };
  const words = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', 'bash', '-c', script, 'bash'];
  const bound = checkout !== '' && existsSync(shared) ? shared : '';
  // unshare(1) heeds no other signal while it waits; what it started ends with it
  return wait(spawn('unshare', [...words, system, checkout, bound, ...command], { stdio: 'inherit', env }), 'SIGKILL');
}

function wait(child, passedOn) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(passedOn ?? signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
