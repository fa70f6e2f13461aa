// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  isVariantOf,
  signatureOf,
  standardInterfaces,
  type Variant,
  wireType,
  type ArgSpec,
  type Gives,
  type InterfaceSpec,
  type MethodOf,
  type PropertyOf,
  type Takes,
  type Told,
} from '../../shared/dbus/index.ts';
import type * as Schemas from '../../shared/domain/schemas/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { ServiceLink } from './link.ts';

/** Loaded with the first document, while the service answers: a command that reads none starts without them. */
const validators = (): Promise<typeof Schemas> => import('../../shared/domain/schemas/index.ts');

/** A JSON document by its name in a table. Rejects with internal.protocol when it doesn't fit: what a newer service tells besides is left out. */
export async function parseAs<const Text extends string>(name: Text, text: unknown, subject: string) {
  const { parseJson } = await validators();
  return parseJson(name, text, subject);
}

const read = async (arg: ArgSpec | undefined, value: unknown, member: string): Promise<unknown> =>
  arg?.json === undefined ? value : parseAs(arg.json, value, member);

/** A call of an object by its row: what it takes, what it gives, both signatures. Rejects with a TreelineError; `again`: harmless to repeat. */
export async function callRow<I extends InterfaceSpec, M extends MethodOf<I>>(
  link: ServiceLink,
  path: string,
  spec: I,
  member: M,
  args: Takes<I, M>,
  again = false,
): Promise<Gives<I, M>> {
  const row = spec.methods[member];
  if (!row) throw new TypeError(`${spec.name} has no ${member}`);
  const target = { path, interface: spec.name, member, signature: signatureOf(row.in), body: args, answer: signatureOf(row.out) };
  const reading = row.out.some(({ json }) => json !== undefined);
  const [values] = await Promise.all([link.call(target, again), ...(reading ? [validators()] : [])]);
  // the signature is the row's, the decoder gives values by signature, and documents are parsed by their names
  return (await Promise.all(values.map((value, at) => read(row.out[at], value, member)))) as unknown as Gives<I, M>;
}

const [propertiesInterface] = standardInterfaces;

/** A property of an object. Rejects with internal.protocol when it isn't of the type that its row gives it. */
export async function propertyOf<I extends InterfaceSpec, P extends keyof I['properties'] & string>(
  link: ServiceLink,
  path: string,
  spec: I,
  name: P,
): Promise<PropertyOf<I, P>> {
  const [told] = await callRow(link, path, propertiesInterface, 'Get', [spec.name, name], true);
  const { type, json } = wireType(spec.properties[name] ?? '');
  if (told.signature !== type) throw new TreelineError('internal.protocol', { detail: `${name} is no ${type}` });
  return (json === undefined ? told.value : await parseAs(json, told.value, name)) as PropertyOf<I, P>;
}

/** Properties of an object by name; one of another type than its row says is missing. */
export type Properties<P extends Readonly<Record<string, string>>> = { readonly [N in keyof P]?: Told<P[N]> };

/** Those of an interface whose properties are no documents. */
export async function propertiesOf<P extends Readonly<Record<string, string>>>(
  link: ServiceLink,
  path: string,
  spec: { readonly name: string; readonly properties: P },
): Promise<Properties<P>> {
  const [all] = await callRow(link, path, propertiesInterface, 'GetAll', [spec.name], true);
  const told = Object.entries(all).filter(
    ([name, { signature }]) => Object.hasOwn(spec.properties, name) && spec.properties[name] === signature,
  );
  return Object.fromEntries(told.map(([name, { value }]) => [name, value])) as Properties<P>;
}

/** The value in a variant of this type; undefined for another one. */
export const valueIn = <const S extends string>(variant: Variant | undefined, type: S) =>
  isVariantOf(variant, type) ? variant.value : undefined;
