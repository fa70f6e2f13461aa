import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SystemPort } from '../ports/compose-store.ts';
import { Tree } from '../tree/index.ts';
import { bubblewrap, type RunResult } from './bubblewrap.ts';
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
    /** What rpm.next_file() gives, one after the other; undefined when it isn't a file trigger. */
    readonly files?: readonly string[];
  }) => string;
}

type LuaRequest = Omit<Parameters<LuaRunner['input']>[0], 'root'>;

export interface SandboxOptions {
  /** How long one program may take; what doesn't end is killed. Default: an hour. */
  readonly timeoutMs?: number;
  /** SOURCE_DATE_EPOCH for programs inside, Unix seconds. */
  readonly epochSeconds?: number;
  /** Programs (absolute paths in the tree) in whose place a note is printed: what they do is compose's or libostree's work. */
  readonly leftOut?: readonly string[];
}

const environment: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  TERM: 'dumb',
  SYSTEMD_OFFLINE: '1',
  SYSTEMD_IN_CHROOT: '1',
};

const hourMs = 3_600_000;

/**
 * Runs programs of the tree in bubblewrap, on an overlay of it: the tree's files are hard links into the cache, and what a script
 * writes becomes a copy. finish() puts the copies into the tree. Without finish() the tree is as it was.
 */
export class Sandbox implements Disposable {
  readonly #root: string;
  readonly #paths: { lower: string; upper: string; work: string; merged: string };
  readonly #system: SystemPort;
  readonly #options: SandboxOptions;
  #overlay: Disposable | undefined;
  #replaced: string[] | undefined;

  constructor(root: string, workdir: string, system: SystemPort, options: SandboxOptions = {}) {
    this.#root = root;
    this.#system = system;
    this.#options = options;
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
    using tree = new Tree(this.#overlay ? this.#paths.merged : this.#root);
    return tree.exists('program', program);
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
    const { epochSeconds } = this.#options;
    const env = {
      ...environment,
      RPMOSTREE_SCRIPT_PKG_NAME: options.packageName ?? '',
      ...(epochSeconds === undefined ? {} : { SOURCE_DATE_EPOCH: String(epochSeconds) }),
    };
    return bubblewrap(
      [
        ...['--bind', merged, '/', '--bind', path.join(merged, 'usr/etc'), '/etc', '--dev', '/dev', '--proc', '/proc'],
        ...['--tmpfs', '/run', '--tmpfs', '/tmp', '--tmpfs', '/var/tmp', '--clearenv'],
        ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
        ...(options.script === undefined ? [] : ['--ro-bind', scriptFile, inside]),
        ...(this.#replaced ??= this.#replacements()),
        ...['--chdir', '/', '--'],
        ...command,
        ...(options.script === undefined ? [] : [inside]),
        ...(options.args ?? []),
      ],
      options.input,
      this.#timeoutMs,
    );
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? hourMs;
  }

  /** Mounts which put a script that only says so in the place of programs that are left out. */
  #replacements(): string[] {
    const { merged } = this;
    using tree = new Tree(merged);
    const leftOut = (this.#options.leftOut ?? []).flatMap((name) => {
      const found = tree.find('program', name);
      return found?.stats.isFile() ? [`/${found.path}`] : [];
    });
    if (leftOut.length === 0 || !this.has('/bin/sh')) return [];
    const note = path.join(path.dirname(merged), 'left-out');
    writeFileSync(note, '#!/bin/sh\necho "${0##*/} does nothing while a tree is composed" >&2\n', { mode: 0o755 });
    return [...new Set(leftOut)].flatMap((file) => ['--ro-bind', note, file]);
  }

  /** Run a script with rpm's own lua, the tree as its root. The machine's files are there read-only until lua's process changes its root. */
  runLua(lua: LuaRunner, request: LuaRequest): RunResult {
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
      this.#timeoutMs,
    );
  }

  /** Put what scripts wrote into the tree; `wanted` is asked about new names in its root. */
  finish(wanted: (name: string) => boolean = () => true): void {
    if (!this.#overlay) return;
    this[Symbol.dispose]();
    using upper = new Tree(this.#paths.upper, { system: this.#system });
    using lower = new Tree(this.#root, { system: this.#system });
    for (const name of upper.names('overlay', '')) if (!lower.look('overlay', name) && !wanted(name)) upper.remove('overlay', name);
    mergeUpper(upper, lower);
  }
}
