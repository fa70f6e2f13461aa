// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { ImportRequest, PackageCache } from '../../base/ports/compose-store.ts';
import type { RepoDefinition, Resolution, ResolvedPackage } from '../../base/ports/resolver.ts';
import { type RpmPackage, type RpmPort, headerDigestOf } from '../../base/ports/rpm.ts';
import { checkAsListed, loadKeys, verify, type RepoKeys } from './signatures.ts';
import type { Steps } from './steps.ts';

/** Verify and import some packages in another process. */
export type Importer = (batch: ImportBatch, imported: (nevra: string) => void) => Promise<void>;

/** JSON: what an importing worker gets. Keys are base64. */
export interface ImportBatch {
  readonly cache: string;
  /** Keep the files' IMA signatures. */
  readonly ima: boolean;
  readonly packages: readonly { readonly pkg: ResolvedPackage; readonly fingerprint: string; readonly keys: readonly string[] }[];
}

export interface ImportContext {
  readonly resolution: Resolution;
  readonly repos: readonly RepoDefinition[];
  readonly cache: Pick<PackageCache, 'path' | 'lookup' | 'refresh' | 'importPackages'>;
  readonly ports: { readonly rpm: RpmPort; readonly importer?: Importer };
  readonly steps: Steps;
  readonly forceAll: boolean;
  readonly ima: boolean;
}

/** Below this, starting worker processes (0.2 s each) costs more than they save on two cores. */
const parallelFrom = { packages: 96, bytes: 24 << 20 } as const;
const processes = 2;

/** True if there is enough to do for several processes. */
function pays(packages: readonly ResolvedPackage[]): boolean {
  const bytes = packages.reduce((sum, p) => sum + p.downloadBytes, 0);
  return packages.length > 1 && (packages.length >= parallelFrom.packages || bytes >= parallelFrom.bytes);
}

/** Packages dealt out so that each process gets about the same number of bytes. */
function deal(packages: readonly ResolvedPackage[]): ResolvedPackage[][] {
  const hands = Array.from({ length: processes }, () => ({ bytes: 0, packages: new Array<ResolvedPackage>() }));
  for (const pkg of [...packages].sort((a, b) => b.downloadBytes - a.downloadBytes)) {
    const hand = hands.reduce((least, h) => (h.bytes < least.bytes ? h : least));
    hand.packages.push(pkg);
    hand.bytes += pkg.downloadBytes + 4096;
  }
  return hands.map((h) => h.packages).filter((list) => list.length > 0);
}

/** Import what the cache doesn't have yet, or has without the signature check that its repository now asks for. Returns each package's commit by NEVRA. */
export async function importMissing(context: ImportContext): Promise<{ imported: number; commits: Map<string, string> }> {
  const { resolution, cache, ports, steps } = context;
  const keys = new Map<string, RepoKeys>();
  for (const repo of context.repos) keys.set(repo.id, await loadKeys(repo));
  const keysOf = (pkg: ResolvedPackage): RepoKeys => keys.get(pkg.repo) ?? { keys: [], fingerprint: '' };
  const commits = new Map<string, string>();
  const missing = resolution.packages.filter((pkg) => {
    const cached = context.forceAll ? undefined : cache.lookup(pkg);
    const { fingerprint } = keysOf(pkg);
    const usable = cached && cached.ima === context.ima && (fingerprint === '' || cached.verifiedWith === fingerprint);
    if (usable) commits.set(pkg.nevra, cached.commit);
    return !usable;
  });
  let done = 0;
  const imported = (): void => {
    done++;
    steps.report('import', done / missing.length, { itemsDone: done, itemsTotal: missing.length });
  };
  if (ports.importer && pays(missing)) {
    const { importer } = ports;
    const batches = deal(missing);
    // all of them are waited for, so that a failure leaves no process behind
    const results = await Promise.allSettled(
      batches.map((batch) =>
        importer(
          {
            cache: cache.path,
            ima: context.ima,
            packages: batch.map((pkg) => ({
              pkg,
              fingerprint: keysOf(pkg).fingerprint,
              keys: keysOf(pkg).keys.map((k) => k.toString('base64')),
            })),
          },
          imported,
        ),
      ),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  } else if (missing.length > 0)
    importAll(
      cache,
      missing.map((pkg) => ({ pkg, keys: keysOf(pkg) })),
      context.ima,
      ports.rpm,
      imported,
    );
  cache.refresh();
  for (const pkg of missing) {
    const now = cache.lookup(pkg);
    if (!now) throw new TreelineError('repo.corrupt', { subject: cache.path, detail: `${pkg.nevra} was imported and isn't there` });
    commits.set(pkg.nevra, now.commit);
  }
  return { imported: missing.length, commits };
}

/**
 * The headers of imported packages, whose scripts and owners are used: a file that was replaced since it was verified (in a repository on this machine)
 * is package.corrupt.
 */
export function readHeaders(packages: readonly ResolvedPackage[], cache: Pick<PackageCache, 'lookup'>, rpm: RpmPort): RpmPackage[] {
  return packages.map((pkg) => {
    const header = rpm.readPackage(pkg.path);
    if (headerDigestOf(header) === cache.lookup(pkg)?.headerDigest) return header;
    throw new TreelineError('package.corrupt', {
      subject: pkg.nevra,
      detail: `it has changed since it was imported (repository ${pkg.repo})`,
      file: pkg.path,
      facts: { repo: pkg.repo },
    });
  });
}

/** Verify, then import, in one transaction of the cache. */
export function importAll(
  cache: Pick<PackageCache, 'importPackages'>,
  packages: readonly { readonly pkg: ResolvedPackage; readonly keys: RepoKeys }[],
  ima: boolean,
  rpm: RpmPort,
  imported: (nevra: string) => void,
): void {
  const requests: ImportRequest[] = packages.map(({ pkg, keys }) => ({ pkg, verifiedWith: keys.fingerprint, ima }));
  const byPath = new Map(packages.map((p) => [p.pkg.path, p]));
  const header = (file: string): RpmPackage => {
    const entry = byPath.get(file);
    if (entry) verify(entry.pkg, entry.keys, rpm);
    const found = rpm.readPackage(file);
    if (entry) checkAsListed(entry.pkg, found);
    return found;
  };
  cache.importPackages(requests, header, imported);
}
