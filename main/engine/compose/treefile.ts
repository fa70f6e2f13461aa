import { existsSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import { treefileKeys } from './treefile-keys.ts';
import { beside, isArchPackages, machineArch, parseTreefile, type ParsedFile, type Place } from './treefile-parse.ts';
import { substitute } from './variables.ts';

/** A treefile with its includes merged, checked and substituted. Paths are absolute. */
export interface Treefile {
  readonly path: string;
  readonly ref: string;
  readonly repos: readonly string[];
  readonly packages: readonly string[];
  readonly excludePackages: readonly string[];
  readonly recommends: boolean;
  readonly releasever: string;
  readonly automaticVersionPrefix?: string;
  readonly automaticVersionSuffix: string;
  readonly addCommitMetadata: Readonly<Record<string, unknown>>;
  readonly mutateOsRelease?: string;
  readonly units: readonly string[];
  readonly defaultTarget?: string;
  /** Inline scripts and script files, in the order they run: those of included files first. */
  readonly postprocess: readonly PostprocessStep[];
  readonly documentation: boolean;
  readonly selinux: boolean;
  readonly bootLocation: 'new' | 'modules';
  readonly noInitramfs: boolean;
  readonly initramfsArgs: readonly string[];
  readonly machineidCompat: boolean;
  readonly tmpIsDir: boolean;
  readonly removeFiles: readonly string[];
  readonly addFiles: readonly { readonly source: string; readonly target: string; readonly place: Place }[];
  readonly removeFromPackages: readonly (readonly [name: string, ...patterns: string[]])[];
  readonly etcGroupMembers: readonly string[];
  readonly preservePasswd: boolean;
  readonly gpgKey?: string;
  /** A tree without kernel. */
  readonly container: boolean;
  /** Every file read, for the input hash. */
  readonly files: readonly { readonly path: string; readonly digest: string }[];
  /** Where a key, or a package of a list, was written. */
  placeOf(key: string, item?: string): Place | undefined;
}

export type PostprocessStep = { readonly inline: string; readonly place: Place } | { readonly script: string; readonly place: Place };

interface Merged {
  readonly values: Map<string, unknown>;
  readonly places: Map<string, Place>;
  readonly postprocess: PostprocessStep[];
  readonly addFiles: { source: string; target: string; place: Place }[];
  readonly files: { path: string; digest: string }[];
}

const itemKey = (key: string, item: string): string => `${key}\0${item}`;

/** Load a treefile with its includes. Errors: see parseTreefile, and treefile.include, treefile.missing-key. */
export function loadTreefile(file: string): Treefile {
  const absolute = path.resolve(file);
  const merged: Merged = { values: new Map(), places: new Map(), postprocess: [], addFiles: [], files: [] };
  mergeFile(merged, absolute, file, []);
  return finish(absolute, file, merged);
}

function mergeFile(into: Merged, absolute: string, display: string, parents: readonly string[]): void {
  const parsed = parseTreefile(absolute, display);
  into.files.push({ path: absolute, digest: parsed.digest });
  const include = parsed.entries.find((e) => e.key === 'include');
  // included files first: what the including file says comes later and wins
  ((include?.value as string[] | undefined) ?? []).forEach((name, i) => {
    const target = beside(absolute, name);
    const place = include?.items[i] ?? include?.place;
    if (target === absolute || parents.includes(target))
      throw new TreelineError('treefile.include', { ...place, key: 'include', subject: name, detail: 'it includes itself' });
    if (!existsSync(target))
      throw new TreelineError('treefile.include', { ...place, key: 'include', subject: name, detail: 'there is no such file' });
    mergeFile(into, target, path.join(path.dirname(display), name), [...parents, absolute]);
  });
  mergeEntries(into, parsed);
}

function mergeEntries(into: Merged, parsed: ParsedFile): void {
  for (const { key, value, place, items } of parsed.entries) {
    if (key === 'include') continue;
    const arch = isArchPackages(key);
    if (arch && arch !== machineArch) continue;
    const name = arch ? 'packages' : key;
    into.places.set(name, place);
    const listed = Array.isArray(value) ? value : [];
    listed.forEach((item, i) => {
      if (typeof item === 'string') into.places.set(itemKey(name, item), items[i] ?? place);
    });
    if (name === 'postprocess')
      listed.forEach((inline, i) => into.postprocess.push({ inline: inline as string, place: items[i] ?? place }));
    else if (name === 'postprocess-script') into.postprocess.push({ script: beside(parsed.path, value as string), place });
    else if (name === 'add-files')
      (listed as [string, string][]).forEach(([source, target], i) =>
        into.addFiles.push({ source: beside(parsed.path, source), target, place: items[i] ?? place }),
      );
    else into.values.set(name, combine(name, into.values.get(name), value));
  }
}

function combine(key: string, included: unknown, own: unknown): unknown {
  const merge = treefileKeys[key]?.merge;
  if (included === undefined || merge === 'replace') return own;
  if (merge === 'append') return [...(included as unknown[]), ...(own as unknown[])];
  return { ...(included as object), ...(own as object) };
}

function finish(absolute: string, display: string, merged: Merged): Treefile {
  const { values, places } = merged;
  const variables = { basearch: machineArch, ...(values.get('variables') as Record<string, unknown> | undefined) };
  const missing = (key: string): TreelineError => new TreelineError('treefile.missing-key', { file: display, key });
  const expand = (key: string, text: string): string =>
    substitute(text, { ...variables, releasever: values.get('releasever') ?? '' }, { ...places.get(key), key });
  const string = (key: string): string | undefined => {
    const value = values.get(key) as string | undefined;
    return value === undefined ? undefined : expand(key, value);
  };
  const list = (key: string): string[] => [...new Set((values.get(key) as string[] | undefined) ?? [])];
  const flag = (key: string, otherwise: boolean): boolean => (values.get(key) as boolean | undefined) ?? otherwise;
  const ref = string('ref');
  if (!ref) throw missing('ref');
  if (list('packages').length === 0) throw missing('packages');
  if (list('repos').length === 0) throw missing('repos');
  const metadata = Object.entries((values.get('add-commit-metadata') as Record<string, unknown> | undefined) ?? {}).map(([k, v]) => [
    k,
    typeof v === 'string' ? expand('add-commit-metadata', v) : v,
  ]);
  return {
    path: absolute,
    ref,
    repos: list('repos'),
    packages: list('packages'),
    excludePackages: list('exclude-packages'),
    recommends: flag('recommends', true),
    releasever: (values.get('releasever') as string | undefined) ?? '',
    ...optional('automaticVersionPrefix', string('automatic-version-prefix')),
    automaticVersionSuffix: (values.get('automatic-version-suffix') as string | undefined) ?? '.',
    addCommitMetadata: Object.fromEntries(metadata) as Record<string, unknown>,
    ...optional('mutateOsRelease', string('mutate-os-release')),
    units: list('units'),
    ...optional('defaultTarget', values.get('default-target') as string | undefined),
    postprocess: merged.postprocess,
    documentation: flag('documentation', true),
    selinux: flag('selinux', true),
    bootLocation: (values.get('boot-location') as 'new' | 'modules' | undefined) ?? 'modules',
    noInitramfs: flag('no-initramfs', false),
    initramfsArgs: list('initramfs-args'),
    machineidCompat: flag('machineid-compat', true),
    tmpIsDir: flag('tmp-is-dir', false),
    removeFiles: list('remove-files'),
    addFiles: merged.addFiles,
    removeFromPackages: (values.get('remove-from-packages') as [string, ...string[]][] | undefined) ?? [],
    etcGroupMembers: list('etc-group-members'),
    preservePasswd: flag('preserve-passwd', true),
    container: flag('container', false),
    ...optional('gpgKey', values.get('gpg-key') as string | undefined),
    files: merged.files,
    placeOf: (key, item) => places.get(item === undefined ? key : itemKey(key, item)) ?? places.get(key),
  };
}

const optional = <K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> =>
  value === undefined ? {} : ({ [key]: value } as Record<K, string>);
