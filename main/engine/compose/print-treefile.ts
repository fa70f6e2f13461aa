import type { Treefile } from './treefile.ts';

const notKeys: ReadonlySet<string> = new Set([
  'path',
  'files',
  'warnings',
  'placeOf',
  'finalize',
  'postprocess',
  'add-files',
  'repo-packages',
  'variables',
]);

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * A treefile with its includes and variables put in, as JSON that can be composed from: what was left out has its default, and files that it names
 * have absolute paths.
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
  return JSON.stringify(
    {
      ...keys,
      packages,
      'exclude-packages': treefile.excludePackages.map(quoted),
      'repo-packages': treefile.repoPackages.map((each) => ({ repo: each.repo, packages: each.packages.map(quoted) })),
      variables,
      'add-files': treefile.addFiles.map(({ source, target }) => [source, target]),
      postprocess: inline,
      ...(script && 'script' in script ? { 'postprocess-script': script.script } : {}),
    },
    null,
    2,
  );
}

/** A version query stays one entry. */
const quoted = (spec: string): string => (/\s/.test(spec) ? `'${spec}'` : spec);
