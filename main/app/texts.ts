// SPDX-License-Identifier: LGPL-2.1-or-later
import de from '../../assets/locales/de.json';
import deErrors from '../../assets/locales/de.errors.json';
import en from '../../assets/locales/en.json';

type Sections = Pick<typeof en, 'save' | 'notify' | 'tray'>;
type Key = { [S in keyof Sections]: `${S}.${Extract<keyof Sections[S], string>}` }[keyof Sections];

/** Sentences of main's own (dialogs, notifications, tray) in the person's language. */
export interface Texts {
  (key: Key, values?: Readonly<Record<string, string>>): string;
  /** Title, explanation and next step of an error code; undefined in English, whose texts are the table's own. */
  error(code: string): readonly [string, string, string] | undefined;
}

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

const tables: Readonly<Record<string, Table>> = {
  en: { save: en.save, notify: en.notify, tray: en.tray },
  de: { save: de.save, notify: de.notify, tray: de.tray },
};
const errors: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = { de: deErrors };

/** `languages`: BCP 47 tags, best first; the first of them that we have, else English. */
export function createTexts(languages: readonly string[]): Texts {
  const language = languages.map((tag) => tag.split('-')[0] ?? '').find((name) => name in tables) ?? 'en';
  const text = (key: Key, values: Readonly<Record<string, string>> = {}): string => {
    const [section = '', name = ''] = key.split('.');
    const template = tables[language]?.[section]?.[name] ?? key;
    return template.replace(/\{\{(\w+)\}\}/g, (_, value: string) => values[value] ?? '');
  };
  const error = (code: string): readonly [string, string, string] | undefined => {
    const [title, explanation, next] = errors[language]?.[code] ?? [];
    return title !== undefined && explanation !== undefined && next !== undefined ? [title, explanation, next] : undefined;
  };
  return Object.assign(text, { error });
}
