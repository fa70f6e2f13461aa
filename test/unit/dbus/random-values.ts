// SPDX-License-Identifier: LGPL-2.1-or-later
import { Variant } from '../../../shared/dbus/index.ts';

/** Repeatable numbers below 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const basics = 'ybnqiuxtdsog';
const texts = ['', 'x', 'öß', '日本語 and more', '😀', 'a'.repeat(300), '\ufffd', 'line\nline'];
const paths = ['/', '/a', '/org/projectatomic/rpmostree1/Sysroot'];
const signatures = ['', 's', 'a{sv}', '(a(ii)v)'];

/** Signatures of any shape with values that fit, from a seed. */
export class RandomValues {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private pick<T>(list: ArrayLike<T>): T {
    return list[this.below(list.length)] as T;
  }

  signature(depth = 0): string {
    const kind = this.below(depth > 3 ? 6 : 10);
    if (kind < 6) return this.pick(basics);
    if (kind === 6) return 'v';
    if (kind === 7) return `a${this.signature(depth + 1)}`;
    if (kind === 8) return `(${Array.from({ length: 1 + this.below(3) }, () => this.signature(depth + 1)).join('')})`;
    return `a{${this.pick('sogiut')}${this.signature(depth + 1)}}`;
  }

  /** A value for the first complete type of the signature, and what follows that type. */
  value(signature: string, depth = 0): [value: unknown, rest: string] {
    const [code, rest] = [signature[0] as string, signature.slice(1)];
    if (code === 'v') {
      const inner = this.signature(depth + 2);
      return [new Variant(inner, this.value(inner, depth + 1)[0]), rest];
    }
    if (code === '(') {
      const fields: unknown[] = [];
      let left = rest;
      while (!left.startsWith(')')) {
        const [field, more] = this.value(left, depth + 1);
        fields.push(field);
        left = more;
      }
      return [fields, left.slice(1)];
    }
    if (code !== 'a') return [this.basic(code), rest];
    const after = this.value(rest.startsWith('{') ? rest.slice(2) : rest, depth + 1)[1];
    const count = this.below(4);
    if (rest.startsWith('{')) {
      const entries = Array.from(
        { length: count },
        () => [String(this.basic(rest[1] as string)), this.value(rest.slice(2), depth + 1)[0]] as const,
      );
      return [Object.fromEntries(entries), after.slice(1)];
    }
    if (rest.startsWith('y')) return [Buffer.from(Array.from({ length: count }, () => this.below(256))), after];
    return [Array.from({ length: count }, () => this.value(rest, depth + 1)[0]), after];
  }

  private basic(code: string): unknown {
    switch (code) {
      case 'y':
        return this.below(256);
      case 'b':
        return this.below(2) === 1;
      case 'n':
        return this.below(0x10000) - 0x8000;
      case 'q':
        return this.below(0x10000);
      case 'i':
        return this.below(2 ** 32) - 2 ** 31;
      case 'u':
        return this.below(2 ** 32);
      case 'x':
        return BigInt.asIntN(64, (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32)));
      case 't':
        return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
      case 'd':
        return this.random() * 1e6 - 5e5;
      case 'o':
        return this.pick(paths);
      case 'g':
        return this.pick(signatures);
      default:
        return this.pick(texts);
    }
  }

  /** A few values in a row. */
  body(): { signature: string; body: unknown[] } {
    const parts = Array.from({ length: this.below(4) }, () => this.signature());
    return { signature: parts.join(''), body: parts.map((part) => this.value(part)[0]) };
  }

  /** The bytes with a few of them changed, cut or doubled. */
  mutate(bytes: Buffer): Buffer {
    const changed = Buffer.from(bytes);
    for (let times = 1 + this.below(3); times > 0; times--) {
      const at = this.below(changed.length);
      const kind = this.below(4);
      if (kind === 0) changed[at] = this.below(256);
      else if (kind === 1) changed[at] = (changed[at] as number) ^ (1 << this.below(8));
      else if (kind === 2) changed[at] = this.pick([0, 1, 0x7f, 0x80, 0xff, ...Buffer.from('a({)}vsog')]);
      else changed.copyWithin(at, this.below(changed.length));
    }
    return this.below(8) === 0 ? changed.subarray(0, this.below(changed.length)) : changed;
  }
}
