// SPDX-License-Identifier: LGPL-2.1-or-later
import { Option, type Command } from 'commander';
import { argChangesText, type Deployment } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { withOptionFlags } from '../session/option-flags.ts';
import { action, type Session } from '../session/session.ts';
import { dateText } from '../output/status.ts';
import { wholeSystem } from '../session/whole-system.ts';

export function registerDeployments(program: Command): void {
  withOptionFlags(program.command('rollback')).description('Make the previous deployment the next one to start').action(action(rollback));
  program
    .command('cleanup')
    .description('Delete cached data and deployments')
    .option('-b, --base', 'temporary files and deployments nothing refers to')
    .option('-p, --pending', 'the pending deployment')
    .option('-r, --rollback', 'the rollback deployment')
    .option('-m, --repomd', 'cached package metadata')
    .action(action(cleanup));
  for (const pinned of [true, false]) {
    program
      .command(`${pinned ? 'pin' : 'unpin'} <deployment...>`)
      .description(`${pinned ? 'Keep' : 'Stop keeping'} deployments, by index or id`)
      .action(action((session: Session, wanted: string[]) => each(session, wanted, (id) => session.client.pin(id, pinned))));
  }
  program
    .command('undeploy <deployment...>')
    .description('Delete deployments, by index or id')
    .action(action((session: Session, wanted: string[]) => each(session, wanted, (id) => session.client.undeploy(id))));
  program
    .command('repair-origin <deployment> <refspec>')
    .description('Give a deployment whose origin file is damaged its source, REMOTE:BRANCH, again')
    .action(
      action((session: Session, wanted: string, refspec: string) =>
        each(session, [wanted], (id) => session.client.repairOrigin(id, refspec)),
      ),
    );
  wholeSystem(program.command('repair'))
    .description('Repair what keeps the system from being read, where that is safe')
    .action(action(async (session: Session) => void (await session.follow(() => session.client.repair()))));
  withOptionFlags(program.command('finalize-deployment [checksum]'))
    .description('Release the lock of the staged deployment and restart into it')
    .action(action(finalize));
  wholeSystem(program.command('cancel')).description('Cancel the running job').action(action(cancel));
  wholeSystem(program.command('reload'))
    .description('Make the service read the system’s state again')
    .action(action(async (session: Session) => void (await session.client.reload())));
  addHistory(program);
}

/** The service's limit is a number of 32 bits. */
const everyEntry = 0xffffffff;

/** Also `ex history`, where rpm-ostree has it. */
export function addHistory(parent: Command): void {
  parent
    .command('history')
    .description('What was done to the system, newest first')
    .option('--json', 'print JSON')
    .option('-n, --limit <n>', 'at most so many entries', '50')
    .option('--all', 'all entries')
    .addOption(accepted('-v, --verbose'))
    .addOption(accepted('--deployments'))
    .addOption(accepted('--no-pager'))
    .action(action(history));
}

/** For scripts that give it to rpm-ostree: means nothing here. */
const accepted = (flags: string): Option => new Option(flags, 'accepted for compatibility').hideHelp();

async function rollback(session: Session, options: { reboot?: boolean }): Promise<undefined> {
  await session.follow(() => session.client.rollback(options));
  const next = (await session.client.snapshot()).deployments[0];
  if (next) session.print(`Next to start: ${next.version || next.checksum} (${next.id})`);
  return undefined;
}

async function cleanup(
  session: Session,
  flags: { base?: boolean; pending?: boolean; rollback?: boolean; repomd?: boolean },
): Promise<undefined> {
  const elements = [
    ...(flags.base ? (['base'] as const) : []),
    ...(flags.pending ? (['pending-deploy'] as const) : []),
    ...(flags.rollback ? (['rollback-deploy'] as const) : []),
    ...(flags.repomd ? (['repomd'] as const) : []),
  ];
  if (elements.length === 0)
    throw new TreelineError('usage.invalid', { detail: 'cleanup needs --base, --pending, --rollback or --repomd' });
  await session.follow(() => session.client.cleanup(elements));
  return undefined;
}

/** A deployment by its place in `status`, its id, or the beginning of its checksum. One of another stateroot than the chosen one is refused. */
export function findDeployment({ stateroot }: Session, deployments: readonly Deployment[], wanted: string): Deployment {
  const byIndex = /^\d{1,3}$/.test(wanted) ? deployments[Number(wanted)] : undefined;
  const ours = deployments.filter(({ osname }) => stateroot === undefined || osname === stateroot);
  if (byIndex && !ours.includes(byIndex)) {
    throw new TreelineError('usage.invalid', { detail: `deployment ${wanted} is of stateroot “${byIndex.osname}”, not of “${stateroot}”` });
  }
  const matching = ours.filter((each) => each.id === wanted || (wanted.length >= 6 && each.checksum.startsWith(wanted)));
  const found = byIndex ?? (matching.length === 1 ? matching[0] : undefined);
  if (!found) throw new TreelineError('deployment.not-found', { subject: wanted });
  return found;
}

async function each(
  session: Session,
  wanted: readonly string[],
  run: (id: string) => ReturnType<Session['client']['undeploy']>,
): Promise<undefined> {
  const { deployments } = await session.client.snapshot();
  // indexes mean what the user saw, so all are looked up before the first is changed
  const ids = wanted.map((one) => findDeployment(session, deployments, one).id);
  for (const id of ids) await session.follow(() => run(id));
  return undefined;
}

async function finalize(
  session: Session,
  checksum: string | undefined,
  options: { allowMissingChecksum?: boolean; allowUnlocked?: boolean },
): Promise<undefined> {
  if (checksum === undefined && !options.allowMissingChecksum) {
    throw new TreelineError('usage.invalid', { detail: 'name the checksum, or pass --allow-missing-checksum' });
  }
  await session.follow(() => session.client.finalizeDeployment({ checksum, ...options }));
  return undefined;
}

async function cancel(session: Session): Promise<undefined> {
  const { job } = await session.client.snapshot();
  if (!job) session.print('No job is running.');
  else await session.client.cancel();
  return undefined;
}

async function history(session: Session, options: { json?: boolean; limit: string; all?: boolean }): Promise<undefined> {
  if (!/^\d+$/.test(options.limit)) throw new TreelineError('usage.invalid', { detail: `--limit=${options.limit}` });
  const entries = await session.client.history(options.all ? everyEntry : Number(options.limit));
  if (options.json) {
    session.printJson(entries);
    return undefined;
  }
  for (const entry of entries) {
    const versions = [entry.fromVersion, entry.toVersion].filter(Boolean).join(' -> ');
    const result = entry.result === 'ok' ? '' : ` [${entry.result}${entry.error ? `: ${entry.error.code}` : ''}]`;
    session.print(`${dateText(entry.at)}  ${entry.action.padEnd(15)} ${versions.padEnd(24)} ${entry.by.name}${result}`);
    if (entry.subject !== undefined) session.print(`    ${entry.subject}`);
    if (entry.kernelArgs) session.print(`    kernel arguments ${argChangesText(entry.kernelArgs)}`);
    for (const left of entry.notRemoved ?? []) session.print(`    couldn’t remove ${left.path}: ${left.detail}`);
  }
  return undefined;
}
