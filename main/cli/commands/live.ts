// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { TreelineError } from '../../../shared/errors/index.ts';
import { withOptionFlags } from '../session/option-flags.ts';
import { action, type Session } from '../session/session.ts';

interface LiveFlags {
  readonly target?: string;
  readonly reset?: boolean;
  readonly allowReplacement?: boolean;
  readonly dryRun?: boolean;
}

export const liveText = 'The running system is changed until the next restart.';

/** Also below `ex`, where rpm-ostree had it first. */
export function registerLive(parent: Command): Command {
  return withOptionFlags(parent.command('apply-live'))
    .description('Bring what waits for the restart into the running system, until then')
    .option('--reset', 'take back what was brought into it')
    .action(action(applyLive));
}

async function applyLive(session: Session, { target, reset = false, allowReplacement, dryRun }: LiveFlags): Promise<number> {
  if (reset && target !== undefined) throw new TreelineError('usage.invalid', { detail: '--reset goes without --target' });
  const back = reset ? await bootedChecksum(session) : undefined;
  const job = await session.follow(() => session.client.liveFs({ target: back ?? target, replace: allowReplacement, dryRun }));
  if (dryRun) session.print('Exiting because of --dry-run');
  else if (job.changed === false) session.print('No change.');
  else session.print(reset ? 'The running system is what was started again.' : liveText);
  return 0;
}

async function bootedChecksum(session: Session): Promise<string> {
  const { deployments, osname } = await session.client.snapshot();
  const booted = deployments.find((each) => each.booted);
  if (!booted) throw new TreelineError('live.not-booted', { subject: osname });
  return booted.checksum;
}
