// SPDX-License-Identifier: LGPL-2.1-or-later
import { jsonText, signatureOf, toWire, wireType, type InterfaceSpec, type PropertyOf, type Says } from './table.ts';
import type { Connection } from './wire/connection.ts';
import type { DbusMessage } from './wire/message.ts';
import { Variant } from './wire/variant.ts';

/** Values of properties as they go over the bus: their types are the table's. */
export function propertyDict<I extends InterfaceSpec>(
  spec: I,
  values: { readonly [P in keyof I['properties']]?: PropertyOf<I, P> },
): Record<string, Variant> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const { type, json } = wireType(spec.properties[name] ?? '');
      return [name, new Variant(type, json === undefined ? value : jsonText(value))];
    }),
  );
}

/** As Says, with documents as texts. */
type Heard<I extends InterfaceSpec, S extends keyof I['signals'] & string> = Texts<Says<I, S>>;
type Texts<Values> = {
  readonly [At in keyof Values]: Values[At] extends object
    ? Values[At] extends readonly unknown[] | Uint8Array | Variant
      ? Values[At]
      : string
    : Values[At];
};

/** What a signal says, documents still as texts; undefined for another signal, or one that isn't as its row. */
export function heard<I extends InterfaceSpec, S extends keyof I['signals'] & string>(
  spec: I,
  name: S,
  message: DbusMessage,
): Heard<I, S> | undefined {
  const list = spec.signals[name];
  const fits = list && message.interface === spec.name && message.member === name && message.bodyProblem === undefined;
  // its values are of these types then: the decoder makes them from the signature
  return fits && message.signature === signatureOf(list) ? (message.body as Heard<I, S>) : undefined;
}

/** Says a signal of an interface. */
export function emit<I extends InterfaceSpec, S extends keyof I['signals'] & string>(
  connection: Connection,
  path: string,
  spec: I,
  name: S,
  values: Says<I, S>,
): void {
  const list = spec.signals[name] ?? [];
  connection.signal(path, spec.name, name, signatureOf(list), toWire(list, values));
}
