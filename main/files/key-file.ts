// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * A key file by GKeyFile's rules (GLib, "Key-value file parser"), as origins, remotes and configuration files are: groups of one name are one group,
 * of a key that comes twice the last value counts. Lines are kept, so that what we don't know, comments too, survives a change. What GLib refuses
 * is passed over here: whether a file is one at all says native/ostree/keyfile.ts.
 */
export class KeyFile {
  readonly #lines: string[];

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/);
  }

  get text(): string {
    return `${this.#lines.join('\n').replace(/\n+$/, '')}\n`;
  }

  get(group: string, key: string): string | undefined {
    const value = this.#value(group, key);
    return value === undefined ? undefined : unescape(value);
  }

  /** A `;`-separated list (`\\;` is a semicolon of an item, and the last separator may be left out); empty when missing. Items are as they stand, blanks too. */
  list(group: string, key: string): string[] {
    const items = (this.#value(group, key) ?? '').matchAll(/((?:\\.|[^;\\])*);|((?:\\.|[^;\\])+)$/g);
    return [...items].map(([, ended, last]) => unescape((ended ?? last ?? '').replaceAll('\\;', ';')));
  }

  /** Each key of a group once, in the order of their first lines. */
  keys(group: string): string[] {
    const found = this.#entries().flatMap(([entryGroup, key]) => (entryGroup === group ? [key] : []));
    return [...new Set(found)];
  }

  /** Set a key, or remove it with undefined, wherever and however often it stands. */
  set(group: string, key: string, value: string | undefined): void {
    const [first, ...more] = this.#find(group, key);
    for (const at of more.reverse()) this.#lines.splice(at, 1);
    if (value === undefined) {
      if (first !== undefined) this.#lines.splice(first, 1);
      return;
    }
    const line = `${key}=${value}`;
    const header = this.#lines.findIndex((each) => groupOf(each) === group);
    if (first !== undefined) this.#lines[first] = line;
    else if (header >= 0) this.#lines.splice(header + 1, 0, line);
    else this.#lines.push(`[${group}]`, line);
  }

  /** Set a `;`-separated list as GKeyFile writes it, or remove the key where there is nothing in it. */
  setList(group: string, key: string, items: readonly string[]): void {
    this.set(group, key, items.length === 0 ? undefined : items.map((item) => `${escape(item)};`).join(''));
  }

  /** Drop a whole group (`libostree-transient` isn't inherited by a new deployment). */
  removeGroup(group: string): void {
    for (;;) {
      const start = this.#lines.findIndex((each) => groupOf(each) === group);
      if (start < 0) return;
      const next = this.#lines.findIndex((each, i) => i > start && groupOf(each) !== undefined);
      this.#lines.splice(start, (next < 0 ? this.#lines.length : next) - start);
    }
  }

  /** Group, key and line number of each entry. */
  #entries(): [group: string, key: string, line: number][] {
    const entries: [string, string, number][] = [];
    let group = '';
    this.#lines.forEach((line, i) => {
      const header = groupOf(line);
      if (header !== undefined) group = header;
      else if (!line.trimStart().startsWith('#') && line.includes('=')) entries.push([group, line.slice(0, line.indexOf('=')).trim(), i]);
    });
    return entries;
  }

  /** What the line that counts says. */
  #value(group: string, key: string): string | undefined {
    const line = this.#lines[this.#find(group, key).at(-1) ?? -1];
    return line === undefined ? undefined : valueOf(line);
  }

  #find(group: string, key: string): number[] {
    return this.#entries().flatMap(([entryGroup, entryKey, line]) => (entryGroup === group && entryKey === key ? [line] : []));
  }
}

const groupOf = (line: string): string | undefined => /^\s*\[([^[\]]+)\][ \t]*$/.exec(line)?.[1];

const valueOf = (line: string): string => line.slice(line.indexOf('=') + 1).trimStart();

/** An item of a list. Only blanks in front would be lost. */
const escape = (item: string): string =>
  item
    .replace(/[\\;\n\r\t]/g, (c) => ({ '\\': '\\\\', ';': '\\;', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[c] ?? c)
    .replace(/^ +/, (blanks) => '\\s'.repeat(blanks.length));

const unescape = (value: string): string =>
  value.replace(/\\([sntr\\])/g, (_, c: string) => ({ s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' })[c] ?? c);
