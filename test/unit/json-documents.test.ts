// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { optionTable } from '../../shared/domain/index.ts';
import { jsonSchemas, parseJson, schemaNamed } from '../../shared/domain/schemas/index.ts';
import { osInterface, treelineOsInterface, treelineSysrootInterface, type InterfaceSpec } from '../../shared/dbus/index.ts';
import { commands } from '../../shared/ipc/index.ts';

const use = { freeBytes: 1, totalBytes: 2, bootFreeBytes: 3, bootTotalBytes: 4, deployments: [] };
const said = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

test('a document of a newer service is read, without what it tells besides', () => {
  const newer = { ...use, quotaBytes: 5, deployments: [{ id: 'a', exclusiveBytes: 1, bootBytes: 0, since: 9 }] };
  expect(parseJson('DiskUse', JSON.stringify(newer), 'DiskUse')).toEqual({
    ...use,
    deployments: [{ id: 'a', exclusiveBytes: 1, bootBytes: 0 }],
  });
});

test('lists, and documents that aren’t there', () => {
  expect(parseJson('Remote[]', '[]', 'Remotes')).toEqual([]);
  expect(parseJson('WhatsNew?', '', 'WhatsNew')).toBeUndefined();
});

test.each([
  ['DiskUse', ''],
  ['DiskUse', '{'],
  ['DiskUse', '[]'],
  ['DiskUse', JSON.stringify({ ...use, freeBytes: 'much' })],
  ['Remote[]', '{}'],
  ['ErrorReport?', '{"code":"no.such"}'],
])('%s that doesn’t fit is an error of the protocol: %s', (name, text) => {
  expect(said(() => parseJson(name, text, 'Asked'))).toMatchObject({ code: 'internal.protocol', report: { subject: 'Asked' } });
});

test('every document that a table of the bus names has a schema', () => {
  const interfaces: readonly InterfaceSpec[] = [treelineSysrootInterface, treelineOsInterface, osInterface];
  const named = interfaces.flatMap(({ methods, signals, properties }) => [
    ...Object.values(methods).flatMap(({ out, answer }) => [...out.map(({ json }) => json), answer]),
    ...Object.values(signals).flatMap((list) => list.map(({ json }) => json)),
    ...Object.values(properties).filter((type) => /^[A-Z]/.test(type)),
  ]);
  const documents = named.filter((name) => name !== undefined);
  expect(documents.length).toBeGreaterThan(25);
  for (const name of documents) expect(() => schemaNamed(jsonSchemas, name), name).not.toThrow();
});

test('the window may send the options of an upgrade that the table says, and no other', () => {
  const taken = (options: object): boolean => commands['host.upgrade'].args.safeParse([options]).success;
  const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const values = { b: true, s: 'x', as: ['x'], '(ss)': ['x', 'y'] };
  for (const [name, spec] of Object.entries(optionTable)) {
    expect(taken({ [camel(name)]: values[spec.type] }), name).toBe('window' in spec);
    expect(taken({ [camel(name)]: 7 }), name).toBe(false);
  }
});
