// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFormatter, formatLocaleFor } from '../../../renderer/i18n/format.ts';
import { chooseLanguage } from '../../../renderer/i18n/i18n.ts';
import { errorTable, errorText } from '../../../shared/errors/index.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../assets/locales', name), 'utf8'));

function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value === 'string') return new Map([[prefix, value]]);
  return new Map(Object.entries(value as object).flatMap(([key, inner]) => [...flatten(inner, prefix ? `${prefix}.${key}` : key)]));
}
const placeholders = (text: string): string[] => [...text.matchAll(/\{\{?(\w+)\}?\}/g)].map((match) => match[1] ?? '').sort();

describe('translations', () => {
  const en = flatten(read('en.json'));
  const de = flatten(read('de.json'));

  it('have the same keys', () => {
    expect([...de.keys()].sort()).toEqual([...en.keys()].sort());
  });

  it('have the same placeholders and no empty text', () => {
    for (const [key, text] of en) {
      expect(text.trim(), key).not.toBe('');
      expect(de.get(key)?.trim(), key).not.toBe('');
      expect(placeholders(de.get(key) ?? ''), key).toEqual(placeholders(text));
    }
  });

  it('explain every error, with the same facts', () => {
    const german = read('de.errors.json') as Record<string, string[]>;
    expect(Object.keys(german).sort()).toEqual(Object.keys(errorTable).sort());
    for (const [code, texts] of Object.entries(german)) {
      const english = errorTable[code as keyof typeof errorTable];
      expect(texts.map(placeholders).flat().sort(), code).toEqual(english.map(placeholders).flat().sort());
    }
  });

  it('leave out a sentence whose fact is missing, in German too', () => {
    const template = (read('de.errors.json') as Record<string, [string, string, string]>)['sysroot.busy'];
    expect(errorText({ code: 'sysroot.busy' }, template).explanation).toBe('');
  });
});

describe('languages and formats', () => {
  it('take the first language there is', () => {
    expect(chooseLanguage(['fr-FR', 'de-AT', 'en-US'])).toBe('de');
    expect(chooseLanguage(['fr-FR'])).toBe('en');
    expect(chooseLanguage([])).toBe('en');
  });

  it('put the region’s conventions into the window’s language', () => {
    expect(formatLocaleFor('en', 'de-DE')).toBe('en-DE');
    expect(formatLocaleFor('de', 'de-CH')).toBe('de-CH');
    expect(formatLocaleFor('en', 'C')).toBe('en');
    expect(formatLocaleFor('en', '')).toBe('en');
  });

  it('write sizes in decimal units and say them honestly', () => {
    const format = createFormatter('en');
    expect([0, 999, 1000, 48_300_000, 121_000_000, 999_600_000, 21_400_000_000].map(format.bytes)).toEqual([
      '0 byte',
      '999 byte',
      '1 kB',
      '48.3 MB',
      '121 MB',
      '1 GB',
      '21.4 GB',
    ]);
    expect(format.bytesDelta(-12_288)).toBe('-12.3 kB');
    expect(format.bytesDelta(12_288)).toBe('+12.3 kB');
    expect(createFormatter('de').bytes(48_300_000)).toBe('48,3 MB');
    expect(format.rate(2_900_000)).toBe('2.9 MB/s');
  });

  it('round times left up, and never put the past into the future', () => {
    const format = createFormatter('en');
    expect([0, 9.2, 59, 61, 3600, 7200].map(format.duration)).toEqual(['1 sec', '10 sec', '59 sec', '2 min', '60 min', '2 hr']);
    const now = 1_800_000_000;
    expect([0, 50, 300, 7200, 90_000, 40 * 86_400, -100].map((age) => format.ago(now - age, now * 1000))).toEqual([
      'now',
      '1 minute ago',
      '5 minutes ago',
      '2 hours ago',
      'yesterday',
      'last month',
      'now',
    ]);
  });
});
