import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { RepoDefinition } from '../ports/resolver.ts';
import type { Treefile } from './treefile.ts';

interface Section {
  readonly id: string;
  readonly line: number;
  readonly options: Map<string, string>;
}

/** Sections of a .repo file (yum.conf(5)): `key=value` lines, continued by lines that begin with a blank; `#` and `;` comment. */
export function parseRepoFile(text: string, file: string): Section[] {
  const sections: Section[] = [];
  let key: string | undefined;
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = raw.trimEnd();
    const wrong = (detail: string): TreelineError => new TreelineError('treefile.syntax', { file, line: i + 1, detail });
    if (line.trim() === '' || /^\s*[#;]/.test(line)) return;
    const current = sections.at(-1);
    const header = /^\[([^\]]+)\]$/.exec(line);
    if (header) {
      sections.push({ id: header[1] ?? '', line: i + 1, options: new Map() });
      key = undefined;
    } else if (/^\s/.test(line)) {
      if (!current || key === undefined) throw wrong('A continued line without an option before it.');
      current.options.set(key, `${current.options.get(key) ?? ''}\n${line.trim()}`);
    } else {
      const equals = line.indexOf('=');
      if (equals < 1 || !current) throw wrong('Expected [repository] or option=value.');
      key = line.slice(0, equals).trim();
      current.options.set(key, line.slice(equals + 1).trim());
    }
  });
  return sections;
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

function toRepo(section: Section, file: string): RepoDefinition {
  const { id, line, options } = section;
  const get = (name: string): string | undefined => options.get(name);
  const invalid = (key: string, detail: string): TreelineError =>
    new TreelineError('treefile.invalid-value', { file, line, key: `${id}.${key}`, detail });
  const flag = (name: string, otherwise: boolean): boolean => {
    const value = get(name)?.toLowerCase();
    if (value === undefined) return otherwise;
    if (['1', 'yes', 'true', 'on'].includes(value)) return true;
    if (['0', 'no', 'false', 'off'].includes(value)) return false;
    throw invalid(name, `“${value}” is neither 1 nor 0`);
  };
  const number = (name: string): { [k: string]: number } => {
    const value = get(name);
    if (value === undefined) return {};
    if (!/^\d+$/.test(value)) throw invalid(name, `“${value}” isn't a number`);
    return { [name]: Number(value) };
  };
  // never ignored: somebody who asks for signed metadata must not get unsigned metadata
  if (flag('repo_gpgcheck', false))
    throw new TreelineError('not-supported', {
      file,
      line,
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
    excludes: [...words(get('exclude')), ...words(get('excludes')), ...words(get('excludepkgs'))],
    ...number('priority'),
    ...number('cost'),
    other: Object.fromEntries([...options].filter(([name]) => !own.has(name))),
    file,
    line,
  };
}

/** The repositories a treefile names, from the .repo files beside it. Naming one is enough: `enabled=0` is for hosts. Throws rpmmd.repo-not-found. */
export function loadRepos(treefile: Treefile): RepoDefinition[] {
  const directories = [...new Set(treefile.files.map((f) => path.dirname(f.path)))];
  const found = new Map<string, RepoDefinition>();
  for (const directory of directories) {
    for (const name of readdirSync(directory).sort()) {
      if (!name.endsWith('.repo')) continue;
      const file = path.join(directory, name);
      for (const section of parseRepoFile(readFileSync(file, 'utf8'), file))
        if (!found.has(section.id)) found.set(section.id, toRepo(section, file));
    }
  }
  return treefile.repos.map((id) => {
    const repo = found.get(id);
    if (!repo) throw new TreelineError('rpmmd.repo-not-found', { ...treefile.placeOf('repos', id), key: 'repos', subject: id });
    return repo;
  });
}
