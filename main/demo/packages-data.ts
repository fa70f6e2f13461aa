// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** A file of a package as the release files write it; assets/demo/README.md explains the fields. */
export interface DemoFile {
  readonly text?: string;
  readonly link?: string;
  readonly hardlink?: string;
  readonly dir?: boolean;
  readonly bytes?: number;
  readonly seed?: string;
  readonly machine?: string;
  /** Octal. */
  readonly mode?: string;
  readonly config?: true | 'noreplace';
  readonly doc?: boolean;
  readonly user?: string;
  readonly group?: string;
  readonly caps?: string;
}

export interface DemoChange {
  readonly date: string;
  readonly author: string;
  readonly text: string;
  /** Version and release of the build that brought it. */
  readonly evr: string;
}

/** One package of one release. */
export interface DemoPackage {
  readonly name: string;
  readonly epoch?: number;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly summary: string;
  readonly description: string;
  readonly license: string;
  readonly requires: readonly string[];
  readonly recommends: readonly string[];
  readonly provides: readonly string[];
  readonly obsoletes: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string | DemoFile>>;
  /** Newest first. */
  readonly changelog: readonly DemoChange[];
}

export interface DemoAdvisory {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly title: string;
  readonly description: string;
  readonly issued: string;
  readonly references: readonly { readonly kind: string; readonly id: string; readonly title?: string; readonly url?: string }[];
  /** The packages as this release has them. */
  readonly packages: readonly DemoPackage[];
}

export interface DemoRelease {
  readonly number: number;
  readonly date: string;
  readonly packages: readonly DemoPackage[];
  /** This release's and all earlier ones', as a repository keeps them. */
  readonly advisories: readonly DemoAdvisory[];
}

type Text = string | number;
interface RawPackage extends Partial<Omit<DemoPackage, 'version' | 'release' | 'changelog'>> {
  readonly version: Text;
  readonly release: Text;
  readonly archs?: readonly string[];
  readonly changelogReplaces?: boolean;
  readonly changelog: RawChanges | readonly RawChanges[];
}
type RawChanges = Readonly<Record<string, string>>;
type RawAdvisory = Omit<DemoAdvisory, 'packages'> & { readonly packages: readonly string[] };
interface RawRelease {
  readonly date: string;
  readonly defaults?: { readonly license: string };
  readonly remove?: readonly string[];
  readonly packages: Readonly<Record<string, RawPackage>>;
  readonly advisories: readonly RawAdvisory[];
}

/** A package's definition grown over the releases so far. */
interface Grown {
  readonly fields: RawPackage;
  readonly changelog: readonly DemoChange[];
}

/** Read release-1.yaml to release-3.yaml of `dir`: three complete releases, though the later files hold only what changes. */
export function readDemoReleases(dir: string): DemoRelease[] {
  const grown = new Map<string, Grown>();
  const advisories: DemoAdvisory[] = [];
  let license = 'MIT';
  return [1, 2, 3].map((number) => {
    const raw = parse(readFileSync(path.join(dir, `release-${number}.yaml`), 'utf8'), { schema: 'core' }) as RawRelease;
    license = raw.defaults?.license ?? license;
    for (const name of raw.remove ?? []) grown.delete(name);
    for (const [name, fields] of Object.entries(raw.packages)) grown.set(name, grow(grown.get(name), fields));
    const packages = [...grown].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, each]) => complete(name, each, license));
    for (const a of raw.advisories) advisories.push({ ...a, packages: packages.filter((p) => a.packages.includes(p.name)) });
    return { number, date: raw.date, packages, advisories: [...advisories] };
  });
}

function grow(before: Grown | undefined, fields: RawPackage): Grown {
  const lists = [fields.changelog].flat();
  const evr = `${fields.version}-${fields.release}`;
  const news = lists.flatMap((list) =>
    Object.entries(list).map(([head, text]) => {
      const [who = '', other] = head.slice(11).split(' = ');
      return { date: head.slice(0, 10), author: who, text: text.trimEnd(), evr: other ?? evr };
    }),
  );
  const old = fields.changelogReplaces ? [] : (before?.changelog ?? []);
  return { fields: { ...before?.fields, ...fields }, changelog: [...news, ...old] };
}

/** One package, or one for each of its architectures. */
function complete(name: string, { fields, changelog }: Grown, license: string): DemoPackage[] {
  const archs = fields.archs ?? [fields.arch ?? 'x86_64'];
  return archs.map((arch) => ({
    name,
    ...(fields.epoch === undefined ? {} : { epoch: fields.epoch }),
    version: String(fields.version),
    release: String(fields.release),
    arch,
    summary: fields.summary ?? name,
    description: fields.description ?? `${fields.summary ?? name}.`,
    license: fields.license ?? license,
    requires: fields.requires ?? [],
    recommends: fields.recommends ?? [],
    provides: (fields.provides ?? []).map((name) => name.replace('@ISA@', arch === 'x86_64' ? 'x86-64' : 'x86-32')),
    obsoletes: fields.obsoletes ?? [],
    scripts: fields.scripts ?? {},
    files: Object.fromEntries(
      Object.entries(fields.files ?? {}).map(([p, f]) => [p.replace('@LIB@', libraryFolder(arch)), inFolder(f, arch)]),
    ),
    changelog,
  }));
}

const libraryFolder = (arch: string): string => (arch === 'x86_64' ? 'lib64' : 'lib');

/** The two architectures of a library differ in their content. */
function inFolder(file: string | DemoFile, arch: string): string | DemoFile {
  return typeof file === 'object' && file.seed && arch === 'i686' ? { ...file, seed: `${file.seed}-${arch}` } : file;
}

/** `name-version-release.arch`, which is the file's name without `.rpm`. */
export function demoFileName(p: DemoPackage): string {
  return `${p.name}-${p.version}-${p.release}.${p.arch}`;
}
