/** Fill `<date:FMT>` with the date in UTC; FMT takes strftime's %Y %m %d %H %M %S %j %y. */
export function expandDate(prefix: string, timeSeconds: number): string {
  return prefix.replace(/<date:([^>]*)>/g, (_, format: string) => strftime(format, new Date(timeSeconds * 1000)));
}

function strftime(format: string, date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const yearStart = Date.UTC(date.getUTCFullYear(), 0, 1);
  const fields: Record<string, string> = {
    Y: String(date.getUTCFullYear()),
    y: two(date.getUTCFullYear() % 100),
    m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()),
    H: two(date.getUTCHours()),
    M: two(date.getUTCMinutes()),
    S: two(date.getUTCSeconds()),
    j: String(Math.floor((date.getTime() - yearStart) / 86_400_000) + 1).padStart(3, '0'),
    s: String(Math.floor(date.getTime() / 1000)),
    '%': '%',
  };
  return format.replace(/%(.)/g, (whole, field: string) => fields[field] ?? whole);
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
