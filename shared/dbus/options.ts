// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ValueOf } from './value-types.ts';
import { Variant } from './wire/variant.ts';

interface OptionSpec {
  readonly type: 'b' | 's' | 'as';
  /** What it asks for, in the words of a sentence after its name. */
  readonly about: string;
  /** Only our own service knows it. */
  readonly ours?: true;
  /** Text that is only written down, and cut there: stock clients send whole command lines. */
  readonly logged?: true;
  /** False says something, too: it is sent. */
  readonly falseCounts?: true;
}

/**
 * Every option that is read out of an `a{sv}`, declared once. A known name with another type is refused; unknown names are let through, as
 * rpm-ostreed does (rpmostree-sysroot-upgrader.cxx and the interface's XML name them).
 */
export const optionTable = {
  id: { type: 's', about: 'how the client is called', logged: true },
  reboot: { type: 'b', about: 'restart when something changed' },
  'allow-downgrade': { type: 'b', about: 'an older version is taken, too' },
  'skip-purge': { type: 'b', about: 'keep what the old source fetched' },
  'lock-finalization': { type: 'b', about: 'stage, and finish only after FinalizeDeployment' },
  'cache-only': { type: 'b', about: 'take what has been fetched already' },
  'download-only': { type: 'b', about: 'fetch, and deploy nothing' },
  'skip-branch-check': { type: 'b', about: 'take a commit that isn’t on the branch' },
  'dry-run': { type: 'b', about: 'say what would be done' },
  'apply-live': { type: 'b', about: 'change the running system at once' },
  'no-layering': { type: 'b', about: 'drop layered packages' },
  'no-overrides': { type: 'b', about: 'drop overrides' },
  'no-initramfs': { type: 'b', about: 'drop the initramfs of one’s own' },
  'no-pull-base': { type: 'b', about: 'keep the base that is there' },
  'allow-missing-checksum': { type: 'b', about: 'finish whatever is staged' },
  'allow-unlocked': { type: 'b', about: 'finish although nothing was locked' },
  'initiating-command-line': { type: 's', about: 'what was typed, for the history', logged: true },
  'final-kernel-args': { type: 's', about: 'the whole line instead of changes' },
  'append-if-missing': { type: 'as', about: 'kernel arguments to append where they aren’t there' },
  'delete-if-present': { type: 'as', about: 'kernel arguments to delete where they are there' },
  'set-refspec': { type: 's', about: 'follow this branch' },
  'set-revision': { type: 's', about: 'deploy this version or checksum' },
  checksum: { type: 's', about: 'the staged commit that is meant' },
  revision: { type: 's', about: 'a version or checksum of the branch' },
  mode: { type: 's', about: 'auto, none or check' },
  'register-driver': { type: 's', about: 'name of the program that decides about updates from now on' },
  force: { type: 'b', about: 'although a deployment names it', ours: true },
  'ignore-blockers': { type: 'b', about: 'although something in RestartBlockers stands against it', ours: true },
  'treeline-detached': { type: 'b', about: 'the job goes on when the client ends', ours: true },
  'treeline-deployment': { type: 's', about: 'build on this deployment', ours: true },
  'treeline-medium': { type: 's', about: 'folder of a medium to update from', ours: true },
  'gpg-verify': { type: 'b', about: 'demand signatures (default: true)', ours: true, falseCounts: true },
  'fetch-rpmdb': { type: 'b', about: 'fetch the package database where the commit says too little', ours: true },
  url: { type: 's', about: 'address of the repository', ours: true },
  refspec: { type: 's', about: 'the branch to look at', ours: true },
  medium: { type: 's', about: 'folder of the medium to look at', ours: true },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof optionTable;
type TypeOf<N extends OptionName> = (typeof optionTable)[N]['type'];
type NamesOf<T extends string> = { [N in OptionName]: TypeOf<N> extends T ? N : never }[OptionName];

export type FlagName = NamesOf<'b'>;

/** Values for an `a{sv}`. */
export type OptionValues = { readonly [N in OptionName]?: ValueOf<TypeOf<N>> | undefined };

/** An option dictionary as received: only own keys count, whatever a peer called them. */
export type Options = Readonly<Record<string, Variant>>;

export const specOfOption = (name: string): OptionSpec | undefined =>
  Object.hasOwn(optionTable, name) ? optionTable[name as OptionName] : undefined;

export const asOptions = (value: unknown): Options => (typeof value === 'object' && value !== null ? (value as Options) : {});

function option<N extends OptionName>(options: unknown, name: N): ValueOf<TypeOf<N>> | undefined {
  const dict = asOptions(options);
  if (!Object.hasOwn(dict, name)) return undefined;
  const variant = dict[name];
  return variant instanceof Variant && variant.signature === optionTable[name].type ? (variant.value as ValueOf<TypeOf<N>>) : undefined;
}

export const boolOption = (options: unknown, name: FlagName): boolean => option(options, name) === true;
/** '' when it isn't there. */
export const stringOption = (options: unknown, name: NamesOf<'s'>): string => option(options, name) ?? '';
export const listOption = (options: unknown, name: NamesOf<'as'>): readonly string[] => option(options, name) ?? [];
export const hasOption = (options: unknown, name: OptionName): boolean => Object.hasOwn(asOptions(options), name);

/** The dictionary to send. What is undefined, or false where that is the rule, isn't sent: a daemon that doesn't know it needn't refuse it. */
export function optionDict(values: OptionValues): Record<string, Variant> {
  const dict: Record<string, Variant> = {};
  for (const [name, value] of Object.entries(values)) {
    const spec = specOfOption(name);
    if (spec && value !== undefined && (value !== false || spec.falseCounts)) dict[name] = new Variant(spec.type, value);
  }
  return dict;
}
