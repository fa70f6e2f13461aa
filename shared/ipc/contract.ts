// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { schemaNamed } from '../domain/schemas/index.ts';
import type { ErrorReport } from '../errors/index.ts';
import { argumentSchemas, type Arguments } from './arguments.ts';
import { commandTable, eventTable, type CommandName, type EventName } from './command-table.ts';
import { resultSchemas, type ResultOf } from './results.ts';

type Table = typeof commandTable;

export type CommandArgs<N extends CommandName> = Readonly<Arguments<Table[N]['args']>>;
export type CommandResult<N extends CommandName> = ResultOf<Table[N]['result']>;
export type EventPayload<N extends EventName> = ResultOf<(typeof eventTable)[N]>;

/** A strict tuple: neither more arguments nor other ones. Throws a RangeError for a validator that isn't there. */
function tuple(names: readonly string[]): z.ZodType<unknown[]> {
  const items = names.map((name) => schemaNamed(argumentSchemas, name));
  const [head, ...tail] = items;
  return head === undefined ? z.tuple([]) : z.tuple([head, ...tail]);
}

/** Validators of every command: what main takes, and what it sends back. */
export const commands = Object.fromEntries(
  Object.entries(commandTable).map(([name, { args, result }]) => [name, { args: tuple(args), result: schemaNamed(resultSchemas, result) }]),
) as { readonly [N in CommandName]: { readonly args: z.ZodType<unknown[]>; readonly result: z.ZodType<CommandResult<N>> } };

/** And of every event. */
export const events = Object.fromEntries(
  Object.entries(eventTable).map(([name, payload]) => [name, schemaNamed(resultSchemas, payload)]),
) as { readonly [N in EventName]: z.ZodType<EventPayload<N>> };

/** What whoever does a command promises. */
type Done<N extends CommandName> = Table[N]['result'] extends 'Nothing' ? Promise<void> : Promise<CommandResult<N>>;
/** The commands that the service's client does as they are. */
type Forwarded = { [N in CommandName]: Table[N] extends { readonly client: string } ? N : never }[CommandName];
/** What they ask of it, by the names of its methods. */
export type ForwardedCalls = {
  readonly [N in Forwarded as Table[N]['client']]: (...args: [...CommandArgs<N>]) => Done<N>;
};
/** What main does itself. */
export type OwnHandlers = { readonly [N in Exclude<CommandName, Forwarded>]: (...args: CommandArgs<N>) => Done<N> };

/** What crosses the border: an error travels as its report, since Electron would make a bare text of it. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorReport };

/** The frozen object the preload puts on `window.treeline`. */
export interface TreelineBridge {
  invoke<N extends CommandName>(name: N, ...args: CommandArgs<N>): Promise<Reply<CommandResult<N>>>;
  /** Returns the function that ends the subscription. */
  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void;
}
