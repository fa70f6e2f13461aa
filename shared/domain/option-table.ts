// SPDX-License-Identifier: LGPL-2.1-or-later

interface OptionSpec {
  readonly type: 'b' | 's' | 'as' | '(ss)';
  /** What it asks for, in the words of a sentence after its name: docs/dbus.md and the help of the command line have it. */
  readonly about: string;
  /** Only our own service knows it. */
  readonly ours?: true;
  /** Text that is only written down, and cut there: stock clients send whole command lines. */
  readonly logged?: true;
  /** False says something, too: it is sent. */
  readonly falseCounts?: true;
  /**
   * One of those that Upgrade, Deploy, Rebase and UpdateDeployment have in common, and who acts on it: the service, or the job, which then has it among its
   * parameters.
   */
  readonly pull?: 'service' | 'job';
  /** The window may send it with an upgrade. */
  readonly window?: true;
  /** The command line's flag, as its help shows it, and the commands that have it. */
  readonly flag?: { readonly as: string; readonly of: readonly string[] };
}

/** Commands that change what is on top of the base, and those of them that override packages of the base. */
const overriding = ['override-replace', 'override-remove', 'override-reset'] as const;
const changing = ['install', 'uninstall', 'reset', ...overriding] as const;

/**
 * Every option that is read out of an `a{sv}`, declared once. A known name with another type is refused; unknown names are let through, as
 * rpm-ostreed does (rpmostree-sysroot-upgrader.cxx and the interface's XML name them).
 */
export const optionTable = {
  id: { type: 's', about: 'how the client is called', logged: true },
  reboot: {
    type: 'b',
    about: 'restart when something changed',
    pull: 'service',
    window: true,
    flag: {
      as: '-r, --reboot',
      of: ['upgrade', 'deploy', 'rebase', 'rollback', 'kargs', 'initramfs', 'initramfs-etc', 'boot-once', ...changing],
    },
  },
  'allow-downgrade': {
    type: 'b',
    about: 'also take a version that is older',
    pull: 'job',
    window: true,
    flag: { as: '--allow-downgrade', of: ['upgrade'] },
  },
  'skip-purge': { type: 'b', about: 'keep the old source’s branch', flag: { as: '--skip-purge', of: ['rebase'] } },
  'lock-finalization': {
    type: 'b',
    about: 'don’t finish at shutdown until finalize-deployment',
    pull: 'job',
    flag: { as: '--lock-finalization', of: ['upgrade', 'deploy', 'rebase', 'kargs', 'initramfs', 'initramfs-etc', ...changing] },
  },
  'cache-only': {
    type: 'b',
    about: 'use only what was fetched before',
    pull: 'job',
    flag: { as: '-C, --cache-only', of: ['upgrade', 'deploy', 'rebase', 'install', ...overriding] },
  },
  'download-only': {
    type: 'b',
    about: 'fetch, but don’t deploy',
    pull: 'job',
    window: true,
    flag: { as: '--download-only', of: ['upgrade', 'deploy', 'rebase', 'install'] },
  },
  'skip-branch-check': {
    type: 'b',
    about: 'take a commit of another branch',
    pull: 'job',
    flag: { as: '--skip-branch-check', of: ['deploy'] },
  },
  'dry-run': {
    type: 'b',
    about: 'say what would be done',
    pull: 'job',
    flag: { as: '-n, --dry-run', of: ['install', 'uninstall', 'apply-live', ...overriding] },
  },
  'apply-live': {
    type: 'b',
    about: 'change the running system at once',
    pull: 'service',
    flag: { as: '-A, --apply-live', of: ['install'] },
  },
  'no-layering': { type: 'b', about: 'drop layered packages', pull: 'job' },
  'no-overrides': { type: 'b', about: 'drop overrides', pull: 'job' },
  'no-initramfs': { type: 'b', about: 'drop the initramfs of one’s own', pull: 'job' },
  'no-pull-base': { type: 'b', about: 'keep the base that is there', pull: 'job' },
  'allow-inactive-requests': {
    type: 'b',
    about: 'keep requests that the base fulfils already',
    pull: 'job',
    flag: { as: '--allow-inactive', of: ['install', 'uninstall'] },
  },
  'idempotent-layering': {
    type: 'b',
    about: 'what is there or gone already is no error',
    pull: 'job',
    flag: { as: '--idempotent', of: ['install', 'uninstall'] },
  },
  enablerepo: {
    type: 'as',
    about: 'also use this package repository, this time',
    ours: true,
    pull: 'job',
    flag: { as: '--enablerepo <repo>', of: ['install', 'uninstall'] },
  },
  disablerepo: {
    type: 'as',
    about: 'don’t use this package repository, this time',
    ours: true,
    pull: 'job',
    flag: { as: '--disablerepo <repo>', of: ['install', 'uninstall'] },
  },
  releasever: {
    type: 's',
    about: 'release of the package repositories, this time',
    ours: true,
    pull: 'job',
    flag: { as: '--releasever <version>', of: ['install', 'uninstall'] },
  },
  'without-packages': {
    type: 'as',
    about: 'leave this requested package out where it doesn’t fit the new base; it stays requested',
    ours: true,
    pull: 'job',
    window: true,
    flag: { as: '--without <package>', of: ['upgrade', 'deploy', 'rebase'] },
  },
  'install-packages': { type: 'as', about: 'add requests for packages' },
  'uninstall-packages': { type: 'as', about: 'drop requests for packages' },
  'override-remove-packages': { type: 'as', about: 'leave packages of the base out' },
  'override-replace-packages': { type: 'as', about: 'replace packages of the base by a repository’s: repo=ID,NAME' },
  'treeline-install-uploads': { type: 'as', about: 'add packages of files that this connection has sent', ours: true },
  'treeline-install-uploads-replacefiles': { type: 'as', about: 'the same; their files may replace others’', ours: true },
  'treeline-override-replace-uploads': { type: 'as', about: 'replace packages of the base by those of sent files', ours: true },
  'override-reset-packages': { type: 'as', about: 'take packages of the base again' },
  'allow-missing-checksum': {
    type: 'b',
    about: 'finish whatever is staged',
    flag: { as: '--allow-missing-checksum', of: ['finalize-deployment'] },
  },
  'allow-unlocked': { type: 'b', about: 'also when it isn’t locked', flag: { as: '--allow-unlocked', of: ['finalize-deployment'] } },
  'initiating-command-line': { type: 's', about: 'what was typed, for the history', logged: true },
  'final-kernel-args': { type: 's', about: 'the whole line instead of changes' },
  'append-if-missing': {
    type: 'as',
    about: 'add a kernel argument unless it is there',
    flag: { as: '--append-if-missing <key=value>', of: ['kargs'] },
  },
  'delete-if-present': {
    type: 'as',
    about: 'delete a kernel argument if it is there',
    flag: { as: '--delete-if-present <key=value>', of: ['kargs'] },
  },
  'set-refspec': { type: 's', about: 'follow this branch or container image' },
  'set-revision': { type: 's', about: 'deploy this version or checksum' },
  'custom-origin': { type: '(ss)', about: 'with another source: address and description of where that comes from, for people' },
  checksum: { type: 's', about: 'the staged commit that is meant' },
  revision: { type: 's', about: 'a version or checksum of the branch' },
  target: {
    type: 's',
    about: 'this commit instead of what would start next; what was booted takes all back',
    flag: { as: '--target <commit>', of: ['apply-live'] },
  },
  replace: {
    type: 'b',
    about: 'also change and remove packages',
    flag: { as: '--allow-replacement', of: ['apply-live'] },
  },
  mode: { type: 's', about: 'auto, none or check' },
  'register-driver': {
    type: 's',
    about: 'this program decides about updates from now on; with an empty revision nothing else is done',
    pull: 'service',
    flag: { as: '--register-driver <name>', of: ['deploy'] },
  },
  force: {
    type: 'b',
    about: 'all the same: although a deployment comes from it, or its metadata is fresh',
    flag: { as: '-f, --force', of: ['remove', 'refresh-md'] },
  },
  'skip-unavailable': {
    type: 'b',
    about: 'pass over repositories that can’t be reached',
    ours: true,
    flag: { as: '--skip-unavailable', of: ['refresh-md'] },
  },
  'ignore-blockers': { type: 'b', about: 'although something in RestartBlockers stands against it', ours: true },
  'treeline-detached': { type: 'b', about: 'the job goes on when the client ends', ours: true },
  'treeline-deployment': { type: 's', about: 'build on this deployment', ours: true },
  'treeline-medium': { type: 's', about: 'folder of a medium to update from', ours: true },
  'gpg-verify': { type: 'b', about: 'demand signatures (default: true)', ours: true, falseCounts: true },
  'fetch-rpmdb': { type: 'b', about: 'fetch the package database where the commit says too little', ours: true },
  url: { type: 's', about: 'its new address', ours: true, flag: { as: '--url <url>', of: ['edit'] } },
  refspec: { type: 's', about: 'the branch to look at', ours: true },
  medium: { type: 's', about: 'folder of the medium to look at', ours: true },
} as const satisfies Record<string, OptionSpec>;

type Table = typeof optionTable;
export type OptionName = keyof Table;
export type OptionType<N extends OptionName> = Table[N]['type'];
/** Values in TypeScript by type on the wire. */
interface Values {
  readonly b: boolean;
  readonly s: string;
  readonly as: readonly string[];
  readonly '(ss)': readonly [string, string];
}
export type OptionValue<N extends OptionName> = Values[OptionType<N>];

type Camel<Text extends string> = Text extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Text;
/** Options as code passes them: `allow-downgrade` is `allowDowngrade`. */
export type OptionsGiven<N extends OptionName = OptionName> = { readonly [O in N as Camel<O>]?: OptionValue<O> | undefined };

type Having<Field extends string, Value> = { [N in OptionName]: Table[N] extends Readonly<Record<Field, Value>> ? N : never }[OptionName];
/** What Upgrade, Deploy, Rebase and UpdateDeployment have in common. */
export type PullOptions = OptionsGiven<Having<'pull', string>>;
/** What UpdateDeployment is to change: rpm-ostree's modifiers. */
export type Modifiers = OptionsGiven<
  | 'set-refspec'
  | 'set-revision'
  | 'custom-origin'
  | 'install-packages'
  | 'uninstall-packages'
  | 'override-remove-packages'
  | 'override-reset-packages'
  | 'override-replace-packages'
  | 'treeline-install-uploads'
  | 'treeline-install-uploads-replacefiles'
  | 'treeline-override-replace-uploads'
>;
/** Those of the options that the job acts on. */
export type PullJobOptions = OptionsGiven<Having<'pull', 'job'>>;
/** Those that the window may send. */
export type WindowOptions = OptionsGiven<Having<'window', true>>;

const specs: Readonly<Record<string, OptionSpec>> = optionTable;

/** undefined for what isn't one of ours, whatever a peer called it. */
export const specOfOption = (name: string): OptionSpec | undefined => (Object.hasOwn(specs, name) ? specs[name] : undefined);

const entries = Object.entries(specs);
const namesOf = (fits: (spec: OptionSpec) => boolean): readonly string[] => entries.filter(([, spec]) => fits(spec)).map(([name]) => name);
export const pullNames = namesOf((spec) => spec.pull !== undefined);
export const pullJobNames = namesOf((spec) => spec.pull === 'job');
export const windowNames = namesOf((spec) => spec.window === true);

/** `allow-downgrade` -> `allowDowngrade`, and back. */
export const camelName = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
export const kebabName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Those of an object's properties that are the named options. */
export function pickOptions(given: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map(camelName).flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}

/** Flags of one of the command line's commands. */
export function flagsOf(command: string): readonly { readonly as: string; readonly about: string; readonly list: boolean }[] {
  return entries.flatMap(([, { flag, about, type }]) => (flag?.of.includes(command) ? [{ as: flag.as, about, list: type === 'as' }] : []));
}
