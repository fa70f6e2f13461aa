// SPDX-License-Identifier: LGPL-2.1-or-later
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import de from '../../assets/locales/de.json';
import en from '../../assets/locales/en.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const resources = { en: { translation: en }, de: { translation: de } };

const isKnown = (language: string): language is keyof typeof resources => Object.hasOwn(resources, language);

/** The first of the person's languages that we have, else English. */
export function chooseLanguage(languages: readonly string[]): keyof typeof resources {
  return languages.map((tag) => tag.split('-')[0] ?? '').find(isKnown) ?? 'en';
}

export async function startTranslations(languages: readonly string[]): Promise<void> {
  const language = chooseLanguage(languages);
  document.documentElement.lang = language;
  // React escapes; escaping here too would show &amp; to people
  await i18next.use(initReactI18next).init({
    resources,
    lng: language,
    fallbackLng: 'en',
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}
