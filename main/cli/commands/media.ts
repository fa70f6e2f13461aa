// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Medium } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { runJob } from '../../engine/jobs/index.ts';
import { action, type Session } from '../session/session.ts';
import { dateText } from '../output/status.ts';
import { workerPath } from '../session/worker-path.ts';
import { wholeSystem } from '../session/whole-system.ts';

interface CreateFlags {
  readonly repo?: string;
  readonly delta?: boolean;
  readonly from?: string;
  readonly json?: boolean;
  readonly sysroot?: string;
}

export function registerMedia(program: Command): void {
  const media = program.command('media').description('Updates on sticks and in directories, for machines without a network');
  wholeSystem(media.command('create <directory> [ref...]'))
    .description('Write branches with their signatures: as a repository, or with --delta as one file (default: the branch of this system)')
    .addOption(new Option('-r, --repo <path>', 'OSTree repository to take them from (default: the one of the system)'))
    .option('--delta', 'one static delta file instead of a repository')
    .option('--from <revision>', 'with --delta: only what is new against this revision')
    .option('--json', 'as JSON')
    .action(action(create));
  media.command('list').description('List the updates on what is mounted').option('--json', 'as JSON').action(action(list));
}

/** Reading a repository and writing a directory needs no service: it is done with the caller's own rights. */
async function create(session: Session, target: string, refs: string[], flags: CreateFlags, command: Command): Promise<undefined> {
  if (flags.from !== undefined && !flags.delta) throw new TreelineError('usage.invalid', { detail: '--from needs --delta' });
  const { sysroot } = command.optsWithGlobals<{ sysroot?: string }>();
  const repo = resolve(flags.repo ?? `${sysroot ?? ''}/ostree/repo`);
  const params = {
    repo,
    target: resolve(target),
    refs: refs.length > 0 ? refs : await followedBranch(repo),
    kind: flags.delta ? ('delta' as const) : ('repo' as const),
    ...(flags.from === undefined ? {} : { from: flags.from }),
  };
  const running = runJob('media.create', params, { worker: workerPath });
  const stop = (): void => void running.cancel();
  process.once('SIGINT', stop);
  try {
    show(session, [await running.done], flags.json ?? false);
  } finally {
    process.off('SIGINT', stop);
  }
  return undefined;
}

/** A system's repository: the branch that the system follows. None for another one: the job takes the branches that are its own. */
async function followedBranch(repo: string): Promise<string[]> {
  const sysroot = dirname(dirname(repo));
  if (!repo.endsWith('/ostree/repo') || !existsSync(join(sysroot, 'ostree/deploy'))) return [];
  // asked for here: the job that writes the medium finds no running system (engine/jobs/walls)
  const { deployments } = await runJob('sysroot.load', { sysroot }, { worker: workerPath }).done;
  const there = deployments.filter((deployment) => !deployment.staged);
  const refspec = (there.find((deployment) => deployment.booted) ?? there[0])?.origin.refspec ?? '';
  return refspec === '' ? [] : [refspec];
}

async function list(session: Session, flags: { json?: boolean }): Promise<undefined> {
  const found = await session.client.media();
  show(session, found, flags.json ?? false);
  if (found.length === 0 && !flags.json) session.print('No updates found on what is mounted.');
  return undefined;
}

function show(session: Session, media: readonly Medium[], asJson: boolean): void {
  if (asJson) {
    session.printJson(media);
    return;
  }
  for (const medium of media) {
    session.print(`${medium.path}${medium.updates ? '  (update)' : ''}`);
    for (const { ref, version, timestamp, checksum } of medium.refs)
      session.print(`  ${[ref, version, dateText(timestamp), checksum].filter((t) => t !== '').join('  ')}`);
  }
}
