// SPDX-License-Identifier: LGPL-2.1-or-later
import { bind, nonNull, Ptr, type Pointer, type Value } from './bind.ts';

const unrefObject = bind('gobject', 'g_object_unref', 'void', [Ptr]);

/**
 * Owns one C reference and gives it back exactly once: `using repo = new Handle(...)`. Using it afterwards throws instead
 * of touching freed memory.
 */
export class Handle<Type extends string> implements Disposable {
  #pointer: Pointer<Type> | undefined;
  readonly #release: (pointer: Value) => unknown;

  constructor(pointer: unknown, what: string, release: (pointer: Value) => unknown = unrefObject) {
    this.#pointer = nonNull<Type>(pointer, what);
    this.#release = release;
  }

  get pointer(): Pointer<Type> {
    if (this.#pointer === undefined) throw new TypeError('handle used after it was released');
    return this.#pointer;
  }

  [Symbol.dispose](): void {
    const pointer = this.#pointer;
    this.#pointer = undefined;
    if (pointer !== undefined) this.#release(pointer);
  }
}

/** Several things released together, last first. */
export class Scope implements Disposable {
  readonly #items: (() => void)[] = [];

  own<Type extends string>(pointer: unknown, what: string, release?: (pointer: Value) => unknown): Pointer<Type> {
    const handle = new Handle<Type>(pointer, what, release);
    this.#items.push(() => handle[Symbol.dispose]());
    return handle.pointer;
  }

  defer(release: () => void): void {
    this.#items.push(release);
  }

  [Symbol.dispose](): void {
    for (let item = this.#items.pop(); item; item = this.#items.pop()) item();
  }
}
