// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { hasShape, isObject } from '../../../files/index.ts';

import type { SandboxJobs } from './params.ts';
import type { SystemPort } from '../ports/compose-store.ts';
import { Tree } from '../tree/index.ts';
import { kindOf } from '../tree/errors.ts';
import { bubblewrap, type Inside, type RunResult } from './bubblewrap.ts';
import { mergeUpper, overlayPrefixes } from './overlay-merge.ts';

/** What the interpreter of lua scripts and macros is made of: a worker, with files of this machine which are bound into the sandbox. */
export interface InterpreterNeeds {
  /** File or directory of this machine, and where it is found inside. */
  readonly mounts: readonly (readonly [from: string, to: string])[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What an interpreter needs that is to be found below `place`; `workdir` is there for files made for it. main/worker wires it. */
export type Interpreter = (place: string, workdir: string) => InterpreterNeeds;

export interface SandboxOptions {
  /** How long one program may take; what doesn't end is killed. Default: an hour. */
  readonly timeoutMs?: number;
  /** SOURCE_DATE_EPOCH for programs inside, Unix seconds. */
  readonly epochSeconds?: number;
  /** What programs see as /etc: a directory of this machine in the place of the tree's, read-only, and texts in the place of files there. */
  readonly etc?: { readonly directory?: string; readonly replaced: Readonly<Record<string, string>> };
  /** Programs (absolute paths in the tree) in whose place a note is printed: what they do is compose's or libostree's work. */
  readonly leftOut?: readonly string[];
}

/** Who runs: named when the next program finds the tree without the directories that every system has. */
interface Who {
  readonly subject: string;
  readonly packageName?: string;
}

const environment: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  TERM: 'dumb',
  SYSTEMD_OFFLINE: '1',
  SYSTEMD_IN_CHROOT: '1',
  // it couldn’t make device files, and warn about each
  DRACUT_NO_MKNOD: '1',
};

const hourMs = 3_600_000;

/** Directories on which something is mounted for programs inside. In place of a link bubblewrap would mount, or even make, something where it leads. */
const mountPoints = ['etc', 'dev', 'proc', 'run', 'var', 'usr/etc'];
/** In /run, which belongs to the sandbox. */
const [scriptPlace, interpreterPlace, packagePlace] = ['/run/treeline-script', '/run/treeline', '/run/treeline-package.rpm'];

/** The seccomp program, made once in a directory of ours, as a descriptor to be closed. */
export function openScriptFilter(directory: string, system: Pick<SystemPort, 'writeScriptFilter'>): number {
  const file = path.join(directory, 'filter.bpf');
  if (!existsSync(file)) {
    const fd = openSync(file, 'wx', 0o600);
    try {
      system.writeScriptFilter(fd);
    } finally {
      closeSync(fd);
    }
  }
  return openSync(file, 'r');
}

/**
 * Runs programs of the tree in bubblewrap, on an overlay of it: the tree's files are hard links into the cache, and what a script
 * writes becomes a copy. finish() puts the copies into the tree. Without finish() the tree is as it was.
 */
export class Sandbox implements Disposable {
  readonly #root: string;
  readonly #workdir: string;
  readonly #paths: { lower: string; upper: string; work: string; merged: string };
  readonly #system: SystemPort;
  readonly #options: SandboxOptions;
  #overlay: Disposable | undefined;
  #last: string | undefined;

  constructor(root: string, workdir: string, system: SystemPort, options: SandboxOptions = {}) {
    this.#root = root;
    this.#workdir = workdir;
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

  /** Run a program of the tree; `script` appears as a file whose path is the last argument before `args`. Throws compose.sandbox, package.outside-tree. */
  run(command: readonly string[], options: { script?: string; args?: readonly string[]; input?: string; who: Who }): RunResult {
    const { script, args = [], input, who } = options;
    const scriptFile = script === undefined ? undefined : this.#file('script', script, 0o755);
    return this.#inside(who, [...command, ...(scriptFile === undefined ? [] : [scriptPlace]), ...args], input, {
      mounts: [...(scriptFile === undefined ? [] : ['--ro-bind', scriptFile, scriptPlace]), ...this.#replacements()],
    });
  }

  /** Run a script with rpm's own lua. */
  runLua(interpreter: Interpreter, request: SandboxJobs['compose.lua']['params'], who: Who): RunResult {
    return this.#interpret(interpreter, { job: 'compose.lua', params: request }, who);
  }

  /** A script's text with macros expanded and query formats filled in, as its flags say: macros may run programs. Throws package.unsupported. */
  expand(interpreter: Interpreter, file: string, body: string, flags: number, who: Who): string {
    const params: SandboxJobs['compose.expand']['params'] = { file: packagePlace, script: body, flags };
    const result = this.#interpret(interpreter, { job: 'compose.expand', params }, who, ['--ro-bind', file, packagePlace]);
    const refused = (detail: string): TreelineError => new TreelineError('package.unsupported', { subject: who.subject, detail });
    if (result.timedOut) throw new TreelineError('compose.script-timeout', { subject: who.subject, detail: 'its macros' });
    let event: unknown;
    try {
      event = JSON.parse(result.events.trim().split('\n').at(-1) ?? '');
    } catch {
      throw refused(`its script’s macros can’t be expanded: ${result.output.slice(-3).join(' | ')}`);
    }
    if (isObject(event) && hasShape(event['result'], { text: 'string' })) return event['result'].text;
    const told = isObject(event) && hasShape(event['error'], { detail: 'string' }) ? event['error'].detail : '';
    throw refused(told || 'its script’s macros can’t be expanded');
  }

  #interpret(interpreter: Interpreter, request: object, who: Who, more: readonly string[] = []): RunResult {
    const { mounts, command, environment: own } = interpreter(interpreterPlace, this.#workdir);
    const bound = mounts.flatMap(([from, to]) => ['--ro-bind', from, to]);
    return this.#inside(who, command, JSON.stringify(request), {
      mounts: ['--dir', interpreterPlace, ...bound, ...more, ...this.#replacements()],
      environment: own,
      isWorker: true,
    });
  }

  #inside(who: Who, command: readonly string[], input: string | undefined, more: Partial<Inside>): RunResult {
    const { merged } = this;
    const held: number[] = [];
    const hold = (fd: number | undefined): number | undefined => {
      if (fd !== undefined) held.push(fd);
      return fd;
    };
    try {
      const root = hold(this.#system.holdDirectory(merged));
      if (root === undefined) throw new TreelineError('compose.sandbox', { detail: `${merged} is gone` });
      const beneath = (name: string): number | undefined => hold(this.#system.holdBeneath(root, name));
      // before each program, and held from here on: the one before may have put a link anywhere
      const etc = mountPoints.map((name) => beneath(name) ?? this.#spoiled(name)).at(-1) ?? -1;
      const filter = hold(openScriptFilter(this.#workdir, this.#system)) ?? -1;
      const temporary = ['tmp', 'var/tmp'].filter((name) => beneath(name) !== undefined);
      const { epochSeconds } = this.#options;
      this.#system.sealDescriptors();
      this.#last = who.subject;
      return bubblewrap(
        command,
        {
          tree: { root, etc },
          filter,
          ...more,
          mounts: [
            ...this.#etc(),
            ...['--tmpfs', '/run', '--ro-bind', this.#file('empty', '', 0o644), '/run/ostree-booted'],
            ...temporary.flatMap((name) => ['--perms', '1777', '--tmpfs', `/${name}`]),
            ...(more.mounts ?? []),
          ],
          environment: {
            ...environment,
            RPMOSTREE_SCRIPT_PKG_NAME: who.packageName ?? '',
            ...(epochSeconds === undefined ? {} : { SOURCE_DATE_EPOCH: String(epochSeconds) }),
            ...more.environment,
          },
        },
        input,
        this.#options.timeoutMs ?? hourMs,
      );
    } finally {
      for (const fd of held) closeSync(fd);
    }
  }

  /** Say what a directory that programs need has become, and since whom. */
  #spoiled(name: string): never {
    using tree = new Tree(this.merged);
    const stats = tree.look('program', name);
    const what = !stats ? 'gone' : stats.isSymbolicLink() ? 'a link' : stats.isDirectory() ? 'behind a link' : 'no directory';
    const subject = this.#last === undefined ? 'The tree' : `After ${this.#last} the tree`;
    throw new TreelineError('package.outside-tree', {
      subject,
      detail: `/${name}, which is ${what}`,
      facts: { path: `/${name}`, ...(this.#last === undefined ? {} : { scriptlet: this.#last }) },
    });
  }

  #judge(name: string): void {
    const root = this.#system.holdDirectory(this.merged);
    const fd = root === undefined ? undefined : this.#system.holdBeneath(root, name);
    for (const held of [root, fd]) if (held !== undefined) closeSync(held);
    if (fd === undefined) this.#spoiled(name);
  }

  /** A file beside the overlay, which no program inside reaches. */
  #file(name: string, content: string, mode: number): string {
    const file = path.join(this.#workdir, name);
    writeFileSync(file, content, { mode });
    return file;
  }

  /** Mounts on /etc. Only a file is covered: a mount on a link would go where it leads. */
  #etc(): string[] {
    const { directory, replaced = {} } = this.#options.etc ?? {};
    const place = directory ?? path.join(this.merged, 'usr/etc');
    const files = Object.entries(replaced).filter(([name]) => lstatSync(path.join(place, name), { throwIfNoEntry: false })?.isFile());
    return [
      ...(directory === undefined ? [] : ['--ro-bind', directory, '/etc']),
      ...files.flatMap(([name, text]) => ['--ro-bind', this.#file(`etc-${name}`, text, 0o644), `/etc/${name}`]),
    ];
  }

  /** Mounts which put a script that only says so in the place of programs that are left out. Looked up anew for each program: a link leads elsewhere now. */
  #replacements(): string[] {
    const { merged } = this;
    using tree = new Tree(merged);
    const leftOut = (this.#options.leftOut ?? []).flatMap((name) => {
      const found = tree.find('program', name);
      return found?.stats.isFile() ? [`/${found.path}`] : [];
    });
    if (leftOut.length === 0 || !this.has('/bin/sh')) return [];
    const note = this.#file('left-out', '#!/bin/sh\necho "${0##*/} does nothing while a tree is composed" >&2\n', 0o755);
    return [...new Set(leftOut)].flatMap((file) => ['--ro-bind', note, file]);
  }

  /** Put what scripts wrote into the tree; `wanted` is asked about new names in its root. */
  finish(wanted: (name: string) => boolean = () => true): void {
    if (!this.#overlay) return;
    // what no program ran on is as compose left it
    if (this.#last !== undefined) for (const name of mountPoints) this.#judge(name);
    this[Symbol.dispose]();
    using upper = new Tree(this.#paths.upper, { system: this.#system });
    using lower = new Tree(this.#root, { system: this.#system });
    for (const name of upper.names('overlay', '')) if (!lower.look('overlay', name) && !wanted(name)) upper.remove('overlay', name);
    mergeUpper(upper, lower);
  }

  /** Put one file of what programs wrote into the tree, and nothing else; false when it wasn't written. Throws package.unusable-file for what isn't a file. */
  finishWith(file: string): boolean {
    if (!this.#overlay) return false;
    this[Symbol.dispose]();
    using upper = new Tree(this.#paths.upper, { system: this.#system });
    using lower = new Tree(this.#root, { system: this.#system });
    const stats = upper.look('overlay', file);
    if (!stats) return false;
    if (!stats.isFile()) throw upper.errors.wrongKind(file, kindOf(stats), 'file');
    upper.removeAttributes('overlay', file, overlayPrefixes);
    upper.moveTo(lower, 'overlay', file, file);
    return true;
  }
}
