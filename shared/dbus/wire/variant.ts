// SPDX-License-Identifier: LGPL-2.1-or-later
/** A value that carries its type along, in both directions. `signature` is one complete type. */
export class Variant<T = unknown> {
  readonly signature: string;
  readonly value: T;

  constructor(signature: string, value: T) {
    this.signature = signature;
    this.value = value;
  }
}
