// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { pickOptions, pullNames, type JobState, type Modifiers, type PullOptions } from '../../../shared/domain/index.ts';
import type { PackageFiles } from '../../client/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { gather, withOptionFlags } from '../session/option-flags.ts';
import { isPackageFile, PackageFilesHere } from '../session/package-files.ts';
import { action, exitUnchanged, refuseOptions, type Session } from '../session/session.ts';
import { liveText } from './live.ts';
import { printChanges } from './upgrade.ts';

interface ChangeFlags extends PullOptions {
  readonly allowInactive?: boolean;
  readonly idempotent?: boolean;
  readonly unchangedExit77?: boolean;
  readonly install?: readonly string[];
  readonly uninstall?: readonly string[];
  readonly all?: boolean;
}

const unsupported = 'not supported yet';

/** Options that install and uninstall have in common. */
function common(command: Command): Command {
  return withOptionFlags(command)
    .option('-y, --assumeyes', 'accepted for compatibility: nothing is asked')
    .option('--unchanged-exit-77', 'exit with 77 when there was nothing to do');
}

export function registerPackages(program: Command): void {
  common(
    program
      .command('install <package...>')
      .alias('pkg-add')
      .description('Add packages to the base: by name, or files and addresses (.rpm)'),
  )
    .option('--uninstall <package>', 'also drop the request for a package', gather, [])
    .option('--force-replacefiles', 'files of package files may replace those of others')
    .action(action(install));
  common(program.command('uninstall [package...]').aliases(['pkg-remove', 'remove']).description('Drop requests for packages'))
    .option('--install <package>', 'also add a package', gather, [])
    .option('--all', 'drop all of them')
    .action(action(uninstall));
  const override = program.command('override').description('Replace packages of the base, leave them out, or take them again');
  withOptionFlags(override.command('replace <package...>'), 'override-replace')
    .description('Replace packages of the base by files, or by those of a repository')
    .option('--remove <package>', 'also leave a package of the base out', gather, [])
    .option('--experimental', 'accepted for compatibility')
    .option('--freeze', unsupported)
    .option('--from <repo>', 'where they come from: repo=ID')
    .action(action(overrideReplace));
  withOptionFlags(override.command('remove <package...>'), 'override-remove')
    .description('Leave packages of the base out')
    .option('--replace <file>', 'also replace a package of the base by a file', gather, [])
    .action(action(overrideRemove));
  withOptionFlags(override.command('reset [package...]'), 'override-reset')
    .description('Take packages of the base again')
    .option('--install <package>', 'also add a package', gather, [])
    .option('--uninstall <package>', 'also drop the request for a package', gather, [])
    .option('-a, --all', 'all that are overridden')
    .action(action(overrideReset));
  withOptionFlags(program.command('reset'))
    .description('Drop all that was put onto the base')
    .option('--install <package>', 'but add a package', gather, [])
    .option('--uninstall <package>', 'also drop the request for a package', gather, [])
    .option('-l, --overlays', 'only packages that were added')
    .option('-o, --overrides', 'only overrides')
    .option('-i, --initramfs', 'only an initramfs of this machine’s own')
    .action(action(reset));
}

async function install(session: Session, packages: string[], flags: ChangeFlags & { forceReplacefiles?: boolean }): Promise<number> {
  using here = new PackageFilesHere();
  const files = await here.read(packages.filter(isPackageFile));
  if (flags.forceReplacefiles && files.length === 0)
    throw new TreelineError('usage.invalid', { detail: '--force-replacefiles is for package files' });
  const lists = { installPackages: packages.filter((each) => !isPackageFile(each)), uninstallPackages: flags.uninstall ?? [] };
  return await change(session, flags, lists, {}, flags.forceReplacefiles ? { installForced: files } : { install: files });
}

async function uninstall(session: Session, packages: string[], flags: ChangeFlags): Promise<number> {
  if (packages.length === 0 && !flags.all && (flags.install ?? []).length === 0)
    throw new TreelineError('usage.invalid', { detail: 'uninstall needs a package, or --all' });
  const lists = { installPackages: flags.install ?? [], uninstallPackages: packages };
  return change(session, flags, lists, flags.all ? { noLayering: true } : {});
}

async function overrideRemove(session: Session, packages: string[], flags: ChangeFlags & { replace?: string[] }): Promise<number> {
  using here = new PackageFilesHere();
  const replace = await here.read(requireFiles(flags.replace ?? []));
  return await change(session, flags, { overrideRemovePackages: packages }, {}, { replace });
}

async function overrideReplace(
  session: Session,
  packages: string[],
  flags: ChangeFlags & { remove?: string[]; from?: string; freeze?: boolean },
): Promise<number> {
  refuseOptions({ ...flags }, ['freeze']);
  const { from, remove = [] } = flags;
  const lists = { overrideRemovePackages: remove };
  if (from !== undefined) {
    if (!/^repo=./.test(from)) throw new TreelineError('usage.invalid', { detail: `--from=${from}: it is repo=ID` });
    return change(session, flags, { ...lists, overrideReplacePackages: [[from, ...packages].join(',')] });
  }
  using here = new PackageFilesHere();
  return await change(session, flags, lists, {}, { replace: await here.read(requireFiles(packages)) });
}

/** Names would leave open which version is meant. */
function requireFiles(words: readonly string[]): readonly string[] {
  const name = words.find((each) => !isPackageFile(each));
  if (name === undefined) return words;
  throw new TreelineError('usage.invalid', {
    detail: `${name} is no package file; a package of a repository is taken with --from=repo=ID`,
  });
}

async function overrideReset(session: Session, packages: string[], flags: ChangeFlags): Promise<number> {
  if (packages.length === 0 && !flags.all) throw new TreelineError('usage.invalid', { detail: 'override reset needs a package, or --all' });
  const lists = { overrideResetPackages: packages, installPackages: flags.install ?? [], uninstallPackages: flags.uninstall ?? [] };
  return change(session, flags, lists, flags.all ? { noOverrides: true } : {});
}

async function reset(
  session: Session,
  flags: ChangeFlags & { readonly overlays?: boolean; readonly overrides?: boolean; readonly initramfs?: boolean },
): Promise<number> {
  const { overlays, overrides, initramfs } = flags;
  const all = !overlays && !overrides && !initramfs;
  return change(
    session,
    flags,
    { installPackages: flags.install ?? [], uninstallPackages: flags.uninstall ?? [] },
    { noLayering: all || overlays, noOverrides: all || overrides, noInitramfs: all || initramfs },
  );
}

async function change(
  session: Session,
  flags: ChangeFlags,
  modifiers: Modifiers,
  options: PullOptions = {},
  files: PackageFiles = {},
): Promise<number> {
  const job = await session.follow(() =>
    session.client.changePackages(modifiers, files, {
      ...pickOptions({ ...flags }, pullNames),
      // the base stays as it is: an upgrade is asked for by its own command
      noPullBase: true,
      allowInactiveRequests: flags.allowInactive,
      idempotentLayering: flags.idempotent,
      ...options,
    }),
  );
  return report(session, job, flags);
}

async function report(session: Session, job: JobState, flags: ChangeFlags): Promise<number> {
  if (job.changed === false) {
    session.print('No change.');
    return flags.unchangedExit77 ? exitUnchanged : 0;
  }
  if (flags.dryRun) session.print('Exiting because of --dry-run');
  else if (!flags.downloadOnly) await printChanges(session, flags);
  if (flags.applyLive && !flags.dryRun && !flags.downloadOnly) session.print(liveText);
  return 0;
}
