// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { Treefile } from './treefile.ts';
import type { UserCheck } from './user-check.ts';

const notKeys: ReadonlySet<string> = new Set([
  'path',
  'files',
  'warnings',
  'absolute',
  'placeOf',
  'check-passwd',
  'check-groups',
  'finalize',
  'postprocess',
  'add-files',
  'repo-packages',
  'variables',
]);

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * A treefile with its includes and variables put in, as JSON that can be composed from, beside the treefile: what was left out has its default, and
 * files that it names are relative to it, unless they are written as absolute paths.
 */
export function printTreefile(treefile: Treefile): string {
  const keys: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(treefile)) {
    const key = kebab(name);
    if (!notKeys.has(key) && value !== '' && !(Array.isArray(value) && value.length === 0)) keys[key] = value;
  }
  const { basearch: _, releasever: __, ...variables } = treefile.variables;
  const inline = treefile.postprocess.flatMap((step) => ('inline' in step ? [step.inline] : []));
  const script = treefile.postprocess.find((step) => 'script' in step);
  const packages = treefile.packages.map(quoted);
  const name = (file: string): string => (treefile.absolute.has(file) ? file : path.relative(path.dirname(treefile.path), file));
  const check = (each: UserCheck): UserCheck => (each.type === 'file' ? { ...each, filename: name(each.filename) } : each);
  return exactJson({
    ...keys,
    packages,
    'exclude-packages': treefile.excludePackages.map(quoted),
    'repo-packages': treefile.repoPackages.map((each) => ({ repo: each.repo, packages: each.packages.map(quoted) })),
    variables,
    'add-files': treefile.addFiles.map(({ source, target }) => [name(source), target]),
    postprocess: inline,
    ...(script && 'script' in script ? { 'postprocess-script': name(script.script) } : {}),
    'check-passwd': check(treefile.checkPasswd),
    'check-groups': check(treefile.checkGroups),
  });
}

/** A version query stays one entry. */
const quoted = (spec: string): string => (/\s/.test(spec) ? `'${spec}'` : spec);

/** JSON has integers of any size, JavaScript's numbers don't: those stand in it with all their digits. */
function exactJson(value: unknown): string {
  const mark = '\u{F8FF}';
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${mark}${inner}${mark}` : inner), 2).replace(
    new RegExp(`"${mark}(-?\\d+)${mark}"`, 'gu'),
    '$1',
  );
}
