// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorTable, type ErrorText } from './codes.ts';
import type { ErrorReport } from './error.ts';

/** The sentence a person reads. A sentence whose placeholder has no value is left out rather than shown with a hole. `template`: a translation. */
export function errorText(report: ErrorReport, template: readonly [string, string, string] = errorTable[report.code]): ErrorText {
  const [title, explanation, next] = template;
  const values: Record<string, string | number | undefined> = { ...report.facts, ...pick(report) };
  return { title, explanation: fill(explanation, values), next: fill(next, values) };
}

function pick(report: ErrorReport): Record<string, string | number | undefined> {
  const { subject, detail, file, line, key } = report;
  return { subject, detail, file, line, key };
}

function fill(template: string, values: Record<string, string | number | undefined>): string {
  return template
    .split(/(?<=[.:]) (?=[A-Z{“„])/)
    .flatMap((sentence) => {
      let hole = false;
      const text = sentence.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined || value === '') hole = true;
        return String(value ?? '');
      });
      return hole ? [] : [text];
    })
    .join(' ');
}

/** One line for a terminal: place, title, explanation, next step. */
export function errorLine(report: ErrorReport): string {
  const text = errorText(report);
  const place = report.file ? `${report.file}${report.line ? `:${report.line}` : ''}${report.key ? `:${report.key}` : ''}: ` : '';
  return `${place}${[text.title, text.explanation, text.next].map(closed).join(' ')}`.replace(/\s+/g, ' ').trim();
}

/** Library messages rarely end with a full stop; without one the next sentence would run on. */
function closed(sentence: string): string {
  const text = sentence.trim();
  return text === '' || /[.!?…:]["”)]?$/.test(text) ? text : `${text}.`;
}
