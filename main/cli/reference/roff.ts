// SPDX-License-Identifier: LGPL-2.1-or-later
/** Text for roff: a backslash and a hyphen mean themselves (a typed `-` must be copied as one), and a line may not begin with a control character. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('“', '\\(lq')
    .replaceAll('”', '\\(rq')
    .replaceAll('…', '\\&...')
    .replace(/^([.'])/gm, '\\&$1');
}

/** Bold for what is typed as it is, in text with `backticks`; italic for <placeholders>. */
export function marked(text: string): string {
  return roff(text)
    .replace(/`([^`]*)`/g, '\\fB$1\\fR')
    .replace(/<([a-zA-Z][^<>]*)>/g, '\\fI$1\\fR');
}

export interface PageHead {
  readonly name: string;
  readonly section: number;
  readonly about: string;
  readonly manual: string;
  readonly version: string;
  /** `2026-11-25`. */
  readonly date: string;
}

export function pageHead({ name, section, about, manual, version, date }: PageHead): string[] {
  return [
    `.TH ${name.toUpperCase().replaceAll('-', '\\-')} ${section} "${date}" "Treeline ${version}" "${manual}"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(about)}`,
  ];
}

/** A term and its explanation. */
export const item = (term: string, text: string): string[] => ['.TP', `\\fB${term}\\fR`, text];
