// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { compareEvr, type Advisory, type AdvisoryKind, type FoundPackage, type Severity } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { ResolvedPackage } from '../../engine/base/ports/resolver.ts';
import { bind, free, pointersOf, Ptr, ptrArrayUnref, stringArray, type Pointer } from '../core/index.ts';
import { advisory, checksumHex, checksumName, compare, pkg, reldeps, sack } from './raw.ts';

/** The values of a GPtrArray, which is then given back. */
export function takeArray<T>(array: unknown, map: (item: Pointer) => T): T[] {
  if (!array) return [];
  try {
    return pointersOf(array).map(map);
  } finally {
    ptrArrayUnref(array);
  }
}

/** Visit each DnfReldep of a list which is then given back. */
export function eachReldep(list: unknown, visit: (reldep: Pointer, text: string) => void): void {
  const pointer = list as Pointer;
  try {
    const count = reldeps.count(pointer) as number;
    for (let i = 0; i < count; i++) {
      const reldep = reldeps.at(pointer, i) as Pointer;
      try {
        visit(reldep, String(reldeps.text(reldep)));
      } finally {
        reldeps.free(reldep);
      }
    }
  } finally {
    reldeps.freeList(pointer);
  }
}

/** `[epoch:]version-release`. */
export function evrOf(pointer: Pointer): string {
  const epoch = Number(pkg.epoch(pointer));
  return `${epoch > 0 ? `${epoch}:` : ''}${String(pkg.version(pointer))}-${String(pkg.release(pointer))}`;
}

/** `name-[epoch:]version-release.arch`. */
export const nevraOf = (pointer: Pointer): string => `${String(pkg.name(pointer))}-${evrOf(pointer)}.${String(pkg.arch(pointer))}`;

/** The architectures whose packages can be installed here. */
export function archesOf(packages: Pointer): ReadonlySet<string> {
  const list = sack.arches(packages) as Pointer;
  try {
    return new Set([...stringArray(list), 'noarch']);
  } finally {
    free(list);
  }
}

/** What a list shows of a DnfPackage. */
export const foundOf = (pointer: Pointer): FoundPackage => ({
  name: String(pkg.name(pointer)),
  epoch: Number(pkg.epoch(pointer)),
  version: String(pkg.version(pointer)),
  release: String(pkg.release(pointer)),
  arch: String(pkg.arch(pointer)),
  repo: String(pkg.reponame(pointer)),
  summary: String(pkg.summary(pointer) ?? ''),
});

/** The newest of each `id`; source packages are for nobody who installs. */
export function newestOf(packages: readonly FoundPackage[], id: (found: FoundPackage) => string): FoundPackage[] {
  const best = new Map<string, FoundPackage>();
  for (const found of packages) {
    if (found.arch === 'src' || found.arch === 'nosrc') continue;
    const known = best.get(id(found));
    if (!known || compareEvr(found, known) > 0) best.set(id(found), found);
  }
  return [...best.values()];
}

/** Of the whole file, as the repository's metadata has it. */
export function digestOf(pointer: Pointer): { algorithm: string; hex: string } {
  const type: [number] = [0];
  const bytes = pkg.checksum(pointer, type);
  if (!bytes || type[0] === 0)
    // libdnf would take the absence for a checksum and follow it
    throw new TreelineError('rpmmd.corrupt', {
      subject: String(pkg.reponame(pointer)),
      detail: `it lists ${nevraOf(pointer)} without a checksum`,
    });
  return { algorithm: String(checksumName(type[0])), hex: checksumHex(bytes, type[0]) };
}

/**
 * Copy what we need of a DnfPackage. `downloads` is where remote packages go; `fromNetwork`: its repository isn't one of this machine's directories. The package's repository must be set (dnf_transaction_ensure_repo_list):
 * libdnf aborts the process otherwise.
 */
export function describe(pointer: Pointer, downloads: string, fromNetwork: boolean): ResolvedPackage {
  const location = String(pkg.location(pointer) ?? '');
  const base = String(pkg.baseUrl(pointer) ?? '');
  const remote = !pkg.isLocal(pointer);
  // what a server says never leads to this machine's own files
  if (
    fromNetwork &&
    (!remote || [location, base].some((address) => /^[a-z][a-z0-9+.-]*:/i.test(address) && !/^(https?|ftp):/i.test(address)))
  )
    throw new TreelineError('rpmmd.corrupt', {
      subject: String(pkg.reponame(pointer)),
      detail: `it is on the network, and lists ${nevraOf(pointer)} with an address that leads elsewhere (location or xml:base)`,
    });
  const summary = pkg.summary(pointer) as string | null;
  const sourceRpm = pkg.sourcerpm(pointer) as string | null;
  const license = pkg.license(pointer) as string | null;
  return {
    name: String(pkg.name(pointer)),
    epoch: Number(pkg.epoch(pointer)),
    version: String(pkg.version(pointer)),
    release: String(pkg.release(pointer)),
    arch: String(pkg.arch(pointer)),
    nevra: nevraOf(pointer),
    repo: String(pkg.reponame(pointer)),
    path: remote ? path.join(downloads, fileNameOf(location, pointer)) : String(pkg.filename(pointer)),
    remote,
    downloadBytes: Number(pkg.downloadSize(pointer)),
    installedSizeBytes: Number(pkg.installSize(pointer)),
    buildTimeSeconds: Number(pkg.buildTime(pointer)),
    digest: digestOf(pointer),
    ...(summary ? { summary } : {}),
    ...(sourceRpm ? { sourceRpm } : {}),
    ...(license ? { license } : {}),
  };
}

/** The name that a package is kept under, where it is downloaded to and in a directory of extensions: the last part of its location. */
export function packageFileName(location: string): string | undefined {
  const name = path.basename(location);
  return name === '' ||
    name.startsWith('.') ||
    name.startsWith('-') ||
    /[\p{Cc}\u2028\u2029]/u.test(location) ||
    Buffer.byteLength(name) > 255
    ? undefined
    : name;
}

function fileNameOf(location: string, pointer: Pointer): string {
  const name = packageFileName(location);
  if (name === undefined)
    throw new TreelineError('rpmmd.corrupt', {
      subject: String(pkg.reponame(pointer)),
      detail: `it lists ${nevraOf(pointer)} with a location that names no file: ${JSON.stringify(location.slice(0, 80))}`,
    });
  return name;
}

const kinds: readonly AdvisoryKind[] = ['unknown', 'security', 'bugfix', 'enhancement', 'newpackage'];
const severities: readonly Severity[] = ['critical', 'important', 'moderate', 'low'];
const referenceKinds = ['other', 'bugzilla', 'cve', 'other'] as const;

/**
 * Advisories of one package (or also of older builds of it), by id, added to `into`. One id may stand in several repositories, or twice in one, each time
 * with other packages: together they are the advisory.
 */
export function collectAdvisories(pointer: Pointer, older: boolean, into: Map<string, Advisory>): void {
  takeArray(pkg.advisories(pointer, older ? compare.eq | compare.lt : compare.eq), (item) => {
    const found = describeAdvisory(item);
    const known = into.get(found.id);
    into.set(found.id, known ? together(known, found) : found);
  });
}

function describeAdvisory(item: Pointer): Advisory {
  const severity = String(advisory.severity(item) ?? '').toLowerCase() as Severity;
  return {
    id: String(advisory.id(item)),
    kind: kinds[advisory.kind(item) as number] ?? 'unknown',
    severity: severities.includes(severity) ? severity : 'none',
    title: String(advisory.title(item) ?? ''),
    description: String(advisory.description(item) ?? ''),
    issuedSeconds: Number(advisory.updated(item)),
    references: takeArray(advisory.references(item), (r) => ({
      kind: referenceKinds[advisory.referenceKind(r) as number] ?? 'other',
      id: String(advisory.referenceId(r) ?? ''),
      title: String(advisory.referenceTitle(r) ?? ''),
      url: String(advisory.referenceUrl(r) ?? ''),
    })),
    packages: takeArray(
      advisory.packages(item),
      (p) => `${String(advisory.packageName(p))}-${String(advisory.packageEvr(p)).replace(/^0:/, '')}.${String(advisory.packageArch(p))}`,
    ).sort(),
  };
}

/** What was issued last says what it is about; packages and references of both count. */
function together(a: Advisory, b: Advisory): Advisory {
  const [newer, older] = b.issuedSeconds > a.issuedSeconds ? [b, a] : [a, b];
  const known = new Set(newer.references.map((r) => `${r.kind} ${r.id} ${r.url}`));
  return {
    ...newer,
    references: [...newer.references, ...older.references.filter((r) => !known.has(`${r.kind} ${r.id} ${r.url}`))],
    packages: [...new Set([...a.packages, ...b.packages])].sort(),
  };
}

const newArray = bind('glib', 'g_ptr_array_new', Ptr, []);
const addToArray = bind('glib', 'g_ptr_array_add', 'void', [Ptr, Ptr]);

/** A GPtrArray of addresses it doesn't own; give it back with ptrArrayUnref. */
export function borrowedArray(items: readonly Pointer[]): Pointer {
  const array = newArray() as Pointer;
  for (const item of items) addToArray(array, item);
  return array;
}
