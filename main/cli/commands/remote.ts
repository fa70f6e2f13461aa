// SPDX-License-Identifier: LGPL-2.1-or-later
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { comparedDeployment, type Remote } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { readRegularFile } from '../../files/index.ts';
import { withOptionFlags } from '../session/option-flags.ts';
import { action, type Session } from '../session/session.ts';
import { dateText } from '../output/status.ts';
import { wholeSystem } from '../session/whole-system.ts';
import { keyText } from './key-text.ts';

interface ChangeFlags {
  readonly url?: string;
  /** Undefined: leave it. */
  readonly gpgVerify?: boolean;
}

export function registerRemote(program: Command): void {
  const remote = program.command('remote').description('Show and change where updates come from');
  wholeSystem(remote.command('list'))
    .description('List the remotes, their keys and who uses them')
    .option('--json', 'as JSON')
    .action(action(list));
  wholeSystem(remote.command('add <name> <url>'))
    .description('Add a remote')
    .option('--no-gpg-verify', 'take commits without a GPG signature from it')
    .action(action(add));
  withOptionFlags(wholeSystem(remote.command('edit <name>')))
    .description('Change a remote where it is configured')
    .option('--gpg-verify', 'demand GPG signatures')
    .option('--no-gpg-verify', 'take commits without a GPG signature')
    .action(action(edit));
  withOptionFlags(wholeSystem(remote.command('remove <name>')))
    .description('Remove a remote and its keys')
    .action(action(remove));
  wholeSystem(remote.command('import-key <name> <file>'))
    .description('Trust the keys of a file (- = standard input) for a remote; without --yes they are only shown')
    .option('-y, --yes', 'the fingerprints are those that the publisher gives')
    .action(action(importKey));
  remote
    .command('refs [name]')
    .description('List the branches of a remote (default: the one of this system)')
    .option('--json', 'as JSON')
    .action(action(refs));
  remote
    .command('versions [refspec]')
    .description('List the past of a branch (default: the one of this system)')
    .option('-n, --limit <count>', 'at most so many', Number, 20)
    .option('--json', 'as JSON')
    .action(action(versions));
}

const json = (session: Session, value: unknown): void => session.printJson(value);

async function list(session: Session, flags: { json?: boolean }): Promise<undefined> {
  const remotes = await session.client.remotes();
  if (flags.json) json(session, remotes);
  else for (const remote of remotes) for (const line of remoteLines(remote)) session.print(line);
  return undefined;
}

function remoteLines(remote: Remote): string[] {
  const demands = [remote.gpgVerify && 'GPG', remote.signVerify && 'ed25519'].filter(Boolean).join(' and ');
  return [
    `${remote.name}  ${remote.url}`,
    `  Signatures: ${demands || 'not demanded'}`,
    ...remote.keys.map((key) => `  Key: ${keyText(key)}`),
    ...(remote.usedBy.length > 0 ? [`  Used by: ${remote.usedBy.join(', ')}`] : []),
    ...(remote.file ? [`  File: ${remote.file}`] : []),
  ];
}

async function add(session: Session, name: string, url: string, flags: ChangeFlags): Promise<undefined> {
  const remote = await session.client.addRemote(name, url, { gpgVerify: flags.gpgVerify ?? true });
  for (const line of remoteLines(remote)) session.print(line);
  return undefined;
}

async function edit(session: Session, name: string, flags: ChangeFlags): Promise<undefined> {
  if (flags.url === undefined && flags.gpgVerify === undefined)
    throw new TreelineError('usage.invalid', { detail: 'nothing to change was given' });
  const change = {
    ...(flags.url === undefined ? {} : { url: flags.url }),
    ...(flags.gpgVerify === undefined ? {} : { gpgVerify: flags.gpgVerify }),
  };
  for (const line of remoteLines(await session.client.editRemote(name, change))) session.print(line);
  return undefined;
}

async function remove(session: Session, name: string, flags: { force?: boolean }): Promise<undefined> {
  await session.client.removeRemote(name, { force: flags.force ?? false });
  return undefined;
}

async function importKey(session: Session, name: string, file: string, flags: { yes?: boolean }): Promise<number> {
  const key = (file === '-' ? Buffer.from(await text(process.stdin), 'latin1') : readKey(file)).toString('base64');
  const keys = flags.yes ? await session.client.importKey(name, key) : await session.client.inspectKey(key);
  for (const found of keys) session.print(keyText(found));
  if (!flags.yes)
    session.print(`Nothing is trusted yet. If the publisher gives the same fingerprint: treeline remote import-key --yes ${name} ${file}`);
  return flags.yes ? 0 : 1;
}

function readKey(file: string): Buffer {
  try {
    return readRegularFile(file);
  } catch (error) {
    throw new TreelineError('key.unreadable', { subject: file, detail: TreelineError.report(error).detail ?? '' }, { cause: error });
  }
}

async function refs(session: Session, name: string | undefined, flags: { json?: boolean }): Promise<undefined> {
  const found = await session.client.remoteRefs(name ?? (await ownOrigin(session)).remote);
  if (flags.json) json(session, found);
  else
    for (const ref of found)
      session.print(`${ref.current ? '*' : ' '} ${ref.ref}  ${ref.version}  ${ref.timestamp > 0 ? dateText(ref.timestamp) : ''}`.trimEnd());
  return undefined;
}

async function versions(session: Session, refspec: string | undefined, flags: { limit: number; json?: boolean }): Promise<undefined> {
  if (!Number.isInteger(flags.limit) || flags.limit < 1)
    throw new TreelineError('usage.invalid', { detail: '--limit takes a number above 0' });
  const found = await session.client.remoteVersions(refspec ?? (await ownOrigin(session)).refspec, flags.limit);
  if (flags.json) json(session, found);
  else for (const v of found) session.print(`${v.deployed ? '*' : ' '} ${v.version}  ${dateText(v.timestamp)}  ${v.checksum}`);
  return undefined;
}

async function ownOrigin(session: Session): Promise<{ remote: string; refspec: string }> {
  const { deployments, osname } = await session.client.snapshot();
  const origin = comparedDeployment(deployments, osname)?.origin;
  if (!origin || origin.remote === '') throw new TreelineError('usage.invalid', { detail: 'this system follows no remote; name one' });
  return origin;
}
