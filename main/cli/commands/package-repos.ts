// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import type { FoundPackage, OfferedKeys, PackageRepo, RemoteKey } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { dateText } from '../output/status.ts';
import { gather, withOptionFlags } from '../session/option-flags.ts';
import { action, type Session } from '../session/session.ts';
import { keyText } from './key-text.ts';

/** What package repositories have, and which of them count. */
export function registerPackageRepos(program: Command): void {
  withOptionFlags(program.command('refresh-md'))
    .alias('makecache')
    .description('Fetch what package repositories have')
    .action(action(refresh));
  program.command('search <query...>').description('Search for packages by name and summary').action(action(search));
  const repos = program.command('package-repo').description('Show and change the package repositories of the system');
  repos.command('list').description('List them').option('--json', 'as JSON').action(action(list));
  for (const enabled of [true, false])
    repos
      .command(`${enabled ? 'enable' : 'disable'} <id>`)
      .description(`${enabled ? 'Take' : 'Take no'} packages from one, from now on`)
      .action(action((session: Session, id: string) => modify(session, id, enabled)));
  repos
    .command('keys <id>')
    .description('Fetch the keys that a repository names, and show them; nothing is trusted by it')
    .action(action(keys));
  repos
    .command('import-key <id>')
    .description('Trust the keys that a repository names, for its packages; without --fingerprint they are only shown')
    .option('--fingerprint <fingerprint>', 'the one that the publisher gives; may be repeated', gather, [])
    .action(action(importKeys));
}

interface RefreshFlags {
  readonly force?: boolean;
  readonly skipUnavailable?: boolean;
}

async function refresh(session: Session, flags: RefreshFlags): Promise<number> {
  await session.follow(() => session.client.refreshMd({ force: flags.force, skipUnavailable: flags.skipUnavailable }));
  return 0;
}

/** As rpm-ostree names what its service calls match_group_a, b and c. */
const groups: Readonly<Record<string, string>> = { match_group_a: 'Summary & Name', match_group_b: 'Name', match_group_c: 'Summary' };

async function search(session: Session, words: readonly string[]): Promise<number> {
  const found = await searchFetched(session, words);
  let last: string | undefined;
  for (const { key = '', name, summary } of found) {
    if (key !== last) for (const line of ['', `===== ${groups[key] ?? key} Matched =====`]) session.print(line);
    last = key;
    session.print(`${name} : ${summary}`);
  }
  if (found.length === 0) session.print('No matches found.');
  return 0;
}

/** Where nothing was fetched so far, it is fetched first, as rpm-ostree does. */
async function searchFetched(session: Session, words: readonly string[]): Promise<readonly FoundPackage[]> {
  try {
    return await session.client.searchPackages(words);
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code !== 'rpmmd.not-fetched') throw error;
  }
  await session.follow(() => session.client.refreshMd({}));
  return session.client.searchPackages(words);
}

async function list(session: Session, flags: { json?: boolean }): Promise<number> {
  const { repos, problems } = await session.client.packageRepos();
  if (flags.json) session.printJson({ repos, problems });
  else {
    for (const repo of repos) for (const line of repoLines(repo)) session.print(line);
    for (const { subject = '', file = subject, line, detail = '' } of problems)
      session.print(`Unreadable: ${file}${line === undefined ? '' : `:${line}`}: ${detail}`);
    if (repos.length + problems.length === 0) session.print('There are none in /etc/yum.repos.d.');
  }
  return problems.length > 0 ? 1 : 0;
}

function repoLines(repo: PackageRepo): string[] {
  const signatures =
    repo.gpgcheck === undefined
      ? 'unknown'
      : repo.gpgcheck
        ? 'demanded'
        : 'not demanded: whoever can change what is sent decides what is installed';
  return [
    `${repo.enabled ? '*' : ' '} ${repo.id}  ${repo.name}`,
    ...repo.addresses.map((address) => `    Address: ${address}`),
    `    Signatures: ${signatures}`,
    ...repo.keys.map((key) => `    Key: ${keyText(key)}  ${key.from}`),
    ...repo.absentKeys.map((name) => `    Key not trusted yet: ${name}`),
    `    File: ${repo.file}:${repo.line}`,
    `    Fetched: ${repo.refreshedAt === undefined ? 'never' : dateText(repo.refreshedAt)}`,
    ...(repo.problem ? [`    Unusable: ${repo.problem.key ?? ''} ${repo.problem.detail ?? repo.problem.code}`] : []),
  ];
}

async function modify(session: Session, id: string, enabled: boolean): Promise<number> {
  const job = await session.follow(() => session.client.modifyPackageRepo(id, { enabled }));
  if (job.changed === false) session.print(`${id} is ${enabled ? 'enabled' : 'disabled'} already.`);
  return 0;
}

async function offered(session: Session, id: string): Promise<readonly OfferedKeys[]> {
  const found = await session.client.offeredKeys(id);
  for (const { from, keys } of found) for (const key of keys) session.print(`${keyText(key)}  from ${from}`);
  if (found.length === 0) session.print(`${id} names no key by an address.`);
  return found;
}

async function keys(session: Session, id: string): Promise<number> {
  await offered(session, id);
  return 0;
}

const plain = (fingerprint: string): string => fingerprint.replace(/[\s:]/g, '').toUpperCase();

async function importKeys(session: Session, id: string, flags: { fingerprint: readonly string[] }): Promise<number> {
  const found = await offered(session, id);
  const wanted = new Set(flags.fingerprint.map(plain));
  if (wanted.size === 0) {
    session.print('Nothing is trusted yet. Compare with what the publisher gives, and name it with --fingerprint.');
    return 1;
  }
  const told = new Set(found.flatMap((each) => each.keys.map((key) => plain(key.fingerprint))));
  const strange = [...wanted].find((fingerprint) => !told.has(fingerprint));
  if (strange !== undefined) throw new TreelineError('remote.other-key', { subject: strange, detail: [...told].join(', ') || 'none' });
  // a file is trusted as a whole
  for (const { key, keys: held } of found.filter((each) => each.keys.every((one) => wanted.has(plain(one.fingerprint))))) {
    const trusted: readonly RemoteKey[] = await session.client.importPackageKey(
      id,
      key,
      held.map((one) => one.fingerprint),
    );
    for (const one of trusted) session.print(`Trusted for ${id}: ${one.fingerprint}`);
  }
  return 0;
}
