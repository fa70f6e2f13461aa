import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { SystemPort } from '../ports/compose-store.ts';
import { mergeUpper } from './overlay-merge.ts';

/** How to run a lua scriptlet: a program that reads a JSON request from stdin (main/worker wires it). */
export interface LuaRunner {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: (request: {
    readonly root: string;
    readonly script: string;
    readonly name: string;
    readonly args: readonly string[];
  }) => string;
}

export interface RunResult {
  /** Exit status; 128 + signal when killed. */
  readonly status: number;
  /** Lines of stdout and stderr. */
  readonly output: readonly string[];
}

/** What scripts may do as root inside: owners, modes, capabilities, other users; no devices, no mounts, no network. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP', 'SYS_CHROOT'];
const environment: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  TERM: 'dumb',
  SYSTEMD_OFFLINE: '1',
  SYSTEMD_IN_CHROOT: '1',
  RPMOSTREE_SCRIPT_PKG_NAME: '',
};

/**
 * Runs programs of the tree in bubblewrap, on an overlay of it: the tree's files are hard links into the cache, and what a script
 * writes becomes a copy. finish() puts the copies into the tree. Without finish() the tree is as it was.
 */
export class Sandbox implements Disposable {
  readonly #root: string;
  readonly #paths: { lower: string; upper: string; work: string; merged: string };
  readonly #system: SystemPort;
  #overlay: Disposable | undefined;

  constructor(root: string, workdir: string, system: SystemPort) {
    this.#root = root;
    this.#system = system;
    const at = (name: string): string => path.join(workdir, name);
    this.#paths = { lower: root, upper: at('upper'), work: at('overlay-work'), merged: at('merged') };
    for (const directory of [this.#paths.upper, this.#paths.work, this.#paths.merged])
      mkdirSync(directory, { recursive: true, mode: 0o755 });
  }

  [Symbol.dispose](): void {
    this.#overlay?.[Symbol.dispose]();
    this.#overlay = undefined;
  }

  /** The tree as scripts see it. */
  get merged(): string {
    // mounted when the first script needs it: many trees have none
    this.#overlay ??= this.#system.mountOverlay(this.#paths);
    return this.#paths.merged;
  }

  /** True if an absolute path exists in the tree, links followed inside it. */
  has(program: string): boolean {
    return resolveInside(this.#overlay ? this.#paths.merged : this.#root, program) !== undefined;
  }

  /** Run a program of the tree; `script` appears as a file whose path is the last argument before `args`. */
  run(
    command: readonly string[],
    options: { script?: string; args?: readonly string[]; input?: string; packageName?: string } = {},
  ): RunResult {
    const { merged } = this;
    const scriptFile = path.join(path.dirname(merged), 'script');
    if (options.script !== undefined) writeFileSync(scriptFile, options.script, { mode: 0o755 });
    const inside = '/run/treeline-script';
    const env = { ...environment, RPMOSTREE_SCRIPT_PKG_NAME: options.packageName ?? '' };
    return bubblewrap(
      [
        ...['--bind', merged, '/', '--bind', path.join(merged, 'usr/etc'), '/etc', '--dev', '/dev', '--proc', '/proc'],
        ...['--tmpfs', '/run', '--tmpfs', '/tmp', '--tmpfs', '/var/tmp', '--clearenv'],
        ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
        ...(options.script === undefined ? [] : ['--ro-bind', scriptFile, inside]),
        ...['--chdir', '/', '--'],
        ...command,
        ...(options.script === undefined ? [] : [inside]),
        ...(options.args ?? []),
      ],
      options.input,
    );
  }

  /** Run a script with rpm's own lua, the tree as its root. The machine's files are there read-only until lua's process changes its root. */
  runLua(lua: LuaRunner, request: { readonly script: string; readonly name: string; readonly args: readonly string[] }): RunResult {
    const { merged } = this;
    const at = (name: string): string => path.join(merged, name);
    return bubblewrap(
      [
        // /dev first: the tree may be below /dev/shm
        ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--bind', merged, merged, '--bind', at('usr/etc'), at('etc')],
        ...['--dev', at('dev'), '--proc', at('proc'), '--tmpfs', at('run'), '--tmpfs', at('tmp')],
        ...['--setenv', 'LC_ALL', 'C.UTF-8', '--chdir', '/', '--', lua.program, ...lua.args],
      ],
      lua.input({ root: merged, ...request }),
    );
  }

  /** Put what scripts wrote into the tree. */
  finish(): void {
    if (!this.#overlay) return;
    this[Symbol.dispose]();
    mergeUpper(this.#paths.upper, this.#root, this.#system);
  }
}

function bubblewrap(args: readonly string[], input: string | undefined): RunResult {
  const result = spawnSync(
    'bwrap',
    [
      ...['--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
      ...capabilities.flatMap((name) => ['--cap-add', `CAP_${name}`]),
      ...args,
    ],
    { input: input ?? '', stdio: ['pipe', 'pipe', 'pipe', 'pipe'], maxBuffer: 64 << 20 },
  );
  if (result.error) throw new TreelineError('compose.sandbox', { subject: 'bwrap', detail: result.error.message });
  const output = `${result.stdout.toString('utf8')}${result.stderr.toString('utf8')}`.split('\n').filter((line) => line.trim() !== '');
  const broken = output.find((line) => line.startsWith('bwrap: ') && !line.startsWith('bwrap: execvp'));
  if (result.status !== 0 && broken) throw new TreelineError('compose.sandbox', { subject: 'bwrap', detail: broken });
  return { status: result.status ?? 128 + 9, output };
}

/** Follow links as if `root` were `/`; undefined when the path doesn't exist. */
export function resolveInside(root: string, target: string): string | undefined {
  let rest = target.split('/').filter((part) => part !== '');
  let at: string[] = [];
  for (let hops = 0; rest.length > 0;) {
    const [part = '', ...others] = rest;
    rest = others;
    if (part === '..') {
      at = at.slice(0, -1);
      continue;
    }
    if (part === '.') continue;
    // scripts see usr/etc as /etc
    const next = at.length === 0 && part === 'etc' && existsSync(path.join(root, 'usr/etc')) ? ['usr', 'etc'] : [...at, part];
    const stats = lstatSync(path.join(root, ...next), { throwIfNoEntry: false });
    if (!stats) return undefined;
    if (stats.isSymbolicLink()) {
      if (++hops > 40) return undefined;
      const to = readlinkSync(path.join(root, ...next));
      if (to.startsWith('/')) at = [];
      rest = [...to.split('/').filter((p) => p !== ''), ...rest];
    } else at = next;
  }
  return path.join(root, ...at);
}
