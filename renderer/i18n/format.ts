// SPDX-License-Identifier: LGPL-2.1-or-later
import { knownSeconds } from '../../shared/domain/index.ts';

/** Numbers, sizes, dates and durations in the person's own conventions. */
export interface Formatter {
  readonly locale: string;
  /** Decimal units, as package managers and file managers print them. */
  bytes(bytes: number): string;
  /** A size, or the word for one that isn't known. */
  bytesOr(bytes: number | undefined): string;
  /** With a sign: what an update adds or frees. */
  bytesDelta(bytes: number): string;
  rate(bytesPerSecond: number): string;
  percent(fraction: number): string;
  count(value: number): string;
  date(unixSeconds: number): string;
  dateTime(unixSeconds: number): string;
  /** "5 minutes ago", "yesterday". */
  ago(unixSeconds: number, nowMs?: number): string;
  /** "40 sec", "3 min"; rounded up, since a promise too short annoys. */
  duration(seconds: number): string;
}

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** The region's conventions in the window's language: a German region with an English window gives en-DE. */
export function formatLocaleFor(language: string, formatLocale: string): string {
  try {
    const locale = new Intl.Locale(formatLocale);
    if (locale.language === language) return locale.toString();
    return locale.region ? `${language}-${locale.region}` : language;
  } catch {
    return language;
  }
}

/** `unknown`: the word for a time that isn't known, or that no date can show. */
export function createFormatter(locale: string, unknown = 'unknown'): Formatter {
  const known = (seconds: number, text: () => string): string => (knownSeconds(seconds) === 0 ? unknown : text());
  const count = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const size = (bytes: number, signDisplay: 'auto' | 'exceptZero', suffix: '' | '-per-second'): string => {
    let value = Math.abs(bytes);
    let index = 0;
    while (value >= 999.5 && index < byteUnits.length - 1) {
      value /= 1000;
      index++;
    }
    const digits = index === 0 || value >= 99.95 ? 0 : 1;
    const unit = `${byteUnits[index] ?? 'byte'}${suffix}`;
    return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: digits, signDisplay }).format(
      bytes < 0 ? -value : value,
    );
  };
  return {
    locale,
    bytes: (bytes) => size(bytes, 'auto', ''),
    bytesOr: (bytes) => (bytes === undefined ? unknown : size(bytes, 'auto', '')),
    bytesDelta: (bytes) => size(bytes, 'exceptZero', ''),
    rate: (bytesPerSecond) => size(bytesPerSecond, 'auto', '-per-second'),
    percent: (fraction) => percent.format(fraction),
    count: (value) => count.format(value),
    date: (seconds) => known(seconds, () => date.format(seconds * 1000)),
    dateTime: (seconds) => known(seconds, () => dateTime.format(seconds * 1000)),
    ago: (seconds, nowMs = Date.now()) => known(seconds, () => relative.format(...distance(seconds - nowMs / 1000))),
    duration: (seconds) => {
      const [value, unit]: [number, string] =
        seconds < 60 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(Math.max(1, Math.ceil(value)));
    },
  };
}

/** Clock skew must not say "in 3 seconds" about something that has happened. */
function distance(seconds: number): [number, Intl.RelativeTimeFormatUnit] {
  const past = Math.min(0, seconds);
  const size = -past;
  if (size < 45) return [0, 'second'];
  if (size < 45 * 60) return [Math.round(past / 60) || -1, 'minute'];
  if (size < 22 * 3600) return [Math.round(past / 3600) || -1, 'hour'];
  if (size < 26 * 86_400) return [Math.round(past / 86_400) || -1, 'day'];
  if (size < 320 * 86_400) return [Math.round(past / (30.4 * 86_400)) || -1, 'month'];
  return [Math.round(past / (365.25 * 86_400)) || -1, 'year'];
}
