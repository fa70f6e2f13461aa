import de from '../../assets/locales/de.json';
import en from '../../assets/locales/en.json';

type Sections = Pick<typeof en, 'save' | 'notify' | 'tray'>;
type Key = { [S in keyof Sections]: `${S}.${Extract<keyof Sections[S], string>}` }[keyof Sections];

/** A sentence of main's own (dialogs, notifications, tray) in the person's language. */
export type Texts = (key: Key, values?: Readonly<Record<string, string>>) => string;

const tables: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  en: { save: en.save, notify: en.notify, tray: en.tray },
  de: { save: de.save, notify: de.notify, tray: de.tray },
};

/** `languages`: BCP 47 tags, best first; the first of them that we have, else English. */
export function createTexts(languages: readonly string[]): Texts {
  const language = languages.map((tag) => tag.split('-')[0] ?? '').find((name) => name in tables) ?? 'en';
  return (key, values = {}) => {
    const [section = '', name = ''] = key.split('.');
    const template = tables[language]?.[section]?.[name] ?? key;
    return template.replace(/\{\{(\w+)\}\}/g, (_, value: string) => values[value] ?? '');
  };
}
