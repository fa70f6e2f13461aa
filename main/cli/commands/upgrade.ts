// SPDX-License-Identifier: LGPL-2.1-or-later
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  newestDeployment,
  pickOptions,
  plainRefspec,
  pullNames,
  type Advisory,
  type JobState,
  type Modifiers,
  type PullOptions,
} from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { gather, withOptionFlags } from '../session/option-flags.ts';
import { action, exitUnchanged, refuseOptions, type Session } from '../session/session.ts';
import { pendingUpdate } from '../output/status-json.ts';
import { changeLines, dateText } from '../output/status.ts';
import { ownPackageLines } from './own-packages.ts';

interface PullFlags extends PullOptions {
  readonly disallowDowngrade?: boolean;
  readonly preview?: boolean;
  readonly check?: boolean;
  readonly checkDiff?: boolean;
  readonly unchangedExit77?: boolean;
  readonly upgradeUnchangedExit77?: boolean;
  readonly from?: string;
  readonly triggerAutomaticUpdatePolicy?: boolean;
  readonly bypassDriver?: boolean;
  readonly branch?: string;
  readonly remote?: string;
  readonly customOriginUrl?: string;
  readonly customOriginDescription?: string;
  readonly install?: readonly string[];
  readonly uninstall?: readonly string[];
}

/** Packages beside a new base go by the one call that knows both. */
function packagesOf({ install = [], uninstall = [] }: PullFlags): Modifiers | undefined {
  return install.length + uninstall.length === 0 ? undefined : { installPackages: install, uninstallPackages: uninstall };
}

const later = ['exCliwrap'];
export function registerPulling(program: Command): void {
  common(program.command('upgrade').alias('update').description('Fetch and deploy the newest version of the current source'))
    .option('--preview', 'only show what would change')
    .option('--check', 'only look whether there is something newer')
    .option('--check-diff', 'like --preview')
    .option('--upgrade-unchanged-exit-77', 'like --unchanged-exit-77')
    .option('--from <path>', 'from a stick, a directory or a delta file instead of the network')
    .option('--take-rolled-back', 'accepted for compatibility: who asks for an upgrade gets it')
    .option('--trigger-automatic-update-policy', 'do what the automatic update policy says')
    .action(action(upgrade));
  common(program.command('deploy <revision>').description('Deploy a chosen version: checksum, version, revision=X, version=X'))
    .option('--preview', 'only show what would change')
    .option('--disallow-downgrade', 'refuse an older version')
    .addOption(new Option('--ex-cliwrap <state>', 'not supported yet').hideHelp())
    .action(action(deploy));
  common(program.command('rebase [refspec] [revision]').description('Switch to another source'))
    .option('-b, --branch <branch>', 'switch to a branch of the current remote')
    .option('-m, --remote <remote>', 'switch to the current branch of another remote')
    .option('--preview', 'only show what would change')
    .option('--custom-origin-description <text>', 'what status shows as its source')
    .option('--custom-origin-url <url>', 'the address of that')
    .option('--experimental', 'accepted for compatibility')
    .option('--disallow-downgrade', 'refuse an older version')
    .action(action(rebase));
}

/** Options that upgrade, deploy and rebase have in common. */
function common(command: Command): Command {
  return withOptionFlags(command)
    .option('--unchanged-exit-77', 'exit with 77 when there was nothing to do')
    .option('--bypass-driver', 'also when another program decides about updates')
    .option('--install <package>', 'also add a package to the base', gather, [])
    .option('--uninstall <package>', 'also drop the request for a package', gather, []);
}

function pullOptions(flags: PullFlags): PullOptions {
  const given: PullOptions = pickOptions({ ...flags }, pullNames);
  return flags.disallowDowngrade ? { ...given, allowDowngrade: false } : given;
}

async function upgrade(session: Session, flags: PullFlags): Promise<number> {
  refuseOptions({ ...flags }, later);
  if (flags.check || flags.preview || flags.checkDiff) return check(session, Boolean(flags.preview || flags.checkDiff));
  if (flags.triggerAutomaticUpdatePolicy) {
    let ran = true;
    await session.follow(async () => {
      const job = await session.client.automaticUpdate();
      ran = job !== undefined;
      return job ?? nothingToDo;
    });
    if (!ran) session.print('Automatic updates are disabled.');
    return 0;
  }
  await refuseDriven(session, flags);
  const { from } = flags;
  const packages = packagesOf(flags);
  const job = await session.follow(() =>
    from === undefined
      ? packages
        ? session.client.updateDeployment(packages, pullOptions(flags))
        : session.client.upgrade(pullOptions(flags))
      : session.client.upgradeFromMedium(resolve(from), { reboot: flags.reboot ?? false }),
  );
  return report(session, job, flags);
}

/** Two that decide about updates would undo each other's work. */
async function refuseDriven(session: Session, flags: PullFlags): Promise<void> {
  const driver = flags.bypassDriver ? undefined : (await session.client.snapshot()).updateDriver;
  if (driver !== undefined) throw new TreelineError('update.driven', { subject: driver });
}

const nothingToDo: JobState = { id: '', title: 'automatic update', method: '', owner: '', startedAt: 0, phase: 'succeeded', messages: [] };

async function deploy(session: Session, revision: string, flags: PullFlags): Promise<number> {
  refuseOptions({ ...flags }, later);
  if (flags.preview) return preview(session, { revision });
  const { registerDriver } = flags;
  if (registerDriver === undefined) await refuseDriven(session, flags);
  const packages = packagesOf(flags);
  const job = await session.follow(() =>
    packages
      ? session.client.updateDeployment({ ...packages, setRevision: revision }, pullOptions(flags))
      : session.client.deploy(revision, pullOptions(flags)),
  );
  if (revision === '') return 0;
  return report(session, job, flags);
}

async function rebase(session: Session, refspec: string | undefined, revision: string | undefined, flags: PullFlags): Promise<number> {
  refuseOptions({ ...flags }, later);
  const target = plainRefspec(refspec ?? (await targetOf(session, flags)));
  if (flags.preview) return preview(session, { refspec: target, revision });
  const { customOriginUrl: url, customOriginDescription: description } = flags;
  if ((url === undefined) !== (description === undefined))
    throw new TreelineError('usage.invalid', { detail: '--custom-origin-url and --custom-origin-description go together' });
  await refuseDriven(session, flags);
  const packages = packagesOf(flags);
  const custom: Modifiers | undefined = url === undefined || description === undefined ? undefined : { customOrigin: [url, description] };
  const job = await session.follow(() =>
    packages || custom
      ? session.client.updateDeployment({ ...packages, ...custom, setRefspec: target, setRevision: revision ?? '' }, pullOptions(flags))
      : session.client.rebase(target, { ...pullOptions(flags), revision }),
  );
  return report(session, job, flags);
}

/** --branch and --remote change one half of where the system comes from now. */
async function targetOf(session: Session, flags: PullFlags): Promise<string> {
  if (!flags.branch && !flags.remote) throw new TreelineError('usage.invalid', { detail: 'rebase needs a refspec, --branch or --remote' });
  const { deployments, osname } = await session.client.snapshot();
  const origin = newestDeployment(deployments, osname)?.origin;
  const remote = flags.remote ?? origin?.remote ?? '';
  const branch = flags.branch ?? origin?.ref ?? '';
  return remote ? `${remote}:${branch}` : branch;
}

async function check(session: Session, withPackages: boolean): Promise<number> {
  await session.client.checkForUpdate();
  const snapshot = await session.client.snapshot();
  if (snapshot.check.kind === 'failed' || snapshot.check.kind === 'blocked') throw TreelineError.fromReport(snapshot.check.error);
  const update = pendingUpdate(snapshot.check);
  if (!update) {
    session.print('No updates available.');
    return exitUnchanged;
  }
  session.print('AvailableUpdate:');
  session.print(`        Version: ${update.version} (${dateText(update.timestamp)})`);
  // an update whose packages can't be listed is still an update; only who asks for them has to hear why not
  const asked = session.client.updateDetails();
  const details = await (withPackages ? asked : asked.catch(() => undefined));
  session.print(details?.image ? `         Digest: ${details.image.digest}` : `         Commit: ${update.checksum}`);
  const advisories = details && !details.notTold?.includes('advisories') ? securityText(details.advisories) : 'unknown';
  if (advisories !== '') session.print(`  SecAdvisories: ${advisories}`);
  const { counts } = update;
  const parts = counts ? (['upgraded', 'downgraded', 'removed', 'added'] as const).filter((kind) => counts[kind] > 0) : [];
  if (!counts) session.print('           Diff: unknown');
  else if (parts.length > 0) session.print(`           Diff: ${parts.map((kind) => `${counts[kind]} ${kind}`).join(', ')}`);
  if (details && withPackages) for (const line of changeLines(details.packages)) session.print(line);
  if (withPackages) for (const line of await ownPackageLines(session, snapshot)) session.print(line);
  return 0;
}

/** `2 important, 1 low`; empty when there are none. */
export function securityText(advisories: readonly Advisory[]): string {
  const counts = new Map<string, number>();
  for (const { kind, severity } of advisories) if (kind === 'security') counts.set(severity, (counts.get(severity) ?? 0) + 1);
  const named = ['critical', 'important', 'moderate', 'low'].flatMap((name) => (counts.has(name) ? [`${counts.get(name)} ${name}`] : []));
  return [...named, ...(counts.has('none') ? [`${counts.get('none')} unknown severity`] : [])].join(', ');
}

/** What another version would change: only its commit objects are fetched. */
async function preview(session: Session, target: { refspec?: string; revision?: string }): Promise<number> {
  const details = await session.client.preview(target);
  session.print(`        Version: ${details.toVersion} (${dateText(details.toTimeSeconds)})`);
  session.print(details.image ? `         Digest: ${details.image.digest}` : `         Commit: ${details.toChecksum}`);
  for (const line of changeLines(details.packages)) session.print(line);
  return 0;
}

/** What is different now, and what to do next. */
async function report(session: Session, job: JobState, flags: PullFlags): Promise<number> {
  if (job.changed === false) {
    session.print('No upgrade available.');
    return flags.unchangedExit77 || flags.upgradeUnchangedExit77 ? exitUnchanged : 0;
  }
  if (!flags.downloadOnly) await printChanges(session, flags);
  return 0;
}

/** How what starts next differs from what runs. */
export async function printChanges(session: Session, flags: Pick<PullFlags, 'reboot'>): Promise<void> {
  const { deployments, osname } = await session.client.snapshot();
  const [target, before] = deployments.filter((deployment) => deployment.osname === osname);
  const base = deployments.find((deployment) => deployment.booted && deployment.osname === osname) ?? before;
  if (target && base && target !== base) {
    // the system is deployed; that a list can't be made must not look like a failure
    const changes = await session.client.compare(base.id, target.id).then(
      ({ packages }) => packages,
      () => [],
    );
    for (const line of changeLines(changes)) session.print(line);
    if (base.booted && !flags.reboot) session.print('Changes queued for next boot. Run "systemctl reboot" to start a reboot');
  }
}
