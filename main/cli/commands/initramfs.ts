// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { newestDeployment, type JobState, type Layering } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { gather, withOptionFlags } from '../session/option-flags.ts';
import { action, exitUnchanged, type Session } from '../session/session.ts';

interface EtcFlags {
  readonly track: readonly string[];
  readonly untrack: readonly string[];
  readonly untrackAll?: boolean;
  readonly forceSync?: boolean;
  readonly reboot?: boolean;
  readonly lockFinalization?: boolean;
  readonly unchangedExit77?: boolean;
}

interface InitramfsFlags {
  readonly enable?: boolean;
  readonly disable?: boolean;
  readonly arg: readonly string[];
  readonly reboot?: boolean;
  readonly lockFinalization?: boolean;
}

export function registerInitramfs(program: Command): void {
  withOptionFlags(program.command('initramfs'))
    .description('Make the initramfs on this machine, or show whether it is')
    .option('--enable', 'make it with dracut, with this machine’s configuration')
    .option('--arg <argument>', 'hand this to dracut as well', gather, [])
    .option('--disable', 'use the one that comes with the system')
    .action(action(initramfs));
}

async function initramfs(
  session: Session,
  { enable = false, disable = false, arg, reboot, lockFinalization }: InitramfsFlags,
): Promise<number> {
  if (enable && disable) throw new TreelineError('usage.invalid', { detail: '--enable goes without --disable' });
  if (arg.length > 0 && !enable) throw new TreelineError('usage.invalid', { detail: '--arg goes with --enable' });
  if (!enable && !disable) {
    if (reboot) throw new TreelineError('usage.invalid', { detail: '--reboot goes with a change' });
    const { regenerateInitramfs, initramfsArgs } = await layeringOf(session);
    session.print(`Initramfs regeneration: ${regenerateInitramfs ? 'enabled' : 'disabled'}`);
    if (regenerateInitramfs && initramfsArgs.length > 0) session.print(`Initramfs args: ${initramfsArgs.join(' ')}`);
    return 0;
  }
  const job = await session.follow(() => session.client.setInitramfs({ regenerate: enable, args: arg, reboot, lockFinalization }));
  return report(session, job, { reboot });
}

/** Also below `ex`, where rpm-ostree had it first. */
export function registerInitramfsEtc(parent: Command): void {
  withOptionFlags(parent.command('initramfs-etc'))
    .description('Put files of /etc into the initramfs, or list those that are')
    .option('--track <file>', 'put this file or directory into it', gather, [])
    .option('--untrack <file>', 'leave it out again', gather, [])
    .option('--untrack-all', 'leave all out again')
    .option('--force-sync', 'take the files as they are now, although none was added')
    .option('--unchanged-exit-77', 'exit with 77 when nothing changed')
    .action(action(initramfsEtc));
}

async function initramfsEtc(session: Session, flags: EtcFlags): Promise<number> {
  const { track, untrack, untrackAll = false, forceSync = false, reboot, lockFinalization } = flags;
  if (track.length + untrack.length === 0 && !untrackAll && !forceSync) {
    if (reboot) throw new TreelineError('usage.invalid', { detail: '--reboot goes with a change' });
    const { initramfsEtc: files } = await layeringOf(session);
    session.print(files.length > 0 ? 'Tracked files:' : 'No tracked files.');
    for (const file of files) session.print(`  ${file}`);
    return 0;
  }
  if (untrackAll && untrack.length > 0) throw new TreelineError('usage.invalid', { detail: '--untrack goes without --untrack-all' });
  const job = await session.follow(() => session.client.initramfsEtc({ track, untrack, untrackAll, forceSync, reboot, lockFinalization }));
  return report(session, job, flags);
}

/** What the newest deployment's origin asks for. */
async function layeringOf(session: Session): Promise<Layering> {
  const { deployments, osname } = await session.client.snapshot();
  const newest = newestDeployment(deployments, osname);
  if (!newest) throw new TreelineError('deployment.not-found', { subject: '0' });
  return newest.origin.layering;
}

function report(session: Session, job: JobState, { reboot, unchangedExit77 }: Pick<EtcFlags, 'reboot' | 'unchangedExit77'>): number {
  if (job.changed === false) {
    session.print('No changes.');
    return unchangedExit77 ? exitUnchanged : 0;
  }
  if (!reboot) session.print('Changes queued for next boot. Run "systemctl reboot" to start a reboot');
  return 0;
}
