// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ValueOf } from '../value-types.ts';
import type { DbusMessage } from './message.ts';
import { Variant } from './variant.ts';

/** The values of a whole signature: `BodyOf<'sb'>` is `readonly [string, boolean]`. */
export type BodyOf<S extends string> = ValueOf<`(${S})`>;

/** Whether a message is of this signature. Its values are of these types then: the decoder makes them from the signature and from nothing else. */
export const hasBody = <const S extends string>(
  message: Pick<DbusMessage, 'signature' | 'body' | 'bodyProblem'>,
  signature: S,
): message is DbusMessage & { readonly body: BodyOf<S> } => message.bodyProblem === undefined && message.signature === signature;

/** The values of a message of another program; undefined when it is of another signature than it should be. */
export const bodyOf = <const S extends string>(
  message: Pick<DbusMessage, 'signature' | 'body' | 'bodyProblem'>,
  signature: S,
): BodyOf<S> | undefined => (hasBody(message, signature) ? message.body : undefined);

/** Whether a value is a variant of one complete type; the same holds of what is in it. */
export const isVariantOf = <const S extends string>(value: unknown, signature: S): value is Variant<ValueOf<S>> =>
  value instanceof Variant && value.signature === signature;
