import { Command, Option } from 'commander';
import { fileURLToPath } from 'node:url';
import { runJob, type JobName, type JobParams, type JobResult, type RepoParams } from '../engine/jobs/index.ts';
import { diffFormats, diffText, listText, versionText, type DiffFormat } from './db-format.ts';

interface Where {
  readonly repo?: string;
  readonly sysroot?: string;
}

/** dist/worker/worker.mjs, beside dist/cli. */
const worker = fileURLToPath(new URL('../worker/worker.mjs', import.meta.url));

async function ask<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
  const running = runJob(job, params, { worker });
  const stop = (): void => void running.cancel();
  process.once('SIGINT', stop);
  try {
    return await running.done;
  } finally {
    process.off('SIGINT', stop);
  }
}

const place = ({ repo, sysroot }: Where): RepoParams => (repo ? { repo } : { sysroot: sysroot ?? '/' });
const repoOption = (): Option => new Option('-r, --repo <path>', 'OSTree repository to read (default: the one of the system)');
const sysrootOption = (): Option => new Option('--sysroot <path>', 'system to read').default('/');

/** `treeline db list|diff|version`: reads commits in a worker of its own, no service is asked. Rejects with a TreelineError. */
export function dbCommand(print: (text: string) => void = (text) => void process.stdout.write(text)): Command {
  const db = new Command('db').description('Show and compare the packages of commits');

  db.command('list')
    .description('List the packages of commits')
    .argument('<rev...>', 'checksum, [REMOTE:]REF or deployment; further arguments with * or ? are package name patterns')
    .addOption(repoOption())
    .option('-a, --advisories', 'list advisories, too')
    .addOption(sysrootOption())
    .action(async (args: string[], options: Where & { advisories?: boolean }) => {
      const { revisions, patterns } = splitArguments(args);
      print(listText(await ask('db.list', { ...place(options), revisions, patterns, advisories: options.advisories ?? false })));
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
        options: Where & { format: DiffFormat; changelogs?: boolean; advisories?: boolean; base?: boolean },
      ) => {
        const outcome = await ask('db.diff', {
          ...place(options),
          from: from ?? '',
          to: to ?? '',
          changelogs: options.changelogs ?? false,
          advisories: options.advisories ?? false,
          base: options.base ?? false,
        });
        print(diffText(outcome, options.format, outcome.fromName, outcome.toName));
      },
    );

  db.command('version')
    .description('Show a checksum of the package set of commits')
    .argument('<rev...>')
    .addOption(repoOption())
    .addOption(sysrootOption())
    .action(async (revisions: string[], options: Where) => print(versionText(await ask('db.version', { ...place(options), revisions }))));
  return db;
}

/** rpm-ostree takes `REV... [PATTERN...]`: the first argument is a revision, and those that look like a pattern are none. */
function splitArguments(args: readonly string[]): { revisions: string[]; patterns: string[] } {
  const isPattern = (arg: string, i: number): boolean => i > 0 && /[*?[]/.test(arg);
  return { revisions: args.filter((a, i) => !isPattern(a, i)), patterns: args.filter(isPattern) };
}
