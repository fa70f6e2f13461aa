// SPDX-License-Identifier: LGPL-2.1-or-later
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { demoFileName, readDemoReleases, type DemoPackage, type DemoRelease } from './packages-data.ts';
import { buildTime, specText, writeStage } from './packages-spec.ts';
import { updateinfo } from './packages-updateinfo.ts';
import { run } from './processes.ts';
import { withSigningKey, writePublicKey, type SigningKey } from './signing-key.ts';

export interface PackagesOptions {
  /** assets/demo */
  readonly sources: string;
  /** Gets release-1, release-2, release-3 and the public key; emptied first. */
  readonly out: string;
  /** Key to sign with; without one, one is made for this run only. */
  readonly key?: SigningKey;
  readonly step?: (text: string) => void;
}

export interface PackagesOutcome {
  /** Folders which hold `packages/`, `repodata/`, `meadow.yaml` and `meadow.repo`; oldest first. */
  readonly releases: readonly { readonly dir: string; readonly treefile: string; readonly packageCount: number; readonly built: number }[];
  readonly publicKey: string;
}

const atOnce = 2;

/**
 * Build the demo's packages with rpmbuild, sign them, and make a repository of each release. A package that a later release keeps is built
 * once and linked. Works as any user; takes a quarter of a minute.
 */
export async function buildPackages(options: PackagesOptions): Promise<PackagesOutcome> {
  const out = path.resolve(options.out);
  const releases = readDemoReleases(options.sources);
  for (const { number } of releases) rmSync(path.join(out, `release-${number}`), { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const publicKey = path.join(out, 'RPM-GPG-KEY-meadow');
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'treeline-'));
  try {
    const pool = path.join(out, 'pool');
    rmSync(pool, { recursive: true, force: true });
    mkdirSync(pool, { recursive: true });
    const all = new Map(releases.flatMap((r) => r.packages.map((p) => [demoFileName(p), p] as const)));
    options.step?.(`building ${all.size} packages`);
    await inParallel([...all.values()], (p) => build(p, path.join(scratch, demoFileName(p)), pool));
    const sign = async (key: SigningKey): Promise<void> => {
      options.step?.('signing the packages');
      writePublicKey(publicKey, key);
      await signAll(
        [...all.keys()].map((name) => path.join(pool, `${name}.rpm`)),
        key,
      );
    };
    if (options.key) await sign(options.key);
    else await withSigningKey(scratch, 'Meadow OS packages <packages@meadow.example>', sign);
    const outcome: PackagesOutcome['releases'][number][] = [];
    const seen = new Set<string>();
    for (const release of releases) {
      options.step?.(`making the repository of release ${release.number}`);
      const built = release.packages.filter((p) => !seen.has(demoFileName(p))).length;
      for (const p of release.packages) seen.add(demoFileName(p));
      outcome.push({ ...(await makeRepository(release, out, pool, publicKey, options.sources)), built });
    }
    rmSync(pool, { recursive: true });
    return { releases: outcome, publicKey };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** Run rpmbuild in a folder of its own. Nothing of the machine's configuration may get into the package. */
async function build(p: DemoPackage, dir: string, pool: string): Promise<void> {
  const stage = path.join(dir, 'stage');
  writeStage(p, stage);
  const spec = path.join(dir, `${p.name}.spec`);
  writeFileSync(spec, specText(p, stage));
  const macros: Readonly<Record<string, string>> = {
    _topdir: dir,
    _rpmdir: dir,
    _tmppath: dir,
    _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
    _dbpath: path.join(dir, 'db'),
    // no stripping, compressing of manual pages, byte-compiling: the files are what they are
    __os_install_post: '%{nil}',
    debug_package: '%{nil}',
    _build_id_links: 'none',
    _binary_payload: 'w3.zstdio',
    _binary_filedigest_algorithm: '8',
    _buildhost: 'builder.meadow.example',
    source_date_epoch_from_changelog: '1',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const target = p.arch === 'noarch' ? [] : ['--target', `${p.arch}-linux`];
  const env = { ...process.env, LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: String(buildTime(p)) };
  await run('rpmbuild', ['-bb', '--quiet', ...target, '--buildroot', path.join(dir, 'root'), ...defines, spec], env);
  moveFile(path.join(dir, `${demoFileName(p)}.rpm`), path.join(pool, `${demoFileName(p)}.rpm`));
  rmSync(dir, { recursive: true, force: true });
}

/** rename, also to another file system. */
function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    copyFileSync(from, to);
    rmSync(from);
  }
}

async function signAll(files: readonly string[], key: SigningKey): Promise<void> {
  // rpm executes a path; where gpg is differs from what it was built with
  const gpg = await run('sh', ['-c', 'command -v gpg']);
  const macros = { __gpg: gpg, _gpg_name: key.keyId, _gpg_path: key.homedir };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const half = Math.ceil(files.length / atOnce);
  const shares = Array.from({ length: atOnce }, (_, i) => files.slice(i * half, (i + 1) * half));
  await Promise.all(shares.filter((s) => s.length > 0).map((share) => run('rpmsign', ['--addsign', ...defines, ...share])));
}

async function makeRepository(
  release: DemoRelease,
  out: string,
  pool: string,
  publicKey: string,
  sources: string,
): Promise<{ dir: string; treefile: string; packageCount: number }> {
  const dir = path.join(out, `release-${release.number}`);
  mkdirSync(path.join(dir, 'packages'), { recursive: true });
  for (const p of release.packages) {
    const name = `${demoFileName(p)}.rpm`;
    linkSync(path.join(pool, name), path.join(dir, 'packages', name));
  }
  const revision = String(Date.parse(`${release.date}T12:00:00Z`) / 1000);
  await run('createrepo_c', [
    '--quiet',
    '--no-database',
    '--general-compress-type=gz',
    '--revision',
    revision,
    '--set-timestamp-to-revision',
    dir,
  ]);
  const info = path.join(dir, 'updateinfo.xml');
  writeFileSync(info, updateinfo(release.advisories));
  await run('modifyrepo_c', ['--mdtype=updateinfo', '--compress-type=gz', info, path.join(dir, 'repodata')]);
  rmSync(info);
  for (const name of ['meadow.yaml', 'meadow.repo']) {
    const text = readFileSync(path.join(sources, name), 'utf8').replaceAll('@REPODIR@', dir).replaceAll('@KEYFILE@', publicKey);
    writeFileSync(path.join(dir, name), text);
  }
  return { dir, treefile: path.join(dir, 'meadow.yaml'), packageCount: release.packages.length };
}

/** What `demo packages OUTDIR` prints and does. */
export async function packagesCommand(root: string, out: string): Promise<number> {
  const sources = path.join(root, 'assets/demo');
  const started = Date.now();
  const outcome = await buildPackages({ sources, out, step: (text) => process.stdout.write(`${text}\n`) });
  for (const { dir, packageCount, built } of outcome.releases)
    process.stdout.write(`${dir}: ${packageCount} packages, ${built} of them new\n`);
  process.stdout.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return existsSync(outcome.publicKey) ? 0 : 1;
}
