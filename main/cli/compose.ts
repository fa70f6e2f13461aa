import { Command } from 'commander';
import type { JobState } from '../../shared/domain/index.ts';
import { errorLine, TreelineError } from '../../shared/errors/index.ts';
import { runJob, type ComposeOutcome, type ComposeParams } from '../engine/jobs/index.ts';
import { ProgressPrinter } from './progress.ts';
import { workerPath } from './worker-path.ts';

const exitUnchanged = 77;
const repeated = (value: string, list: string[]): string[] => [...list, value];

interface TreeOptions {
  readonly repo: string;
  readonly cachedir?: string;
  readonly workdir?: string;
  readonly dryRun?: boolean;
  readonly printOnly?: boolean;
  readonly forceNocache?: boolean;
  readonly cacheOnly?: boolean;
  readonly touchIfChanged?: string;
  readonly writeCommitidTo?: string;
  readonly writeComposejsonTo?: string;
  readonly addMetadataString: readonly string[];
  readonly addMetadataFromJson: readonly string[];
  readonly parent?: string | false;
  readonly gpgSign?: string;
  readonly gpgHomedir?: string;
  readonly signEd25519?: string;
  readonly generateSizes?: boolean;
  readonly unchangedExit77?: boolean;
}

/** `treeline compose tree`: runs a worker directly, no service is asked. */
export function composeCommand(): Command {
  const compose = new Command('compose').description('Compose trees from packages');
  compose
    .command('tree')
    .description('Install packages as a treefile says and commit the result to an OSTree repository')
    .argument('<treefile>')
    .requiredOption('-r, --repo <path>', 'OSTree repository to commit to')
    .option('--cachedir <path>', 'keep packages and metadata here')
    .option('--workdir <path>', 'assemble here (same file system as the cache, for hard links)')
    .option('--unified-core', 'accepted for compatibility: always on')
    .option('-n, --dry-run', 'only print which packages would be installed')
    .option('--print-only', 'only print the treefile with its includes')
    .option('--force-nocache', 'import everything anew and commit even if nothing changed')
    .option('--cache-only', 'use only what is in the cache')
    .option('--touch-if-changed <file>', 'touch this file when a commit was made')
    .option('--write-commitid-to <file>', 'write the checksum here')
    .option('--write-composejson-to <file>', 'write facts about the commit here')
    .option('--add-metadata-string <key=value>', 'add to the commit metadata', repeated, [])
    .option('--add-metadata-from-json <file>', 'add to the commit metadata', repeated, [])
    .option('--generate-sizes', 'list the size of every object in the commit (ostree.sizes)')
    .option('--parent <revision>', 'parent commit (default: what the ref points at)')
    .option('--no-parent', 'commit without a parent')
    .option('--gpg-sign <key>', 'sign with this GPG key')
    .option('--gpg-homedir <path>', 'where GPG finds it')
    .option('--sign-ed25519 <file>', 'sign with the base64 ed25519 secret key in this file')
    .option('--unchanged-exit-77', 'exit with 77 when nothing changed')
    .action(async (treefile: string, options: TreeOptions, command: Command) => {
      const quiet = (command.optsWithGlobals() as { quiet?: boolean }).quiet ?? false;
      process.exitCode = await composeTree(paramsOf(treefile, options), quiet, options.unchangedExit77 ?? false);
    });
  return compose;
}

export function registerCompose(program: Command): void {
  program.addCommand(composeCommand());
}

function paramsOf(treefile: string, options: TreeOptions): ComposeParams {
  // what isn't a parameter of the job stays here
  const { unchangedExit77: _, gpgSign, gpgHomedir, signEd25519, parent, ...plain } = options;
  return {
    ...plain,
    treefile,
    ...(typeof parent === 'string' ? { parent } : {}),
    ...(parent === false ? { noParent: true } : {}),
    ...(gpgSign === undefined ? {} : { gpgSign: { keyId: gpgSign, ...(gpgHomedir === undefined ? {} : { homedir: gpgHomedir }) } }),
    ...(signEd25519 === undefined ? {} : { ed25519KeyFile: signEd25519 }),
  };
}

/** Run the job with its progress on stdout; returns the exit code. */
async function composeTree(params: ComposeParams, quiet: boolean, unchangedExit77: boolean): Promise<number> {
  const printer = new ProgressPrinter(process.stdout, quiet);
  let state: JobState = {
    id: '',
    title: 'compose tree',
    method: 'compose.tree',
    owner: '',
    startedAt: 0,
    phase: 'running',
    messages: [],
    changed: false,
  };
  const running = runJob('compose.tree', params, {
    worker: workerPath,
    onEvent: (event) => {
      if (event.type === 'progress') state = { ...state, progress: event.progress };
      else if (event.type === 'message') state = { ...state, messages: [...state.messages.slice(-199), event.text] };
      else return;
      printer.show(state);
    },
  });
  let interrupts = 0;
  const stop = (): void => {
    if (interrupts++ > 0) process.exit(130);
    running.cancel();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const outcome = await running.done;
    printer.clear();
    process.stdout.write(outcomeText(outcome, quiet));
    return !outcome.changed && unchangedExit77 && outcome.text === undefined ? exitUnchanged : 0;
  } catch (error) {
    printer.clear();
    process.stderr.write(`error: ${errorLine(TreelineError.report(error))}\n`);
    return 1;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function outcomeText(outcome: ComposeOutcome, quiet: boolean): string {
  if (outcome.text !== undefined) return `${outcome.text}\n`;
  if (!outcome.changed) return `No change: ${outcome.ref} stays at ${outcome.checksum}${outcome.version ? ` (${outcome.version})` : ''}\n`;
  if (quiet) return `${outcome.ref} => ${outcome.checksum}\n`;
  const seconds = Object.values(outcome.seconds).reduce((sum, s) => sum + s, 0);
  return [
    `Packages: ${outcome.packageCount} (${outcome.imported} imported, ${outcome.cached} from the cache), ${seconds.toFixed(1)} s`,
    ...(outcome.version ? [`Version: ${outcome.version}`] : []),
    `${outcome.ref} => ${outcome.checksum}`,
    '',
  ].join('\n');
}
