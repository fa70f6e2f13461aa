// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ActionId } from './actions.ts';
import { boolOption } from './options.ts';
import type { Problem } from './validate.ts';
import type { ArgsOf, Told } from './value-types.ts';

export interface ArgSpec {
  readonly name: string;
  /** Of D-Bus. */
  readonly type: string;
  /** Of a text that is one JSON document: which one, as the table names it. */
  readonly json?: string;
  /** Empty where it isn't given: its name in the table ends with `?`. */
  readonly optional?: true;
}

/** A list of values with their types, as one text says them. */
export type Args<Text extends string> = readonly ArgSpec[] & { readonly told?: ArgsOf<Text> };

/** What the service knows that decides which permission a call needs. */
export interface AuthFacts {
  /** True if the source of the deployment that would be updated demands signatures. */
  readonly verified: boolean;
  /** Configured automatic update policy. */
  readonly policy: string;
  /** Changes with all that a permission rests on: what a job would build on, where that comes from, and what its source demands. */
  readonly basis?: string;
}

/**
 * One method. Its arguments and results are written down once, as `'s deployment_id, a{sv} options'`: the types of the handler and of the
 * client's call, the signature on the wire and the introspection all come from that text.
 */
export type Method<Input extends string, Output extends string, Answer extends string = string> = Shape<ArgsOf<Input>> & {
  readonly input: Input;
  readonly output: Output;
  /** Of a job that leaves an answer for JobResult: the JSON document that this is. */
  readonly answer?: Answer;
};
/** Any of them. */
export type MethodSpec = Shape<readonly unknown[]> & { readonly input: string; readonly output: string; readonly answer?: string };

interface Shape<Args extends readonly unknown[]> {
  /** What a service lacks that hasn't got it, as the subject of a sentence. */
  readonly what?: string;
  readonly in: readonly ArgSpec[];
  readonly out: readonly ArgSpec[];
  /** True for calls that only look: the one case in which `actions` may be empty. */
  readonly reads: boolean;
  /** False: part of the interface, refused with `not-supported` after authorisation. */
  readonly supported: boolean;
  /** False: nobody is asked for a password, the answer is just yes or no. */
  readonly interactive: boolean;
  /** polkit actions, all of which must be granted; an empty list only for what merely looks. */
  actions(args: Args, facts: AuthFacts): readonly ActionId[];
  /** What is wrong with the arguments, undefined if nothing. Runs before anybody is asked for a password. */
  problem(args: Args): Problem | undefined;
  /** What the person is asked to allow, as the rest of "Authentication is required to ...". */
  intent(args: Args): string;
  /** Facts for `action.lookup()` in polkit rules. */
  details(args: Args): Readonly<Record<string, string>>;
}

export interface InterfaceSpec {
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodSpec>>;
  readonly properties: Readonly<Record<string, string>>;
  readonly signals: Readonly<Record<string, Args<string>>>;
}

/** Names of an interface's methods. */
export type MethodOf<I extends InterfaceSpec> = keyof I['methods'] & string;
/** What a method takes, and what it answers. */
export type Takes<I extends InterfaceSpec, M extends string> = I['methods'][M] extends { readonly input: infer Input extends string }
  ? ArgsOf<Input>
  : never;
export type Gives<I extends InterfaceSpec, M extends string> = I['methods'][M] extends { readonly output: infer Output extends string }
  ? ArgsOf<Output>
  : never;
/** What a job that a method starts leaves for JobResult. */
export type AnswerOf<I extends InterfaceSpec, M extends string> = I['methods'][M] extends { readonly answer?: infer Answer extends string }
  ? string extends Answer
    ? never
    : Told<Answer>
  : never;
/** What a signal says. */
export type Says<I extends InterfaceSpec, S extends string> = I['signals'][S] extends {
  readonly told?: infer Values extends readonly unknown[];
}
  ? Values
  : never;
/** The value of a property. */
export type PropertyOf<I extends InterfaceSpec, P extends keyof I['properties']> = Told<I['properties'][P]>;

/** `'a{sv} options, s refspec'` as a list. */
export function args<Text extends string>(text: Text): Args<Text> {
  if (text === '') return [];
  return text.split(', ').map((part): ArgSpec => {
    const [told = '', named = ''] = part.split(' ');
    const name = named.replace(/\?$/, '');
    return { ...wireType(told), name, ...(name === named ? {} : { optional: true }) };
  });
}

/** D-Bus's types begin with small letters and brackets, those of JSON documents with capitals. */
export function wireType(told: string): Pick<ArgSpec, 'type' | 'json'> {
  return /^[A-Z]/.test(told) ? { type: 's', json: told } : { type: told };
}

/** A JSON document as it goes over the bus: '' for what isn't there. */
export const jsonText = (value: unknown): string => JSON.stringify(value) ?? '';

/** Values of a row as they go over the bus. */
export function toWire(list: readonly ArgSpec[], values: readonly unknown[]): readonly unknown[] {
  return values.map((value, at) => (list[at]?.json === undefined ? value : jsonText(value)));
}

export const signatureOf = (list: readonly ArgSpec[]): string => list.map((arg) => arg.type).join('');

type Extra<Input extends string> = Partial<
  Pick<Shape<ArgsOf<Input>>, 'problem' | 'intent' | 'details' | 'supported' | 'interactive' | 'what'>
>;

const common = { problem: () => undefined, details: () => ({}), supported: true, interactive: true };

/** A method that only looks: no permission needed. */
export function read<Input extends string, Output extends string>(
  input: Input,
  output: Output,
  extra: Extra<Input> = {},
): Method<Input, Output, never> {
  return { ...common, intent: () => 'look', input, output, in: args(input), out: args(output), actions: () => [], reads: true, ...extra };
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
export function guarded<Input extends string, Output extends string, const Answer extends string = never>(
  input: Input,
  output: Output,
  action: ActionId | Shape<ArgsOf<Input>>['actions'],
  intent: string | Shape<ArgsOf<Input>>['intent'],
  extra: Extra<Input> & { readonly answer?: Answer } = {},
): Method<Input, Output, Answer> {
  const own = typeof action === 'string' ? (): readonly ActionId[] => [action] : action;
  const list = args(input);
  const optionsAt = list.findIndex((arg) => arg.name === 'options');
  return {
    ...common,
    input,
    output,
    in: list,
    out: args(output),
    actions: (values, facts) => [...new Set([...own(values, facts), ...optionActions(values[optionsAt])])],
    reads: false,
    intent: typeof intent === 'string' ? () => intent : intent,
    ...extra,
  };
}
