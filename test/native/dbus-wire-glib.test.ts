// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { encodeMessage, MessageReader, messageType, type DbusMessage } from '../../shared/dbus/index.ts';
import { RandomValues } from '../unit/dbus/random-values.ts';

/** GLib's D-Bus code, which rpm-ostreed, GNOME Software and polkit speak, as the judge of ours. */
const gio = koffi.load('libgio-2.0.so.0');
const glib = koffi.load('libglib-2.0.so.0');
const gobject = koffi.load('libgobject-2.0.so.0');
const free = glib.func('void g_free(void *)');
const owned = koffi.disposable('owned_text', 'str', free);
const parseText = glib.func('void *g_variant_parse(void *type, str text, void *limit, void *end, void *error)');
const printVariant = glib.func('g_variant_print', owned, ['void *', 'bool']);
const typeOf = glib.func('str g_variant_get_type_string(void *)');
const isOfType = glib.func('bool g_variant_is_container(void *)');
const newTuple = glib.func('void *g_variant_new_tuple(void **children, size_t count)');
const newSignal = gio.func('void *g_dbus_message_new_signal(str path, str interface, str signal)');
const setBody = gio.func('void g_dbus_message_set_body(void *message, void *body)');
const getBody = gio.func('void *g_dbus_message_get_body(void *message)');
const setOrder = gio.func('void g_dbus_message_set_byte_order(void *message, int order)');
const setSerial = gio.func('void g_dbus_message_set_serial(void *message, uint32_t serial)');
const toBlob = gio.func('void *g_dbus_message_to_blob(void *message, _Out_ size_t *size, int capabilities, void *error)');
const fromBlob = gio.func('void *g_dbus_message_new_from_blob(void *blob, size_t size, int capabilities, void *error)');
const unref = gobject.func('void g_object_unref(void *)');

/** What GLib reads out of a message, undefined when it refuses it. */
function glibReads(bytes: Buffer): string | undefined {
  const message: unknown = fromBlob(bytes, bytes.length, 0, null);
  if (!message) return undefined;
  const body: unknown = getBody(message);
  const text = body ? (printVariant(body, true) as string) : '()';
  unref(message);
  return text;
}

function glibWrites(text: string, order: 'l' | 'B'): { bytes: Buffer; printed: string; type: string } {
  const value: unknown = parseText(null, text, null, null, null);
  if (!value) throw new Error(`GLib doesn’t read ${text.slice(0, 80)}`);
  const type = typeOf(value) as string;
  const body: unknown = isOfType(value) && type.startsWith('(') ? value : newTuple([value], 1);
  const message: unknown = newSignal('/a', 'a.b', 'M');
  setBody(message, body);
  setOrder(message, order.charCodeAt(0));
  setSerial(message, 3);
  const size = [0];
  const blob: unknown = toBlob(message, size, 0, null);
  const bytes = Buffer.from(koffi.decode(blob, koffi.array('uint8_t', Number(size[0]), 'Typed')) as Uint8Array);
  free(blob);
  return { bytes, printed: printVariant(body, true) as string, type };
}

const read = (bytes: Buffer): DbusMessage | undefined => new MessageReader().push(bytes)[0];
const again = (message: DbusMessage): Buffer => encodeMessage({ ...message, type: messageType.signal });

/** Whole values of the recordings: what a line shows after the name of the message, where it wasn't cut. */
function recordedValues(): string[] {
  const folder = path.resolve(import.meta.dirname, '../fixtures/rpmostree1');
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').split('\n'));
  const values = lines
    .map((line) => line.slice(line.indexOf('(')))
    .filter((text) => text.startsWith('(') && parseText(null, text, null, null, null));
  return [...new Set(values)];
}

test('what the recorded daemon said, written by GLib in both byte orders, is read as GLib reads it', () => {
  const values = recordedValues();
  expect(values.length).toBeGreaterThan(20);
  expect(values.some((text) => text.includes('ActiveTransactionPath'))).toBe(true);
  for (const text of values) {
    for (const order of ['l', 'B'] as const) {
      const { bytes, printed } = glibWrites(text, order);
      const message = read(bytes);
      expect(message?.bodyProblem, text).toBeUndefined();
      expect(message).toMatchObject({ path: '/a', interface: 'a.b', member: 'M', serial: 3 });
      // ours to GLib again: the same value, to the last type
      expect(glibReads(again(message as DbusMessage))).toBe(printed);
    }
  }
});

test('300 random shapes: GLib reads from ours what we read from it', () => {
  const random = new RandomValues(5);
  for (let round = 0; round < 300; round++) {
    const { signature, body } = random.body();
    const ours = encodeMessage({
      type: messageType.signal,
      flags: 0,
      serial: 1,
      path: '/a',
      interface: 'a.b',
      member: 'M',
      signature,
      body,
    });
    const text = glibReads(ours);
    expect(text, signature).toBeDefined();
    if (signature === '') continue;
    const { bytes } = glibWrites(text as string, round % 2 === 0 ? 'l' : 'B');
    const back = read(bytes);
    expect(back?.bodyProblem).toBeUndefined();
    expect(glibReads(again(back as DbusMessage))).toBe(text);
  }
});

test('what we take of 3,000 damaged messages GLib takes too, with the same values', () => {
  const random = new RandomValues(77);
  let taken = 0;
  for (let round = 0; round < 300; round++) {
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
    for (let times = 0; times < 10; times++) {
      const bytes = random.mutate(good);
      let message: DbusMessage | undefined;
      try {
        message = read(bytes);
      } catch {
        continue;
      }
      if (!message || message.bodyProblem !== undefined) continue;
      taken += 1;
      const theirs = glibReads(bytes);
      expect(theirs, bytes.toString('hex')).toBeDefined();
      expect(glibReads(encodeMessage(message)), bytes.toString('hex')).toBe(theirs);
    }
  }
  expect(taken).toBeGreaterThan(100);
});
