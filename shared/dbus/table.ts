// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ActionId } from './actions.ts';
import { boolOption, type Problem } from './validate.ts';

export interface ArgSpec {
  readonly name: string;
  readonly type: string;
}

/** What the service knows that decides which permission a call needs. */
export interface AuthFacts {
  /** True if the source of the deployment that would be updated demands signatures. */
  readonly verified: boolean;
  /** Configured automatic update policy. */
  readonly policy: string;
  /** Changes with all that a permission rests on: what a job would build on, where that comes from, and what its source demands. */
  readonly basis?: string;
}

export type Args = readonly unknown[];

export interface MethodSpec {
  readonly in: readonly ArgSpec[];
  readonly out: readonly ArgSpec[];
  /** polkit actions, all of which must be granted; an empty list only for what merely looks. */
  readonly actions: (args: Args, facts: AuthFacts) => readonly ActionId[];
  /** True for calls that only look: the one case in which `actions` may be empty. */
  readonly reads: boolean;
  /** What is wrong with the arguments, undefined if nothing. Runs before anybody is asked for a password. */
  readonly problem: (args: Args) => Problem | undefined;
  /** What the person is asked to allow, as the rest of "Authentication is required to ...". */
  readonly intent: (args: Args) => string;
  /** Facts for `action.lookup()` in polkit rules. */
  readonly details: (args: Args) => Readonly<Record<string, string>>;
  /** False: part of the interface, refused with `not-supported` after authorisation. */
  readonly supported: boolean;
  /** False: nobody is asked for a password, the answer is just yes or no. */
  readonly interactive: boolean;
}

export interface InterfaceSpec {
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodSpec>>;
  readonly properties: Readonly<Record<string, string>>;
  readonly signals: Readonly<Record<string, readonly ArgSpec[]>>;
}

/** `'a{sv} options, s refspec'` as a list. */
export function args(text: string): readonly ArgSpec[] {
  if (text === '') return [];
  return text.split(', ').map((part) => {
    const blank = part.indexOf(' ');
    return { type: part.slice(0, blank), name: part.slice(blank + 1) };
  });
}

export const signatureOf = (list: readonly ArgSpec[]): string => list.map((arg) => arg.type).join('');

type Extra = Partial<Omit<MethodSpec, 'in' | 'out' | 'actions'>>;

const common = { problem: () => undefined, details: () => ({}), supported: true, interactive: true };

/** A method that only looks: no permission needed. */
export function read(input: string, output: string, extra: Extra = {}): MethodSpec {
  return { ...common, intent: () => 'look', in: args(input), out: args(output), actions: () => [], reads: true, ...extra };
}

/** Options that do something besides what their method does, whatever that is. */
function optionActions(options: unknown): ActionId[] {
  return [
    ...(boolOption(options, 'reboot') ? (['org.treeline.restart'] as const) : []),
    // nothing is finalized any more until an administrator releases it
    ...(boolOption(options, 'lock-finalization') ? (['org.projectatomic.rpmostree1.finalize-deployment'] as const) : []),
  ];
}

/** A method that needs `action` (or what `action` computes from the arguments). */
export function guarded(
  input: string,
  output: string,
  action: ActionId | MethodSpec['actions'],
  intent: string | MethodSpec['intent'],
  extra: Extra = {},
): MethodSpec {
  const own = typeof action === 'string' ? (): readonly ActionId[] => [action] : action;
  const list = args(input);
  const optionsAt = list.findIndex((arg) => arg.name === 'options');
  return {
    ...common,
    in: list,
    out: args(output),
    actions: (values, facts) => [...new Set([...own(values, facts), ...optionActions(values[optionsAt])])],
    reads: false,
    intent: typeof intent === 'string' ? () => intent : intent,
    ...extra,
  };
}
