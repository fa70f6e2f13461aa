// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { formatKernelArgs, newestDeployment, parseKernelArgs, previewKernelArgs, type KargsChange } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { gather, withOptionFlags } from '../session/option-flags.ts';
import { action, exitUnchanged, type Session } from '../session/session.ts';
import { findDeployment } from './deployments.ts';

interface KargsFlags {
  readonly deployIndex?: string;
  readonly reboot?: boolean;
  readonly append: readonly string[];
  readonly replace: readonly string[];
  readonly delete: readonly string[];
  readonly appendIfMissing: readonly string[];
  readonly deleteIfPresent: readonly string[];
  readonly unchangedExit77?: boolean;
  readonly importProcCmdline?: boolean;
  readonly editor?: boolean;
  readonly preview?: boolean;
  readonly lockFinalization?: boolean;
}

export function registerKargs(program: Command): void {
  withOptionFlags(program.command('kargs'))
    .description('Show or change the kernel arguments')
    .option('--deploy-index <index>', 'of this deployment instead of the default one')
    .option('--append <key=value>', 'add an argument', gather, [])
    .option('--replace <key=value>', 'replace: KEY=VALUE, or KEY=OLD=NEW when KEY occurs more than once', gather, [])
    .option('--delete <key=value>', 'delete an argument', gather, [])
    .option('--unchanged-exit-77', 'exit with 77 when nothing changed')
    .option('--import-proc-cmdline', 'start from those of the running kernel')
    .option('--editor', 'edit them in $EDITOR')
    .option('--preview', 'only show what they would be')
    .action(action(kargs));
}

async function kargs(session: Session, flags: KargsFlags): Promise<number> {
  const { deployments, osname } = await session.client.snapshot();
  const base =
    flags.deployIndex === undefined ? newestDeployment(deployments, osname) : findDeployment(session, deployments, flags.deployIndex);
  if (!base) throw new TreelineError('deployment.not-found', { subject: flags.deployIndex ?? '0' });
  const told = base.kernelArgs?.join(' ');
  if (told === undefined) throw new TreelineError('service.said', { detail: `it didn’t tell the kernel arguments of ${base.id}` });
  const current = flags.importProcCmdline ? runningKargs() : told;
  const edits = [flags.append, flags.replace, flags.delete, flags.appendIfMissing, flags.deleteIfPresent].some((edit) => edit.length > 0);
  if (!edits && !flags.editor && !flags.importProcCmdline) {
    session.print(told);
    return 0;
  }
  if (flags.importProcCmdline && flags.deployIndex !== undefined)
    throw new TreelineError('usage.invalid', { detail: '--import-proc-cmdline goes without --deploy-index' });
  if (edits && flags.editor) throw new TreelineError('usage.invalid', { detail: '--editor goes with no other change' });
  const { reboot, lockFinalization } = flags;
  const common = { reboot, lockFinalization, deploymentId: flags.deployIndex === undefined ? undefined : base.id };
  const wanted = {
    append: flags.append,
    replace: flags.replace,
    remove: flags.delete,
    appendIfMissing: flags.appendIfMissing,
    deleteIfPresent: flags.deleteIfPresent,
  };
  const named = edits && !flags.importProcCmdline;
  const final = named ? '' : flags.editor ? edit(current) : previewKernelArgs(current, wanted).after;
  const change = named ? wanted : { existing: told, final };
  if (flags.preview) {
    const { before, after } = previewKernelArgs(told, named ? wanted : { ...noChange, finalKargs: final });
    session.print(`Before: ${before}`);
    session.print(` After: ${after}`);
    return 0;
  }
  // a stock daemon would deploy the same once more
  const same = flags.editor === true && final === told;
  const job = same ? undefined : await session.follow(() => session.client.kernelArgs({ ...common, ...change }));
  if (same || job?.changed === false) {
    session.print('No changes.');
    return flags.unchangedExit77 ? exitUnchanged : 0;
  }
  const after = await session.client.snapshot();
  const next = newestDeployment(after.deployments, after.osname);
  if (next?.kernelArgs) session.print(next.kernelArgs.join(' '));
  return 0;
}

const noChange: KargsChange = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };

/** /proc/cmdline without what the boot loader and OSTree add. */
function runningKargs(): string {
  const args = parseKernelArgs(readFileSync('/proc/cmdline', 'utf8'));
  return formatKernelArgs(args.filter(({ key }) => !['BOOT_IMAGE', 'initrd', 'ostree'].includes(key)));
}

function edit(current: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-kargs-'));
  const file = path.join(directory, 'kargs');
  try {
    writeFileSync(file, `${current}\n# One line or several; lines that start with # don’t count.\n`);
    const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
    // as git and others do: the variable may hold options, so a shell splits it; the file is an argument of its own
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    if (error || status !== 0) throw new TreelineError('usage.invalid', { detail: `${editor} ended with ${error?.message ?? status}` });
    const lines = readFileSync(file, 'utf8').split('\n');
    // blanks within quotes are part of a value
    const kept = formatKernelArgs(parseKernelArgs(lines.filter((line) => !line.startsWith('#')).join(' ')));
    // an emptied file is how one gives up in an editor; no system starts without arguments
    if (kept === '') throw new TreelineError('usage.invalid', { detail: 'no kernel arguments were left; nothing was changed' });
    return kept;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
