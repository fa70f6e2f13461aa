// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AptRoot, type DebFile } from './apt-root.ts';
import { run } from './commands.ts';
import { convertAll } from './convert.ts';
import { buildAgent, buildCommonPackages, checkout } from './own-packages.ts';
import { versions, type OsVersion } from './seed.ts';

export type Repositories = Readonly<Record<OsVersion, string>>;

const cache = path.join(checkout, '.cache/boot');
const code = path.join(checkout, 'test/boot/packages');

/**
 * Package repositories of the three versions of the test system, in the checkout's cache: Debian's packages as RPMs beside our own. What is there
 * already is not made again.
 */
export async function makeRepositories(say: (text: string) => void): Promise<Repositories> {
  const apt = new AptRoot(path.join(cache, 'apt'));
  writeFileSync(path.join(cache, '.gitignore'), '*\n');
  say('looking up and downloading the packages');
  await apt.update();
  const lists = new Map<OsVersion, DebFile[]>();
  for (const version of versions) lists.set(version, await apt.packagesOf(version));
  const debs = new Map([...lists.values()].flat().map((deb) => [deb.path, deb]));
  const rpms = await convertAll([...debs.values()], convertedDirectory(), say);
  const common = await commonPackages(apt);
  const made: [OsVersion, string][] = [];
  for (const [version, list] of lists) {
    const files = list.map((deb) => rpms.get(deb.path) ?? '');
    made.push([version, await makeRepository(version, [...files, ...rpmsIn(common)])]);
  }
  return Object.fromEntries(made) as Repositories;
}

/** Named after the code that converts: other code makes other packages. */
function convertedDirectory(): string {
  const names = ['changelog', 'control', 'convert', 'file-list', 'maintainer-work', 'owners', 'rpmbuild', 'spec', 'usr-merge'];
  const directory = path.join(cache, `converted-${digestOf(names.map((name) => path.join(code, `${name}.ts`)))}`);
  removeOthers('converted-', directory);
  return directory;
}

async function commonPackages(apt: AptRoot): Promise<string> {
  const sources = ['main', 'shared', 'assets/system', 'test/boot/guest', 'package-lock.json', 'electron-builder.yml'];
  const key = digestOf([...sources.flatMap((name) => filesIn(path.join(checkout, name))), process.execPath]);
  return once(`common-`, key, (directory) => buildCommonPackages(directory, apt));
}

async function makeRepository(version: OsVersion, rpms: readonly string[]): Promise<string> {
  const key = digestOf(filesIn(path.join(checkout, 'test/boot/guest')), rpms.join('\n'));
  return once(`repository-${version}-`, key, async (directory) => {
    for (const file of rpms) linkSync(file, path.join(directory, path.basename(file)));
    await buildAgent(version, directory);
    await run('createrepo_c', ['--quiet', '--workers', '2', directory]);
  });
}

/** A directory of the cache which appears when it is complete, and replaces the one of an older key. */
async function once(prefix: string, key: string, make: (directory: string) => Promise<void>): Promise<string> {
  const directory = path.join(cache, `${prefix}${key}`);
  if (existsSync(directory)) return directory;
  removeOthers(prefix, directory);
  const unfinished = `${directory}.new`;
  mkdirSync(unfinished, { recursive: true });
  await make(unfinished);
  renameSync(unfinished, directory);
  return directory;
}

/** By size and time for what is large and never changes in place (Node's binary), by content for the rest. */
function digestOf(files: readonly string[], more = ''): string {
  const hash = createHash('sha256').update(more);
  for (const file of files) {
    const stats = statSync(file);
    hash.update(stats.size > 8 << 20 ? `${file} ${stats.size} ${stats.mtimeMs}` : readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

function filesIn(target: string): string[] {
  if (!statSync(target).isDirectory()) return [target];
  return readdirSync(target)
    .sort()
    .flatMap((name) => filesIn(path.join(target, name)));
}

const rpmsIn = (directory: string): string[] => filesIn(directory).filter((file) => file.endsWith('.rpm'));

function removeOthers(prefix: string, kept: string): void {
  for (const name of readdirSync(cache))
    if (name.startsWith(prefix) && path.join(cache, name) !== kept) rmSync(path.join(cache, name), { recursive: true });
}
