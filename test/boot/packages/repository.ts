import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AptRoot, type DebFile } from './apt-root.ts';
import { run } from './commands.ts';
import { convertAll } from './convert.ts';
import { buildOwnPackages, checkout } from './own-packages.ts';
import { versions, type OsVersion } from './seed.ts';

export type Repositories = Readonly<Record<OsVersion, string>>;

const cache = path.join(checkout, '.cache/boot');

/**
 * Package repositories of the three versions of the test system, in the checkout's cache: Debian's packages as RPMs beside our own. What is there
 * already is not made again.
 */
export async function makeRepositories(say: (text: string) => void): Promise<Repositories> {
  const apt = new AptRoot(path.join(cache, 'apt'));
  say('looking up and downloading the packages');
  await apt.update();
  const lists = new Map<OsVersion, DebFile[]>();
  for (const version of versions) lists.set(version, await apt.packagesOf(version));
  const debs = new Map([...lists.values()].flat().map((deb) => [deb.path, deb]));
  const rpms = await convertAll([...debs.values()], convertedDirectory(), say);
  const made: [OsVersion, string][] = [];
  for (const [version, list] of lists) {
    const files = list.map((deb) => rpms.get(deb.path) ?? '');
    made.push([version, await makeRepository(version, files)]);
  }
  return Object.fromEntries(made) as Repositories;
}

/** Named after the code that converts: other code makes other packages. */
function convertedDirectory(): string {
  const code = path.join(checkout, 'test/boot/packages');
  const names = ['changelog', 'control', 'convert', 'file-list', 'maintainer-work', 'owners', 'rpmbuild', 'spec', 'usr-merge'];
  const directory = path.join(cache, `converted-${digestOf(names.map((name) => path.join(code, `${name}.ts`)))}`);
  removeOthers('converted-', directory);
  return directory;
}

async function makeRepository(version: OsVersion, converted: readonly string[]): Promise<string> {
  const guest = path.join(checkout, 'test/boot/guest');
  const own = [guest, path.join(checkout, 'assets/system'), ...['cli', 'helper', 'worker'].map((name) => path.join(checkout, 'dist', name))];
  const key = digestOf([...own.flatMap(filesIn), process.execPath], converted.join('\n'));
  const directory = path.join(cache, `repository-${version}-${key}`);
  if (existsSync(path.join(directory, 'repodata/repomd.xml'))) return directory;
  removeOthers(`repository-${version}-`, directory);
  const unfinished = `${directory}.new`;
  mkdirSync(unfinished, { recursive: true });
  for (const file of converted) linkSync(file, path.join(unfinished, path.basename(file)));
  await buildOwnPackages(version, unfinished);
  await run('createrepo_c', ['--quiet', '--workers', '2', unfinished]);
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

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => path.join(directory, entry.name))
    .sort();

function removeOthers(prefix: string, kept: string): void {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache))
    if (name.startsWith(prefix) && path.join(cache, name) !== kept) rmSync(path.join(cache, name), { recursive: true });
  writeFileSync(path.join(cache, '.gitignore'), '*\n');
}
