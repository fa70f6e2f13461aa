// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import type { CommitRootfsParams, InstallOutcome, InstallParams } from '../engine/jobs/index.ts';
import { accepted, committedText } from './compose-options.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { addSigningOptions, countOf, repeated, signingParams, type SigningFlags } from './signing-options.ts';
import { standardOutput } from './output/terminal.ts';

interface CacheFlags {
  readonly cachedir?: string;
  readonly workdir?: string;
  readonly cacheOnly?: boolean;
  readonly forceNocache?: boolean;
  readonly sourceRoot?: string;
  readonly proxy?: string;
  readonly disableSelinux?: boolean;
  readonly exLockfile: readonly string[];
  readonly exLockfileStrict?: boolean;
  readonly exWriteLockfileTo?: string;
  readonly lockfile?: readonly string[];
  readonly wait: boolean;
}

function addCacheOptions(command: Command): Command {
  return command
    .option('--cachedir <path>', 'keep packages and metadata here')
    .option('--workdir <path>', 'assemble here (same file system as the cache, for hard links)')
    .option('--cache-only', 'use only what is in the cache')
    .option('--force-nocache', 'import everything anew')
    .option('--source-root <path>', 'take repositories, variables and version from this root where the treefile says nothing')
    .option('--proxy <url>', 'HTTP proxy')
    .option('--disable-selinux', 'without labels, whatever the treefile says')
    .option('--ex-lockfile <file>', 'read package versions from this lockfile (repeatable)', repeated, [])
    .option('--ex-lockfile-strict', 'only packages of the lockfiles')
    .option('--ex-write-lockfile-to <file>', 'write the versions taken here')
    .addOption(accepted('--unified-core', 'always on'))
    .option('--no-wait', 'when another process uses cache or repository, refuse at once');
}

function cacheParams(flags: CacheFlags): Omit<InstallParams, 'treefile' | 'destination'> {
  const { exLockfile, exLockfileStrict, exWriteLockfileTo, lockfile = [], wait, cachedir, workdir, sourceRoot, proxy } = flags;
  return {
    ...(cachedir === undefined ? {} : { cachedir }),
    ...(workdir === undefined ? {} : { workdir }),
    ...(sourceRoot === undefined ? {} : { sourceRoot }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(flags.cacheOnly ? { cacheOnly: true } : {}),
    ...(flags.forceNocache ? { forceNocache: true } : {}),
    ...(flags.disableSelinux ? { disableSelinux: true } : {}),
    ...(exLockfileStrict ? { lockfileStrict: true } : {}),
    ...(exWriteLockfileTo === undefined ? {} : { writeLockfileTo: exWriteLockfileTo }),
    ...(exLockfile.length + lockfile.length > 0 ? { lockfiles: [...exLockfile, ...lockfile] } : {}),
    ...(wait ? {} : { noWait: true }),
  };
}

const quietOf = (command: Command): boolean => command.optsWithGlobals<{ quiet?: boolean }>().quiet ?? false;

function installLines({ rootfs, version, packageCount, imported, cached, seconds }: InstallOutcome): string[] {
  const total = Object.values(seconds).reduce((sum, s) => sum + s, 0);
  return [
    `Packages: ${packageCount} (${imported} imported, ${cached} from the cache), ${total.toFixed(1)} s`,
    ...(version === '' ? [] : [`Version: ${version}`]),
    `Tree: ${rootfs}`,
  ];
}

/** The steps of a compose one by one: install, postprocess, commit; rootfs and extensions. */
export function addStepCommands(compose: Command): void {
  addInstall(compose);
  addCommit(compose);
  addExtensions(compose);
}

function addInstall(compose: Command): void {
  addCacheOptions(compose.command('install'))
    .description('Install the packages of a treefile into DESTDIR/rootfs, to be edited, postprocessed and committed')
    .argument('<treefile>')
    .argument('<destdir>')
    .option('-r, --repo <path>', 'OSTree repository with the branch’s last commit (for the version and preserved users)')
    .option('--postprocess', 'postprocess, too')
    .action(async (treefile: string, destination: string, flags: CacheFlags & { repo?: string; postprocess?: boolean }, command: Command) =>
      reportErrors(async () => {
        const { repo, postprocess = false } = flags;
        const params = { ...cacheParams(flags), treefile, destination, postprocess, ...(repo === undefined ? {} : { repo }) };
        standardOutput.print(...installLines(await followJob('compose.install', params, { quiet: quietOf(command) })));
        return 0;
      }),
    );
  addCacheOptions(compose.command('rootfs'))
    .description('Write the finished tree of a treefile as a plain directory, with its configuration in /etc')
    .argument('<manifest>')
    .argument('<dest>')
    .option('--lockfile <file>', 'as --ex-lockfile', repeated, [])
    .action(async (treefile: string, destination: string, flags: CacheFlags, command: Command) =>
      reportErrors(async () => {
        const params = { ...cacheParams(flags), treefile, destination };
        standardOutput.print(...installLines(await followJob('compose.rootfs', params, { quiet: quietOf(command) })));
        return 0;
      }),
    );
  compose
    .command('postprocess')
    .description('Make a directory with installed packages a tree that can be committed, in place')
    .argument('<rootfs>')
    .argument('[treefile]')
    .action(async (rootfs: string, treefile: string | undefined, _: unknown, command: Command) =>
      reportErrors(async () => {
        const params = { rootfs, ...(treefile === undefined ? {} : { treefile }) };
        const { kernel } = await followJob('compose.postprocess', params, { quiet: quietOf(command) });
        standardOutput.print(kernel === '' ? 'No kernel' : `Kernel: ${kernel}`);
        return 0;
      }),
    );
}

interface CommitFlags extends SigningFlags {
  readonly repo: string;
  readonly cachedir?: string;
  readonly addMetadataString: readonly string[];
  readonly addMetadataFromJson: readonly string[];
  readonly writeCommitidTo?: string;
  readonly writeComposejsonTo?: string;
  readonly parent?: string | boolean;
  readonly staticDeltas?: string;
  readonly wait: boolean;
}

function addCommit(compose: Command): void {
  addSigningOptions(compose.command('commit'))
    .description('Commit a postprocessed directory to the treefile’s branch')
    .argument('<treefile>')
    .argument('<rootfs>')
    .requiredOption('-r, --repo <path>', 'OSTree repository to commit to')
    .option('--cachedir <path>', 'keep content here')
    .option('--add-metadata-string <key=value>', 'add to the commit metadata', repeated, [])
    .option('--add-metadata-from-json <file>', 'add to the commit metadata', repeated, [])
    .option('--write-commitid-to <file>', 'write the checksum here')
    .option('--write-composejson-to <file>', 'write facts about the commit here')
    .option('--parent <revision>', 'parent commit (default: what the ref points at)')
    .option('--no-parent', 'commit without a parent')
    .option('--static-deltas <count>', 'write static deltas to the new commit from this many before it')
    .option('--no-wait', 'when another process uses cache or repository, refuse at once')
    .action(async (treefile: string, rootfs: string, flags: CommitFlags, command: Command) =>
      reportErrors(async () => {
        const outcome = await followJob('compose.commit', commitParams(treefile, rootfs, flags), { quiet: quietOf(command) });
        standardOutput.print(...(outcome.version === '' ? [] : [`Version: ${outcome.version}`]), committedText(outcome));
        return 0;
      }),
    );
}

function commitParams(treefile: string, rootfs: string, flags: CommitFlags): CommitRootfsParams {
  const { repo, cachedir, addMetadataString, addMetadataFromJson, writeCommitidTo, writeComposejsonTo, parent, staticDeltas, wait } = flags;
  return {
    treefile,
    rootfs,
    repo,
    addMetadataString,
    addMetadataFromJson,
    ...signingParams(flags),
    ...(cachedir === undefined ? {} : { cachedir }),
    ...(writeCommitidTo === undefined ? {} : { writeCommitidTo }),
    ...(writeComposejsonTo === undefined ? {} : { writeComposejsonTo }),
    ...(typeof parent === 'string' ? { parent } : {}),
    ...(parent === false ? { noParent: true } : {}),
    ...(staticDeltas === undefined ? {} : { staticDeltas: countOf('--static-deltas', staticDeltas) }),
    ...(wait ? {} : { noWait: true }),
  };
}

interface ExtensionsFlags {
  readonly repo?: string;
  readonly baseRev?: string;
  readonly rootfs?: string;
  readonly layerRepo?: string;
  readonly outputDir?: string;
  readonly cachedir?: string;
  readonly cacheOnly?: boolean;
  readonly touchIfChanged?: string;
}

function addExtensions(compose: Command): void {
  compose
    .command('extensions')
    .description('Download packages that can be added to a base, resolved together with exactly its packages')
    .argument('<treefile>')
    .argument('<extfile>')
    .option('-r, --repo <path>', 'OSTree repository with the base')
    .option('--base-rev <revision>', 'the base (default: the treefile’s branch)')
    .option('--rootfs <path>', 'root file system that is the base, instead of a commit')
    .addOption(accepted('--layer-repo <path>', 'the base’s commit says what it has'))
    .option('--output-dir <path>', 'write packages and extensions.json here (default: extensions)')
    .option('--cachedir <path>', 'keep packages and metadata here')
    .option('--cache-only', 'use only what is in the cache')
    .option('--touch-if-changed <file>', 'touch this file when they differ from those of the run before')
    .addOption(accepted('--unified-core', 'always on'))
    .action(async (treefile: string, extensions: string, flags: ExtensionsFlags, command: Command) =>
      reportErrors(async () => {
        const { repo, baseRev, rootfs, outputDir, cachedir, cacheOnly, touchIfChanged } = flags;
        const params = {
          treefile,
          extensions,
          ...(repo === undefined ? {} : { repo }),
          ...(baseRev === undefined ? {} : { baseRev }),
          ...(rootfs === undefined ? {} : { rootfs }),
          ...(outputDir === undefined ? {} : { outputDir }),
          ...(cachedir === undefined ? {} : { cachedir }),
          ...(cacheOnly === undefined ? {} : { cacheOnly }),
          ...(touchIfChanged === undefined ? {} : { touchIfChanged }),
        };
        const outcome = await followJob('compose.extensions', params, { quiet: quietOf(command) });
        standardOutput.print(...outcome.packages, `${outcome.changed ? 'Written to' : 'No change in'} ${outcome.outputDir}`);
        return 0;
      }),
    );
}
