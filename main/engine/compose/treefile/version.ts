// SPDX-License-Identifier: LGPL-2.1-or-later
const datePattern = /<date:([^>]*)>/g;
const fieldPattern = /%([-_0]?)(.?)/g;

/** Fill `<date:FMT>` with the date in UTC. FMT takes the fields of strftime(3) and g_date_time_format(), names in English, with `-`, `_` or `0` for the padding. */
export function expandDate(prefix: string, timeSeconds: number): string {
  return prefix.replace(datePattern, (_, format: string) => strftime(format, new Date(timeSeconds * 1000)));
}

/** The first field of a prefix's dates that means nothing, such as `%Q`. */
export function unknownDateField(prefix: string): string | undefined {
  const known = fieldsOf(new Date(0));
  for (const [, format = ''] of prefix.matchAll(datePattern))
    for (const [whole, , field = ''] of format.matchAll(fieldPattern)) if (known[field] === undefined) return whole;
  return undefined;
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = 'January February March April May June July August September October November December'.split(' ');
const two = (n: number): string => String(n).padStart(2, '0');

function fieldsOf(date: Date): Record<string, string> {
  const [year, month, day, hour] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()];
  const [minute, second, weekday] = [two(date.getUTCMinutes()), two(date.getUTCSeconds()), date.getUTCDay()];
  // ISO 8601: a week belongs to the year that its Thursday is in
  const thursday = new Date(Date.UTC(year, month, day + 4 - (weekday || 7)));
  const week = Math.ceil(((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 86_400_000 + 1) / 7);
  const [dayName = '', monthName = ''] = [days[weekday], months[month]];
  return {
    ...{ Y: String(year), y: two(year % 100), C: two(Math.floor(year / 100)), m: two(month + 1), d: two(day), e: String(day).padStart(2) },
    ...{ H: two(hour), k: String(hour).padStart(2), I: two(hour % 12 || 12), l: String(hour % 12 || 12).padStart(2) },
    ...{ M: minute, S: second, p: hour < 12 ? 'AM' : 'PM', P: hour < 12 ? 'am' : 'pm', s: String(Math.floor(date.getTime() / 1000)) },
    ...{ F: `${year}-${two(month + 1)}-${two(day)}`, D: `${two(month + 1)}/${two(day)}/${two(year % 100)}` },
    ...{ T: `${two(hour)}:${minute}:${second}`, R: `${two(hour)}:${minute}`, z: '+0000', Z: 'UTC' },
    ...{ u: String(weekday || 7), w: String(weekday), V: two(week), G: String(thursday.getUTCFullYear()) },
    ...{
      g: two(thursday.getUTCFullYear() % 100),
      a: dayName.slice(0, 3),
      A: dayName,
      b: monthName.slice(0, 3),
      h: monthName.slice(0, 3),
      B: monthName,
    },
    j: String(Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1).padStart(3, '0'),
    '%': '%',
  };
}

function strftime(format: string, date: Date): string {
  const fields = fieldsOf(date);
  return format.replace(fieldPattern, (whole, padding: string, field: string) => {
    const text = fields[field];
    if (text === undefined || padding === '' || !/^[ \d]+$/.test(text)) return text ?? whole;
    const bare = text.trim().replace(/^0+(?=\d)/, '');
    return padding === '-' ? bare : bare.padStart(text.length, padding === '_' ? ' ' : '0');
  });
}

/**
 * The version after `last`, as rpm-ostree counts: PREFIX, PREFIX.1, PREFIX.2 ...; with a date in the prefix the count starts at
 * PREFIX.0 anew for each date. A last version of another prefix starts over.
 */
export function nextVersion(prefix: string, suffix: string, last: string | undefined, timeSeconds: number): string {
  const expanded = expandDate(prefix, timeSeconds);
  const first = expanded === prefix ? expanded : `${expanded}${suffix}0`;
  if (last === undefined || !last.startsWith(expanded)) return first;
  if (last === expanded) return `${expanded}${suffix}1`;
  const rest = last.slice(expanded.length);
  if (!rest.startsWith(suffix)) return first;
  const count = /^\d+/.exec(rest.slice(suffix.length));
  return count ? `${expanded}${suffix}${BigInt(count[0]) + 1n}` : first;
}
