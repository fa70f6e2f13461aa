// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withSigningKey, writePublicKey } from '../../../main/demo/signing-key.ts';
import { run } from '../packages/commands.ts';
import { checkout } from '../packages/own-packages.ts';
import { makeRepositories, type Repositories } from '../packages/repository.ts';
import { versions, type OsVersion } from '../packages/seed.ts';

export const branch = 'treeline-test/x86_64/host';

/** The test system in three versions, composed by Treeline's command line and signed. */
export interface TestOs {
  /** Repository with all three commits on one branch. */
  readonly repo: string;
  /** File with the public OpenPGP key. */
  readonly publicKey: string;
  readonly commits: Readonly<Record<OsVersion, string>>;
}

const cache = path.join(checkout, '.cache/boot');
/** May be set while working on the tests: a directory of an earlier run, as it is. */
export const placeVariable = 'TREELINE_TEST_OS';
export const treeline = path.join(checkout, 'dist/cli/treeline.mjs');

/** What global-setup.ts made; it tells the tests' processes where. */
export function testOs(): TestOs {
  const directory = process.env[placeVariable];
  if (directory === undefined) throw new Error(`${placeVariable} is not set: test/boot/support/global-setup.ts sets it`);
  const commits = JSON.parse(readFileSync(path.join(directory, 'commits.json'), 'utf8')) as TestOs['commits'];
  return { repo: path.join(directory, 'repo'), publicKey: path.join(directory, 'key.asc'), commits };
}

/** Directory with the packages that a version was composed from. */
export function packagesOf(os: TestOs, version: OsVersion): string {
  const config = readFileSync(path.join(path.dirname(os.repo), `config-${version}/treeline-test.repo`), 'utf8');
  return /^baseurl=file:\/\/(.*)$/m.exec(config)?.[1] ?? '';
}

/** Version of the kernel in a commit; what Debian offers decides whether that of `3` is another one than that of `1`. */
export async function kernelOf(os: TestOs, version: OsVersion): Promise<string> {
  const listing = await run('ostree', [`--repo=${os.repo}`, 'ls', '--nul-filenames-only', os.commits[version], '/usr/lib/modules']);
  return (
    listing
      .split('\0')
      .map((name) => path.basename(name))
      .find((name) => /^\d/.test(name)) ?? ''
  );
}

/** Convert, compose, sign; what is in the checkout's cache is not made again. `say` hears how far it is. Returns the directory of it. */
export async function composeTestOs(say: (text: string) => void): Promise<string> {
  const repositories = await makeRepositories(say);
  const treefile = path.join(checkout, 'test/boot/guest/treefile.yaml');
  const key = createHash('sha256').update(readFileSync(treefile)).update(Object.values(repositories).join('\n')).digest('hex').slice(0, 12);
  const directory = path.join(cache, `os-${key}`);
  if (!existsSync(directory)) {
    for (const name of readdirSync(cache)) if (name.startsWith('os-')) rmSync(path.join(cache, name), { recursive: true });
    await composeAll(repositories, treefile, `${directory}.new`, say);
    renameSync(`${directory}.new`, directory);
  }
  return directory;
}

async function composeAll(repositories: Repositories, treefile: string, directory: string, say: (text: string) => void): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const repo = path.join(directory, 'repo');
  await run('ostree', ['init', `--repo=${repo}`, '--mode=archive']);
  const commits: [OsVersion, string][] = [];
  // gpg-agent's sockets need a short path
  const home = mkdtempSync(path.join(tmpdir(), 'treeline-boot-'));
  await withSigningKey(home, 'Treeline test system <test@localhost>', async (key) => {
    writePublicKey(path.join(directory, 'key.asc'), key);
    for (const version of versions) {
      const config = path.join(directory, `config-${version}`);
      mkdirSync(config);
      copyFileSync(treefile, path.join(config, 'treefile.yaml'));
      writeFileSync(
        path.join(config, 'treeline-test.repo'),
        `[treeline-test]\nname=Treeline test system\nbaseurl=file://${repositories[version]}\nenabled=1\ngpgcheck=0\n`,
      );
      const started = Date.now();
      const facts = path.join(config, 'compose.json');
      await run(process.execPath, [
        ...[treeline, '--quiet', 'compose', 'tree', `--repo=${repo}`, `--cachedir=${path.join(cache, 'compose')}`],
        ...[`--gpg-sign=${key.keyId}`, `--gpg-homedir=${key.homedir}`, `--add-metadata-string=version=${version}`],
        ...[`--write-composejson-to=${facts}`, path.join(config, 'treefile.yaml')],
      ]);
      commits.push([version, (JSON.parse(readFileSync(facts, 'utf8')) as { readonly 'ostree-commit': string })['ostree-commit']]);
      say(`version ${version} composed in ${Math.round((Date.now() - started) / 1000)} s`);
    }
  });
  rmSync(home, { recursive: true });
  writeFileSync(path.join(directory, 'commits.json'), JSON.stringify(Object.fromEntries(commits)));
}
