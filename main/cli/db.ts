// SPDX-License-Identifier: LGPL-2.1-or-later
import { Command, Option } from 'commander';
import type { JobParams, JobResult, RepoParams } from '../engine/jobs/index.ts';
import { dbJobsUrl } from './session/worker-path.ts';
import { diffFormats, diffText, listText, versionText, type DiffFormat } from './db-format.ts';
import { standardOutput } from './output/terminal.ts';

interface Where {
  readonly repo?: string;
  readonly sysroot?: string;
}

/**
 * Read in this process, without starting a worker, only with the part of it that does this: the command does nothing else, and starting a second process takes as long as comparing two
 * package lists. A signal ends it, in the middle of a library call too.
 */
async function ask<N extends 'db.list' | 'db.diff' | 'db.version'>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
  // as for workers: what GLib calls critical must not be gone on from
  process.env['G_DEBUG'] = 'fatal-criticals';
  const { dbJobs } = (await import(dbJobsUrl)) as { dbJobs: { [J in N]: (params: JobParams<J>) => JobResult<J> } };
  return dbJobs[job](params);
}

/** --sysroot may stand before the command's name, too. */
function place(command: Command): RepoParams {
  const { repo, sysroot } = command.optsWithGlobals<Where>();
  return repo ? { repo } : { sysroot: sysroot ?? '/' };
}

const repoOption = (): Option => new Option('-r, --repo <path>', 'OSTree repository to read (default: the one of the system)');
const sysrootOption = (): Option => new Option('--sysroot <path>', 'system to read (default: /)');

/** `treeline db list|diff|version`: reads commits in a worker of its own, no service is asked. Rejects with a TreelineError. */
export function dbCommand(): Command {
  const db = new Command('db').description('Show and compare the packages of commits');

  db.command('list')
    .description('List the packages of commits')
    .argument('<rev...>', 'checksum, [REMOTE:]REF or deployment, then names of packages (with * and ?) to list only those')
    .addOption(repoOption())
    .option('-a, --advisories', 'list advisories, too')
    .addOption(sysrootOption())
    .action(async (revisions: string[], options: { advisories?: boolean }, command: Command) => {
      const advisories = options.advisories ?? false;
      standardOutput.printText(listText(await ask('db.list', { ...place(command), revisions, patterns: [], advisories })));
    });

  db.command('diff')
    .description('Show what differs between the packages of two commits')
    .argument('[from]', 'default: the booted deployment')
    .argument('[to]', 'default: the pending deployment')
    .addOption(repoOption())
    .addOption(new Option('-F, --format <format>', 'output format').choices(diffFormats).default('block'))
    .option('-c, --changelogs', 'show the new changelog entries')
    .option('-a, --advisories', 'show the advisories')
    .addOption(sysrootOption())
    .option('--base', 'compare the base commits, without layered packages')
    .action(
      async (
        from: string | undefined,
        to: string | undefined,
        options: { format: DiffFormat; changelogs?: boolean; advisories?: boolean; base?: boolean },
        command: Command,
      ) => {
        const outcome = await ask('db.diff', {
          ...place(command),
          from: from ?? '',
          to: to ?? '',
          changelogs: options.changelogs ?? false,
          advisories: options.advisories ?? false,
          base: options.base ?? false,
        });
        standardOutput.printText(diffText(outcome, options.format, outcome.fromName, outcome.toName));
      },
    );

  db.command('version')
    .description('Show a checksum of the package set of commits')
    .argument('<rev...>')
    .addOption(repoOption())
    .addOption(sysrootOption())
    .action(async (revisions: string[], _: unknown, command: Command) =>
      standardOutput.printText(versionText(await ask('db.version', { ...place(command), revisions }))),
    );
  return db;
}
