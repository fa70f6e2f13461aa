import { TreelineError } from '../../../shared/errors/index.ts';
import type { ImportRequest, PackageCache } from '../ports/compose-store.ts';
import type { RepoDefinition, Resolution, ResolvedPackage } from '../ports/resolver.ts';
import type { RpmPackage, RpmPort } from '../ports/rpm.ts';
import { loadKeys, verify, type RepoKeys } from './signatures.ts';
import type { Steps } from './steps.ts';

/** Verify and import some packages in another process. */
export type Importer = (batch: ImportBatch, imported: (nevra: string) => void) => Promise<void>;

/** JSON: what an importing worker gets. Keys are base64. */
export interface ImportBatch {
  readonly cache: string;
  readonly packages: readonly { readonly pkg: ResolvedPackage; readonly fingerprint: string; readonly keys: readonly string[] }[];
}

export interface ImportContext {
  readonly resolution: Resolution;
  readonly repos: readonly RepoDefinition[];
  readonly cache: PackageCache;
  readonly ports: { readonly rpm: RpmPort; readonly importer?: Importer };
  readonly steps: Steps;
  readonly forceAll: boolean;
}

/** Below this, starting worker processes costs more than it saves on two cores (each takes 0.15 s to start). */
const parallelFrom = 48;
const processes = 2;

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
    const usable = cached && (fingerprint === '' || cached.verifiedWith === fingerprint);
    if (usable) commits.set(pkg.nevra, cached.commit);
    return !usable;
  });
  let done = 0;
  const imported = (): void => {
    done++;
    steps.report('import', done / missing.length, { itemsDone: done, itemsTotal: missing.length });
  };
  if (ports.importer && missing.length >= parallelFrom) {
    const { importer } = ports;
    const batches = Array.from({ length: processes }, (_, i) => missing.filter((_, n) => n % processes === i));
    await Promise.all(
      batches.map((batch) =>
        importer(
          {
            cache: cache.path,
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
  } else if (missing.length > 0)
    importAll(
      cache,
      missing.map((pkg) => ({ pkg, keys: keysOf(pkg) })),
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

/** Verify, then import, in one transaction of the cache. */
export function importAll(
  cache: PackageCache,
  packages: readonly { readonly pkg: ResolvedPackage; readonly keys: RepoKeys }[],
  rpm: RpmPort,
  imported: (nevra: string) => void,
): void {
  const requests: ImportRequest[] = packages.map(({ pkg, keys }) => ({ pkg, verifiedWith: keys.fingerprint }));
  const byPath = new Map(packages.map((p) => [p.pkg.path, p]));
  const header = (file: string): RpmPackage => {
    const entry = byPath.get(file);
    if (entry) verify(entry.pkg, entry.keys, rpm);
    return rpm.readPackage(file);
  };
  cache.importPackages(requests, header, imported);
}
