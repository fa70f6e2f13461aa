// SPDX-License-Identifier: LGPL-2.1-or-later
import { useTranslation } from 'react-i18next';
import deErrors from '../../assets/locales/de.errors.json';
import { errorText, type ErrorReport, type ErrorText } from '../../shared/errors/index.ts';
import { useFormat } from './use-format.ts';

const translations: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = { de: deErrors };

/** The sentence of an error in the window's language; times among its facts become readable ones. */
export function useErrorText(): (report: ErrorReport) => ErrorText {
  const { i18n, t } = useTranslation();
  const format = useFormat();
  return (report) => {
    const facts = { ...report.facts };
    if (typeof facts['startedAt'] === 'number') facts['startedAt'] = format.dateTime(facts['startedAt']);
    const near = /^Did you mean “(.+)”\?$/.exec(String(facts['hint'] ?? ''))?.[1];
    if (near !== undefined) facts['hint'] = t('error.didYouMean', { name: near });
    const [title, explanation, next] = translations[i18n.language]?.[report.code] ?? [];
    const template =
      title !== undefined && explanation !== undefined && next !== undefined ? ([title, explanation, next] as const) : undefined;
    return errorText({ ...report, facts }, template);
  };
}
