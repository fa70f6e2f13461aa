// SPDX-License-Identifier: LGPL-2.1-or-later
/** Fields of a Debian control file (deb-control(5)), continuation lines kept. */
export type Control = Readonly<Record<string, string>>;

export function parseControl(text: string): Control {
  const fields: Record<string, string> = {};
  let key = '';
  for (const line of text.split('\n')) {
    const field = /^([A-Za-z][\w-]*):\s*(.*)$/.exec(line);
    if (field) fields[(key = field[1] ?? '')] = field[2] ?? '';
    else if (key !== '' && /^\s/.test(line)) fields[key] += `\n${line}`;
  }
  return fields;
}

interface Evr {
  readonly epoch: string;
  readonly version: string;
  readonly release: string;
  readonly hasRevision: boolean;
}

/** A Debian version as RPM's three parts. `-` may not be in an RPM version: `_`. A native package has no revision: release 0. */
export function evrOf(debian: string): Evr {
  const [, epoch = '', rest = ''] = /^(?:(\d+):)?(.*)$/.exec(debian) ?? [];
  const dash = rest.lastIndexOf('-');
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  return { epoch, version: upstream.replace(/-/g, '_'), release: dash < 0 ? '0' : rest.slice(dash + 1), hasRevision: dash >= 0 };
}

export function evrText(debian: string): string {
  const { epoch, version, release, hasRevision } = evrOf(debian);
  return `${epoch === '' ? '' : `${epoch}:`}${version}${hasRevision ? `-${release}` : ''}`;
}

export interface Dependency {
  readonly name: string;
  /** As it stands in a spec file. */
  readonly text: string;
}

const operators: Readonly<Record<string, string>> = { '<<': '<', '<=': '<=', '=': '=', '>=': '>=', '>>': '>' };

export function dependency(text: string): Dependency | undefined {
  const found = /^([a-z0-9][a-z0-9+.-]*)(?::\w+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^)]+?)\s*\))?/.exec(text.trim());
  if (!found) return undefined;
  const [, name = '', operator, version = ''] = found;
  if (operator === undefined) return { name, text: name };
  // where one side names no release, rpm compares without it: `> 2.36` would not be true for 2.36-9
  const release = (operator === '>>' || operator === '<=') && !evrOf(version).hasRevision ? '-0' : '';
  return { name, text: `${name} ${operators[operator]} ${evrText(version)}${release}` };
}

/** The relations of a field, alternatives as a rich dependency; groups with a member in `without` are left out. */
export function relations(field: string | undefined, without: ReadonlySet<string>): string[] {
  const texts = (field ?? '')
    .replace(/\n/g, ' ')
    .split(',')
    .flatMap((group) => {
      const all = group.split('|').flatMap((one) => dependency(one) ?? []);
      if (all.length === 0 || all.some((one) => without.has(one.name))) return [];
      return [all.length === 1 ? (all[0]?.text ?? '') : `(${all.map((one) => one.text).join(' or ')})`];
    });
  return [...new Set(texts)];
}

/** Every relation by itself, alternatives apart. */
export function plainRelations(field: string | undefined): Dependency[] {
  return (field ?? '')
    .replace(/\n/g, ' ')
    .split(/[,|]/)
    .flatMap((one) => dependency(one) ?? []);
}
