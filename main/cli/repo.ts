// SPDX-License-Identifier: LGPL-2.1-or-later
import { Command } from 'commander';
import { TreelineError } from '../../shared/errors/index.ts';
import type { SigningParams } from '../engine/jobs/index.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { standardOutput } from './output/terminal.ts';
import { deltaText, mirrorText, promoteText, pruneText, summaryText, verifyText } from './repo-text.ts';
import { serve } from './serve.ts';
import { addSigningOptions, countOf, repeated, signingParams, type SigningFlags } from './signing-options.ts';

interface CommonFlags {
  readonly repo: string;
  readonly json?: boolean;
}

interface WriterFlags extends CommonFlags, SigningFlags {
  readonly unsigned?: boolean;
  readonly wait: boolean;
}

function writer(parent: Command, words: string, description: string): Command {
  return addSigningOptions(reader(parent, words, description))
    .option('--unsigned', 'replace a signed summary by one without a signature')
    .option('--no-wait', 'when another process writes to the repository, refuse at once');
}

function reader(parent: Command, words: string, description: string): Command {
  return parent
    .command(words)
    .description(description)
    .requiredOption('-r, --repo <path>', 'OSTree repository')
    .option('--json', 'as JSON');
}

const writerParams = (flags: WriterFlags): SigningParams & { repo: string; unsigned: boolean; noWait: boolean } => ({
  repo: flags.repo,
  unsigned: flags.unsigned ?? false,
  noWait: !flags.wait,
  ...signingParams(flags),
});

const quietOf = (command: Command): boolean => command.optsWithGlobals<{ quiet?: boolean }>().quiet ?? false;

function show<T>(flags: CommonFlags, value: T, text: (value: T) => readonly string[]): void {
  if (flags.json) standardOutput.printJson(value);
  else standardOutput.print(...text(value));
}

/** `treeline repo ...`: look after a repository that is published. Works on files with the caller's own rights, no service is asked. */
export function repoCommand(): Command {
  const repo = new Command('repo').description('Publish a repository: summary, static deltas, pruning, mirrors, promotion, checks');
  addWriters(repo);
  addPrune(repo);
  addMirror(repo);
  reader(repo, 'verify', 'Check content, signatures, summary and static deltas')
    .argument('[revision...]', 'branches or checksums (default: every commit)')
    .option('--key <file>', 'public key, GPG or ed25519, that commits and summary must be signed with (repeatable)', repeated, [])
    .action(async (revisions: string[], flags: CommonFlags & { key: string[] }, command: Command) =>
      reportErrors(async () => {
        const params = { repo: flags.repo, revisions, keys: flags.key };
        const report = await followJob('repo.verify', params, { quiet: quietOf(command), aside: true });
        show(flags, report, verifyText);
        return report.ok ? 0 : 1;
      }),
    );
  reader(repo, 'serve', 'Serve the repository over HTTP, read-only, until interrupted')
    .option('--address <address>', 'listen here', '127.0.0.1')
    .option('--port <number>', '0 takes a free one', '8080')
    .action(async (flags: CommonFlags & { address: string; port: string }, command: Command) =>
      reportErrors(() => serve(flags.repo, flags.address, countOf('--port', flags.port), quietOf(command))),
    );
  return repo;
}

function addWriters(repo: Command): void {
  writer(repo, 'summary', 'Write the list of branches and deltas anew').action(async (flags: WriterFlags, command: Command) =>
    reportErrors(async () => {
      show(flags, await followJob('repo.summary', writerParams(flags), { quiet: quietOf(command), aside: true }), summaryText);
      return 0;
    }),
  );
  writer(repo, 'delta', 'Write static deltas to the newest commit of branches')
    .argument('[ref...]', 'default: all branches')
    .option('-n, --from-last <count>', 'from this many commits before it', '1')
    .option('--from-empty', 'one from nothing, too, for first installations')
    .option('--drop-old', 'remove deltas that lead to no branch’s newest commit')
    .action(async (refs: string[], flags: WriterFlags & { fromLast: string; fromEmpty?: boolean; dropOld?: boolean }, command: Command) =>
      reportErrors(async () => {
        const params = {
          ...writerParams(flags),
          refs,
          count: countOf('--from-last', flags.fromLast),
          fromEmpty: flags.fromEmpty ?? false,
          dropOld: flags.dropOld ?? false,
        };
        show(flags, await followJob('repo.delta', params, { quiet: quietOf(command), aside: true }), deltaText);
        return 0;
      }),
    );
  writer(repo, 'promote', 'Give a branch the tested commit of another one')
    .argument('<from>', 'branch or checksum')
    .argument('<to>', 'branch that gets it')
    .action(async (from: string, to: string, flags: WriterFlags, command: Command) =>
      reportErrors(async () => {
        const params = { ...writerParams(flags), from, to };
        show(flags, await followJob('repo.promote', params, { quiet: quietOf(command), aside: true }), (o) => promoteText(to, o));
        return 0;
      }),
    );
}

function addPrune(repo: Command): void {
  writer(repo, 'prune', 'Remove old commits and what only they need; each branch’s newest commit stays')
    .argument('[ref...]', 'branches that --depth and --keep-younger-than count for; the others keep all (default: all branches)')
    .option('--depth <count>', 'keep this many commits before the newest (default: all, or what is young enough)')
    .option('--keep-younger-than <age>', 'keep what is newer than this, too: 30d, 12h, 2w or a date')
    .option('-n, --dry-run', 'only say what would go, and how many bytes')
    .action(async (refs: string[], flags: WriterFlags & { depth?: string; keepYoungerThan?: string; dryRun?: boolean }, command: Command) =>
      reportErrors(async () => {
        const params = {
          ...writerParams(flags),
          refs,
          dryRun: flags.dryRun ?? false,
          ...(flags.depth === undefined ? {} : { depth: countOf('--depth', flags.depth) }),
          ...(flags.keepYoungerThan === undefined ? {} : { keepYoungerThan: flags.keepYoungerThan }),
        };
        show(flags, await followJob('repo.prune', params, { quiet: quietOf(command), aside: true }), pruneText);
        return 0;
      }),
    );
}

function addMirror(repo: Command): void {
  writer(repo, 'mirror', 'Bring an archive repository up to date with another one; made where there is none')
    .argument('<url>', 'http(s):// or file:// address, or a path')
    .argument('[ref...]', 'default: all branches')
    .option('--depth <count>', 'how many commits before the newest; all for everything', '0')
    .option('--key <file>', 'public key of the publisher, GPG or ed25519 (repeatable)', repeated, [])
    .option('--no-verify', 'take what isn’t signed, too; signatures are kept, and not checked')
    .option('--delete', 'remove branches that the source no longer has')
    .action(
      async (
        url: string,
        refs: string[],
        flags: WriterFlags & { depth: string; key: string[]; verify: boolean; delete?: boolean },
        command: Command,
      ) =>
        reportErrors(async () => {
          if (flags.delete && refs.length > 0) throw new TreelineError('usage.invalid', { detail: '--delete is for whole mirrors' });
          const params = {
            ...writerParams(flags),
            url,
            refs,
            depth: flags.depth === 'all' ? -1 : countOf('--depth', flags.depth),
            keys: flags.key,
            noVerify: !flags.verify,
            deleteGone: flags.delete ?? false,
          };
          show(flags, await followJob('repo.mirror', params, { quiet: quietOf(command), aside: true }), mirrorText);
          return 0;
        }),
    );
}
