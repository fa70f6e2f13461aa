// SPDX-License-Identifier: LGPL-2.1-or-later
/** A way to log in that a server names (RFC 9110, 11.6.1), names in small letters. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^[\\s,]*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
const scheme = new RegExp(`^[\\s,]*(${token})(?=\\s|,|$)(?!\\s*=)`);

/** `WWW-Authenticate`, several headers joined by commas. What can't be read ends the list. */
export function parseChallenges(text: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (let rest = text.slice(0, 8192); ;) {
    const pair = parameter.exec(rest);
    const current = challenges.at(-1);
    if (pair && current) {
      const [all, name = '', quoted, plain] = pair;
      // the first counts, and no name of a prototype is one
      const key = name.toLowerCase();
      if (!Object.hasOwn(current.parameters, key)) current.parameters[key] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
      rest = rest.slice(all.length);
      continue;
    }
    const next = scheme.exec(rest);
    if (!next) return challenges;
    challenges.push({ scheme: (next[1] ?? '').toLowerCase(), parameters: {} });
    rest = rest.slice(next[0].length);
  }
}
