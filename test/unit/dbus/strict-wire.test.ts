// SPDX-License-Identifier: LGPL-2.1-or-later
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import {
  DbusFormatError,
  encodeMessage,
  MessageReader,
  messageType,
  parseSignature,
  peerLimits,
  serviceLimits,
  Variant,
  type DbusMessage,
} from '../../../shared/dbus/index.ts';
import { target } from '../../fuzz/targets/dbus.ts';
import { RandomValues } from './random-values.ts';

/** A call with this body, as bytes; `edit` makes them wrong. */
function call(signature: string, body: readonly unknown[], edit: (bytes: Buffer, bodyAt: number) => void = () => undefined): Buffer {
  const bytes = encodeMessage({ type: messageType.call, flags: 0, serial: 7, path: '/a', interface: 'a.b', member: 'M', signature, body });
  edit(bytes, bytes.length - bytes.readUInt32LE(4));
  return bytes;
}

/** A message by hand: header fields as [code, signature, marshalled value]. */
function raw(type: number, fields: readonly (readonly [number, string, Buffer])[], body: Buffer = Buffer.alloc(0), serial = 1): Buffer {
  let header: Buffer = Buffer.alloc(0);
  for (const [code, signature, value] of fields) {
    header = Buffer.concat([header, zeros(header.length, 8), Buffer.from([code, signature.length]), Buffer.from(`${signature}\0`)]);
    header = Buffer.concat([header, zeros(header.length, signature === 'g' ? 1 : 4), value]);
  }
  const fixed = Buffer.alloc(16);
  fixed.set([0x6c, type, 0, 1]);
  fixed.writeUInt32LE(body.length, 4);
  fixed.writeUInt32LE(serial, 8);
  fixed.writeUInt32LE(header.length, 12);
  return Buffer.concat([fixed, header, zeros(header.length, 8), body]);
}
const zeros = (length: number, alignment: number): Buffer => Buffer.alloc((alignment - (length % alignment)) % alignment);
function str(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(`${text}\0`)]);
}
const sig = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(`${text}\0`)]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const path = [1, 'o', str('/')] as const;
const member = [3, 's', str('M')] as const;
const withBody = (signature: string, body: Buffer): Buffer => raw(1, [path, member, [8, 'g', sig(signature)]], body);

const readAll = (bytes: Buffer, limits = peerLimits): DbusMessage[] => new MessageReader(limits).push(bytes);

describe('a body that isn’t right closes a peer’s connection, and is told on a bus, which is everybody’s', () => {
  test.each([
    [
      'an empty structure in a variant',
      withBody('v', Buffer.concat([sig('a()'), Buffer.alloc(3), u32(8), Buffer.alloc(16)])),
      /empty structure/,
    ],
    ['an empty structure', withBody('()', Buffer.alloc(8)), undefined],
    ['a boolean of 2', call('b', [true], (bytes, at) => (bytes[at] = 2)), /a boolean of 2/],
    ['padding that isn’t zero', call('yu', [1, 2], (bytes, at) => (bytes[at + 1] = 1)), /padding/],
    ['padding of a structure', call('y(y)', [1, [2]], (bytes, at) => (bytes[at + 7] = 1)), /padding/],
    ['a string beyond the end', call('s', ['hello'], (bytes, at) => bytes.writeUInt32LE(4000, at)), /ends too early/],
    ['a string without its NUL', call('s', ['hello'], (bytes) => (bytes[bytes.length - 1] = 1)), /without its end/],
    ['a NUL within a string', call('s', ['hello'], (bytes, at) => (bytes[at + 5] = 0)), /a NUL within/],
    ['bytes that aren’t UTF-8', call('s', ['hello'], (bytes, at) => (bytes[at + 5] = 0xff)), /isn’t UTF-8/],
    ['an encoded surrogate', withBody('s', Buffer.concat([u32(3), Buffer.from([0xed, 0xa0, 0x80, 0])])), /isn’t UTF-8/],
    ['an overlong form', withBody('s', Buffer.concat([u32(2), Buffer.from([0xc0, 0x80, 0])])), /isn’t UTF-8/],
    ['an object path with a slash at its end', withBody('o', str('/a/')), /object path/],
    ['a signature that isn’t one', withBody('g', sig('a')), /signature/],
    ['a variant of two types', withBody('v', Buffer.concat([sig('yy'), Buffer.from([1, 2])])), /one complete type/],
    ['a variant of no type', withBody('v', sig('')), /one complete type/],
    ['an array longer than the message', call('as', [['x']], (bytes, at) => bytes.writeUInt32LE(900, at)), /ends too early/],
    ['an array of more than 64 MiB', call('as', [['x']], (bytes, at) => bytes.writeUInt32LE((64 << 20) + 1, at)), /an array of/],
    ['an array that ends within an element', call('au', [[1, 2]], (bytes, at) => bytes.writeUInt32LE(7, at)), /don’t fit|more than/],
    ['a dictionary with a key twice', call('a{ss}', [{ a: '1', b: '2' }], (bytes) => (bytes[bytes.lastIndexOf('b')] = 0x61)), /key twice/],
    ['bytes after the last value', withBody('y', Buffer.from([1, 2])), /more than the signature says/],
    ['a body without a signature', raw(1, [path, member], Buffer.from([1])), /more than the signature says/],
    ['a file descriptor that nobody sent', withBody('h', u32(0)), /file descriptor/],
    ['file descriptors', raw(1, [path, member, [9, 'u', u32(1)]]), /file descriptors/],
    ['variants in variants, without end', withBody('v', Buffer.concat(Array.from({ length: 80 }, () => sig('v')))), /too deeply/],
  ])('%s', (_, bytes, problem) => {
    expect(() => readAll(bytes)).toThrow(DbusFormatError);
    const [message] = readAll(bytes, serviceLimits);
    // a signature field that isn't one makes the header wrong: such a call can't be answered
    if (problem === undefined) return expect(message).toBeUndefined();
    expect(message).toMatchObject({ member: 'M', body: [], bodyProblem: expect.stringMatching(problem) });
  });

  test('64 containers within one another are taken, 65 aren’t', () => {
    const nested = (count: number): Variant => {
      let value = new Variant<unknown>('y', 1);
      for (let level = 1; level < count; level++) value = new Variant('v', value);
      return value;
    };
    expect(readAll(call('v', [nested(64)]))[0]?.bodyProblem).toBeUndefined();
    expect(() => call('v', [nested(65)])).toThrow(/too deeply/);
    const bytes = withBody('v', Buffer.concat([...Array.from({ length: 64 }, () => sig('v')), sig('y'), Buffer.from([1])]));
    expect(readAll(bytes, serviceLimits)[0]?.bodyProblem).toMatch(/too deeply/);
  });
});

describe('a header that isn’t right', () => {
  const signal = [path, [2, 's', str('a.b')], member] as const;
  test.each([
    ['no type', raw(0, [path, member])],
    ['no number', raw(1, [path, member], Buffer.alloc(0), 0)],
    ['a call without a path', raw(1, [member])],
    ['a call without a member', raw(1, [path])],
    ['an answer without a number', raw(2, [])],
    ['an answer to number 0', raw(2, [[5, 'u', u32(0)]])],
    ['an error without a name', raw(3, [[5, 'u', u32(1)]])],
    ['a signal without an interface', raw(4, [path, member])],
    ['field 0', raw(1, [path, member, [0, 's', str('x')]])],
    ['a field twice', raw(1, [path, member, member])],
    ['a path that is a string', raw(1, [[1, 's', str('/')], member])],
    ['a wrong path', raw(1, [[1, 'o', str('//')], member])],
    ['a wrong member', raw(1, [path, [3, 's', str('a.b')]])],
    ['a wrong interface', raw(4, [path, [2, 's', str('ab')], member])],
    ['a wrong sender', raw(4, [...signal, [7, 's', str(':1')]])],
    ['the bus’s reserved interface', raw(4, [path, [2, 's', str('org.freedesktop.DBus.Local')], member])],
    ['the bus’s reserved path', raw(4, [[1, 'o', str('/org/freedesktop/DBus/Local')], ...signal.slice(1)])],
    ['a member of 256 letters', raw(1, [path, [3, 's', str('M'.repeat(256))]])],
  ])('%s closes a peer’s connection; on a bus the message is left out and the next one is read', (_, bytes) => {
    expect(() => readAll(bytes)).toThrow(DbusFormatError);
    expect(readAll(Buffer.concat([bytes, call('s', ['next'])]), serviceLimits).map((message) => message.body)).toEqual([['next']]);
  });

  test('what later versions may bring is passed over', () => {
    expect(readAll(raw(9, []))).toEqual([]);
    expect(readAll(raw(1, [path, member, [77, 's', str('new')]]))[0]).toMatchObject({ path: '/', member: 'M' });
  });

  test('another version or byte order isn’t D-Bus, on whatever connection', () => {
    for (const at of [0, 3]) {
      const bytes = call('', []);
      bytes[at] = 0x32;
      for (const limits of [peerLimits, serviceLimits]) expect(() => readAll(bytes, limits)).toThrow('not a D-Bus message');
    }
  });
});

describe('limits', () => {
  test('a call of 2 MiB is refused by name on the bus without being kept, and closes a peer’s connection', () => {
    const bytes = Buffer.concat([call('s', ['x'.repeat(2 << 20)]), call('s', ['next'])]);
    const reader = new MessageReader(serviceLimits);
    const messages: DbusMessage[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) messages.push(...reader.push(bytes.subarray(at, at + 65_536)));
    expect(messages.map(({ body, bodyProblem }) => [body, bodyProblem])).toEqual([
      [[], expect.stringMatching(/bytes are too many/)],
      [['next'], undefined],
    ]);
    expect(() => readAll(bytes)).toThrow(/a message of \d+ bytes/);
  });

  test('a header of a megabyte is passed over, its call unanswered', () => {
    const padding = Array.from({ length: 200 }, (_, index) => [20 + index, 's', str('x'.repeat(6000))] as const);
    const bytes = Buffer.concat([raw(1, [path, member, ...padding]), call('s', ['next'])]);
    expect(readAll(bytes, serviceLimits).map((message) => message.body)).toEqual([['next']]);
  });

  test('a megabyte of tiny variants doesn’t become thirty of objects', () => {
    const tiny = Buffer.concat(Array.from({ length: 200_000 }, () => Buffer.from([1, 0x79, 0, 1])));
    const [message] = readAll(withBody('av', Buffer.concat([u32(tiny.length), tiny])), serviceLimits);
    expect(message?.bodyProblem).toBe('too many values');
  });

  test('a sender that announces much and sends little costs what it sends', () => {
    const readers = Array.from({ length: 500 }, () => new MessageReader(serviceLimits));
    const beginning = call('s', ['x'.repeat(900_000)]).subarray(0, 100);
    const before = process.memoryUsage().arrayBuffers;
    for (const reader of readers) for (const byte of beginning) reader.push(Buffer.from([byte]));
    expect(readers.every((reader) => reader.isWithin)).toBe(true);
    // 500 of 900 kB would be 450 MB
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });
});

describe('signatures', () => {
  test.each([
    'a',
    'z',
    '(',
    '(y',
    ')',
    '{sv}',
    'a{vs}',
    'a{s}',
    'a{sss}',
    'a{(s)s}',
    '()',
    `${'a'.repeat(33)}y`,
    `${'('.repeat(33)}y${')'.repeat(33)}`,
    'y'.repeat(256),
    'm',
    '*',
  ])('%s isn’t one', (signature) => {
    expect(() => parseSignature(signature)).toThrow(DbusFormatError);
  });
  test.each(['', 'a{sv}', `${'a'.repeat(32)}y`, `${'('.repeat(32)}y${')'.repeat(32)}`, 'y'.repeat(255), 'a(sua{sv})a{sv}'])(
    '%s is one',
    (signature) => {
      expect(() => parseSignature(signature)).not.toThrow();
    },
  );
});

describe('the encoder refuses what doesn’t fit, so nothing wrong is sent', () => {
  test.each([
    ['b', 1],
    ['y', 256],
    ['n', 40_000],
    ['u', -1],
    ['u', 1.5],
    ['i', '5'],
    ['x', 2 ** 60],
    ['t', -1n],
    ['s', undefined],
    ['s', 'a\0b'],
    ['o', 'relative'],
    ['g', '('],
    ['as', 'x'],
    ['(ss)', ['x']],
    ['v', 'x'],
    ['v', { signature: 's', value: 'x' }],
    ['a{sv}', []],
    ['h', 0],
  ])('%s: %s', (signature, value) => {
    expect(() => call(signature, [value])).toThrow(DbusFormatError);
  });

  test('names too', () => {
    const message = { type: messageType.call, flags: 0, serial: 1, path: '/', member: 'M', signature: '', body: [] };
    for (const wrong of [{ path: 'x' }, { member: 'a.b' }, { interface: 'x' }, { destination: 'x' }, { serial: 0 }, { path: undefined }]) {
      expect(() => encodeMessage({ ...message, ...wrong })).toThrow(DbusFormatError);
    }
  });
});

test('keys that objects have by themselves are keys like others', () => {
  const dictionary = JSON.parse('{"__proto__":"1","toString":"2","constructor":"3"}') as Record<string, string>;
  const [message] = readAll(call('a{ss}', [dictionary]));
  const read = message?.body[0] as Record<string, string>;
  expect(Object.getPrototypeOf(read)).toBeNull();
  expect(Object.entries(read)).toEqual([
    ['__proto__', '1'],
    ['toString', '2'],
    ['constructor', '3'],
  ]);
});

/** dbus-next's own marshalling, which knows nothing of ours. */
const library = createRequire(import.meta.url)('dbus-next/lib/marshall-compat.js') as {
  marshallMessage(message: object): [Buffer];
  unmarshalMessages?: unknown;
};
const { Variant: LibraryVariant } = createRequire(import.meta.url)('dbus-next') as {
  Variant: new (signature: string, value: unknown) => object;
};

/** The same values in dbus-next's classes. */
function forLibrary(value: unknown): unknown {
  if (value instanceof Variant) return new LibraryVariant(value.signature, forLibrary(value.value));
  if (Array.isArray(value)) return value.map(forLibrary);
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, forLibrary(item)]));
  }
  return value;
}

test('bodies of 400 random shapes: dbus-next makes the same bytes, and we read them back', () => {
  const random = new RandomValues(11);
  let compared = 0;
  for (let round = 0; round < 400; round++) {
    const { signature, body } = random.body();
    // dbus-next knows no dictionaries with keys that aren't text, and writes empty containers in variants wrongly
    if (/a\{[^sog]/.test(signature)) continue;
    const fields = {
      type: messageType.call,
      flags: 0,
      serial: round + 1,
      path: '/a',
      interface: 'a.b',
      member: 'M',
      destination: ':1.1',
      signature,
    };
    const ours = encodeMessage({ ...fields, body });
    const [back] = new MessageReader().push(ours);
    expect(back?.bodyProblem).toBeUndefined();
    expect(encodeMessage({ ...fields, body: back?.body ?? [] }).equals(ours)).toBe(true);
    let theirs: Buffer;
    try {
      [theirs] = library.marshallMessage({ ...fields, body: body.map(forLibrary) });
    } catch {
      continue;
    }
    const at = (bytes: Buffer): Buffer => bytes.subarray(bytes.length - bytes.readUInt32LE(4));
    expect(at(theirs).equals(at(ours)), `${signature} ${theirs.toString('hex')}`).toBe(true);
    expect(new MessageReader().push(theirs)[0]).toMatchObject({ path: '/a', interface: 'a.b', member: 'M', destination: ':1.1' });
    compared += 1;
  }
  expect(compared).toBeGreaterThan(100);
});

test('2,000 damaged messages: refused or read the same whole and in pieces, never anything else', () => {
  const random = new RandomValues(42);
  for (let round = 0; round < 200; round++) {
    const { signature, body } = random.body();
    const good = encodeMessage({
      type: messageType.signal,
      flags: 0,
      serial: 1,
      path: '/a',
      interface: 'a.b',
      member: 'M',
      signature,
      body,
    });
    target(good);
    for (let times = 0; times < 10; times++) target(random.mutate(good));
  }
});
