// SPDX-License-Identifier: LGPL-2.1-or-later
import { Command } from 'commander';
import { TreelineError } from '../../shared/errors/index.ts';
import type { ComposeOutcome, ComposeParams } from '../engine/jobs/index.ts';
import {
  addCommitOptions,
  addInstallOptions,
  commitParams,
  committedText,
  installParams,
  type CommitFlags,
  type InstallFlags,
} from './compose-options.ts';
import { addAlongsideCommand, addDiskCommand } from './disk.ts';
import { addChunkedCommand } from './compose-chunked.ts';
import { addImageCommands } from './compose-image.ts';
import { addStepCommands } from './compose-steps.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { standardOutput } from './output/terminal.ts';

const exitUnchanged = 77;

interface TreeOptions extends InstallFlags, CommitFlags {
  readonly repo?: string;
  readonly unchangedExit77?: boolean;
}

/** `treeline compose tree`: runs a worker directly, no service is asked. */
export function composeCommand(): Command {
  const compose = new Command('compose').description('Compose trees from packages');
  addCommitOptions(addInstallOptions(compose.command('tree')))
    .description('Install packages as a treefile says and commit the result to an OSTree repository')
    .argument('<treefile>')
    .option('-r, --repo <path>', 'OSTree repository to commit to (not needed for --print-only)')
    .option('--unchanged-exit-77', 'exit with 77 when nothing changed')
    .action(async (treefile: string, options: TreeOptions, command: Command) => {
      const quiet = command.optsWithGlobals<{ quiet?: boolean }>().quiet ?? false;
      await reportErrors(async () => composeTree(paramsOf(treefile, options), quiet, options.unchangedExit77 ?? false));
    });
  addStepCommands(compose);
  addImageCommands(compose);
  addChunkedCommand(compose);
  addDiskCommand(compose);
  addAlongsideCommand(compose);
  return compose;
}

export function registerCompose(program: Command): void {
  program.addCommand(composeCommand());
}

function paramsOf(treefile: string, options: TreeOptions): ComposeParams {
  const { repo = '', printOnly } = options;
  if (repo === '' && !printOnly)
    throw new TreelineError('usage.invalid', { subject: '--repo', detail: '--repo is missing: where to commit to' });
  return { treefile, repo, ...installParams(options), ...commitParams(options) };
}

/** Run the job with its progress on stdout; returns the exit code. */
async function composeTree(params: ComposeParams, quiet: boolean, unchangedExit77: boolean): Promise<number> {
  const outcome = await followJob('compose.tree', params, { quiet });
  if (outcome.text !== undefined) standardOutput.printText(outcome.text);
  else standardOutput.print(...outcomeLines(outcome, quiet));
  return !outcome.changed && unchangedExit77 && outcome.text === undefined ? exitUnchanged : 0;
}

function outcomeLines(outcome: ComposeOutcome, quiet: boolean): string[] {
  if (!outcome.changed)
    return [`No change: ${outcome.ref || 'it'} stays at ${outcome.checksum}${outcome.version ? ` (${outcome.version})` : ''}`];
  if (quiet) return [committedText(outcome)];
  const seconds = Object.values(outcome.seconds).reduce((sum, s) => sum + s, 0);
  return [
    `Packages: ${outcome.packageCount} (${outcome.imported} imported, ${outcome.cached} from the cache), ${seconds.toFixed(1)} s`,
    ...(outcome.version ? [`Version: ${outcome.version}`] : []),
    committedText(outcome),
  ];
}
