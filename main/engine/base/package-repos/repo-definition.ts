// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RepoDefinition } from '../ports/resolver.ts';
import type { RepoSection } from './repo-sections.ts';

/** What repositories inherit, and the file that says it. */
export interface MainOptions extends Pick<RepoSection, 'options' | 'lines'> {
  readonly file: string;
}

const words = (value: string | undefined): string[] => (value ?? '').split(/[\s,]+/).filter((w) => w !== '');
const own = new Set([
  'name',
  'baseurl',
  'metalink',
  'mirrorlist',
  'enabled',
  'gpgcheck',
  'gpgkey',
  'exclude',
  'excludes',
  'excludepkgs',
  'priority',
  'cost',
  'repo_gpgcheck',
]);

/** Ids become names of directories; what dnf takes (REPOID_CHARS of dnf.repo), but for names of nothing but dots. */
export const isRepoId = (id: string): boolean => /^[A-Za-z0-9_.:-]{1,200}$/.test(id) && /[A-Za-z0-9]/.test(id);

/** An option without a value is what it is by default, as dnf reads it. */
const given = ({ options }: Pick<RepoSection, 'options'>, name: string): string | undefined => options.get(name) || undefined;

const off = ['0', 'no', 'false', 'off'];

/** Known to be off, without a look at what else the section says. */
export const isSwitchedOff = (section: RepoSection): boolean => off.includes((given(section, 'enabled') ?? '').trim().toLowerCase());

/**
 * What a section of a .repo file says, `$name` left as it is. `main`: the [main] section that repositories inherit from (dnf.conf(5)). Throws
 * repo-file.invalid-value and not-supported naming file, line and key.
 */
export function toRepo(section: RepoSection, file: string, main?: MainOptions): RepoDefinition {
  const { id, line, options } = section;
  const get = (name: string): string | undefined => given(section, name) ?? main?.options.get(name);
  // what [main] says stands in its file
  const placeOf = (key: string): { file: string; line: number } =>
    given(section, key) === undefined && main?.lines.has(key)
      ? { file: main.file, line: main.lines.get(key) ?? 1 }
      : { file, line: section.lines.get(key) ?? line };
  if (!isRepoId(id))
    throw new TreelineError('repo-file.invalid-value', {
      file,
      line,
      key: id,
      detail: 'the id of a repository may hold letters, digits, and the characters - _ . : only',
    });
  const invalid = (key: string, detail: string): TreelineError =>
    new TreelineError('repo-file.invalid-value', { ...placeOf(key), key: `${id}.${key}`, detail });
  const flag = (name: string, otherwise: boolean): boolean => {
    const value = get(name)?.trim().toLowerCase();
    if (value === undefined) return otherwise;
    if (['1', 'yes', 'true', 'on'].includes(value)) return true;
    if (off.includes(value)) return false;
    throw invalid(name, `“${value}” is neither 1 nor 0`);
  };
  const number = (name: string): { [k: string]: number } => {
    const value = get(name);
    if (value === undefined) return {};
    if (!/^-?\d+$/.test(value)) throw invalid(name, `“${value}” isn't a number`);
    return { [name]: Number(value) };
  };
  // never ignored: somebody who asks for signed metadata must not get unsigned metadata
  if (flag('repo_gpgcheck', false))
    throw new TreelineError('not-supported', {
      ...placeOf('repo_gpgcheck'),
      key: `${id}.repo_gpgcheck`,
      subject: 'Checking the signature of repository metadata',
    });
  const baseurl = words(get('baseurl'));
  const [metalink, mirrorlist] = [get('metalink'), get('mirrorlist')];
  if (baseurl.length === 0 && !metalink && !mirrorlist) throw invalid('baseurl', 'a repository needs baseurl, metalink or mirrorlist');
  return {
    id,
    name: get('name') ?? id,
    baseurl,
    ...(metalink ? { metalink } : {}),
    ...(mirrorlist ? { mirrorlist } : {}),
    enabled: flag('enabled', true),
    gpgcheck: flag('gpgcheck', true),
    gpgkey: words(get('gpgkey')),
    excludes: ['exclude', 'excludes', 'excludepkgs'].flatMap((name) => [...words(given(section, name)), ...words(main?.options.get(name))]),
    ...number('priority'),
    ...number('cost'),
    other: Object.fromEntries([...(main?.options ?? []), ...options].filter(([name]) => !own.has(name))),
    file,
    line,
  };
}

/** With `$name` and `${name}` replaced; of a name that has no value the text stays (dnf.conf(5), "VARIABLES"). */
export function expandIn(repo: RepoDefinition, variables: Readonly<Record<string, string>>): RepoDefinition {
  const values = new Map(Object.entries(variables));
  const expand = (text: string): string =>
    text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => values.get(braced ?? bare ?? '') ?? whole);
  return {
    ...repo,
    name: expand(repo.name),
    baseurl: repo.baseurl.map(expand),
    gpgkey: repo.gpgkey.map(expand),
    ...(repo.metalink === undefined ? {} : { metalink: expand(repo.metalink) }),
    ...(repo.mirrorlist === undefined ? {} : { mirrorlist: expand(repo.mirrorlist) }),
  };
}

/** It has addresses on the network, not only directories of this machine. */
export const isOnNetwork = ({ baseurl, metalink, mirrorlist }: Pick<RepoDefinition, 'baseurl' | 'metalink' | 'mirrorlist'>): boolean =>
  metalink !== undefined || mirrorlist !== undefined || baseurl.some((url) => !isLocal(url));

/** An address of this machine. */
export const isLocal = (address: string): boolean => /^(file:|\/)/i.test(address);
