// SPDX-License-Identifier: LGPL-2.1-or-later
import { Option, type Command } from 'commander';
import type { ComposeOutcome, ComposeParams } from '../engine/jobs/index.ts';
import { addSigningOptions, countOf, repeated, signingParams, type SigningFlags } from './signing-options.ts';

/** What the commands that install packages take. */
export interface InstallFlags {
  readonly cachedir?: string;
  readonly workdir?: string;
  readonly sourceRoot?: string;
  readonly dryRun?: boolean;
  readonly printOnly?: boolean;
  readonly downloadOnly?: boolean;
  readonly downloadOnlyRpms?: boolean;
  readonly forceNocache?: boolean;
  readonly cacheOnly?: boolean;
  readonly proxy?: string;
  readonly disableSelinux?: boolean;
  readonly touchIfChanged?: string;
  readonly previousCommit?: string;
  readonly previousInputhash?: string;
  readonly previousVersion?: string;
  readonly exLockfile: readonly string[];
  readonly exLockfileStrict?: boolean;
  readonly exWriteLockfileTo?: string;
  readonly layerRepo?: string;
  readonly scriptTimeout?: string;
}

/** What the commands that commit a tree take. */
export interface CommitFlags extends SigningFlags {
  readonly addMetadataString: readonly string[];
  readonly addMetadataFromJson: readonly string[];
  readonly writeCommitidTo?: string;
  readonly writeComposejsonTo?: string;
  readonly generateSizes?: boolean;
  readonly parent?: string | false;
  readonly staticDeltas?: string;
  readonly wait?: boolean;
}

/** Options that have no effect any more, taken so that scripts written for rpm-ostree run. */
export const accepted = (flags: string, why: string): Option => new Option(flags, why).hideHelp();

export function addInstallOptions(command: Command): Command {
  return command
    .option('--cachedir <path>', 'keep packages and metadata here')
    .option('--workdir <path>', 'assemble here (same file system as the cache, for hard links)')
    .option('--source-root <path>', 'a root file system whose .repo files, variables and version are taken, too')
    .option('-n, --dry-run', 'only print which packages would be installed')
    .option('--print-only', 'only print the treefile with its includes')
    .option('--download-only', 'stop when the packages are downloaded and imported')
    .option('--download-only-rpms', 'stop when the packages are downloaded')
    .option('--force-nocache', 'import everything anew and go on even if nothing changed')
    .option('--cache-only', 'use only what is in the cache')
    .option('--proxy <url>', 'fetch over this HTTP proxy')
    .option('--disable-selinux', 'write no SELinux labels, whatever the treefile says')
    .option('--touch-if-changed <file>', 'touch this file when something changed')
    .option('--previous-commit <revision>', 'compare with this commit to see whether anything changed')
    .option('--previous-inputhash <hash>', 'compare with this input hash')
    .option('--previous-version <version>', 'count versions on from this one')
    .option('--ex-lockfile <file>', 'take packages in the builds that this lockfile names (repeatable; a later one wins)', repeated, [])
    .option('--ex-lockfile-strict', 'install nothing that no lockfile names')
    .option('--ex-write-lockfile-to <file>', 'write which builds were chosen')
    .option('--layer-repo <path>', 'repository of the treefile’s ostree-layers')
    .option('--script-timeout <seconds>', 'how long one package script may take')
    .addOption(accepted('--unified-core', 'always on'))
    .addOption(accepted('--ex-unified-core', 'always on'))
    .addOption(accepted('--postprocess', 'postprocessing is always run when a tree is committed'))
    .addOption(accepted('--workdir-tmpfs', 'trees are assembled by hard links beside the cache'));
}

export function addCommitOptions(command: Command): Command {
  return addSigningOptions(command)
    .option('--add-metadata-string <key=value>', 'add to the commit metadata', repeated, [])
    .option('--add-metadata-from-json <file>', 'add to the commit metadata', repeated, [])
    .option('--write-commitid-to <file>', 'write the checksum here')
    .option('--write-composejson-to <file>', 'write facts about the commit here')
    .option('--generate-sizes', 'list the size of every object in the commit (ostree.sizes)')
    .option('--parent <revision>', 'parent commit (default: what the ref points at)')
    .option('--no-parent', 'commit without a parent')
    .option('--static-deltas <count>', 'write static deltas to the new commit from this many before it')
    .option('--no-wait', 'when another process writes to the repository, refuse at once');
}

type Given<T> = { readonly [K in keyof T]?: T[K] };

/** Without what wasn't given. */
function given<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

export function installParams(flags: InstallFlags): Omit<ComposeParams, 'treefile' | 'repo'> {
  const { exLockfile, exLockfileStrict, exWriteLockfileTo, scriptTimeout } = flags;
  return given({
    cachedir: flags.cachedir,
    workdir: flags.workdir,
    sourceRoot: flags.sourceRoot,
    dryRun: flags.dryRun,
    printOnly: flags.printOnly,
    downloadOnly: flags.downloadOnly,
    downloadOnlyRpms: flags.downloadOnlyRpms,
    forceNocache: flags.forceNocache,
    cacheOnly: flags.cacheOnly,
    proxy: flags.proxy,
    disableSelinux: flags.disableSelinux,
    touchIfChanged: flags.touchIfChanged,
    previousCommit: flags.previousCommit,
    previousInputhash: flags.previousInputhash,
    previousVersion: flags.previousVersion,
    lockfiles: exLockfile.length > 0 ? exLockfile : undefined,
    lockfileStrict: exLockfileStrict,
    writeLockfileTo: exWriteLockfileTo,
    layerRepo: flags.layerRepo,
    scriptTimeoutSeconds: scriptTimeout === undefined ? undefined : countOf('--script-timeout', scriptTimeout),
  });
}

export function commitParams(flags: CommitFlags): Omit<ComposeParams, 'treefile' | 'repo'> {
  const { parent, staticDeltas, wait, gpgSign, signEd25519, gpgHomedir } = flags;
  return {
    addMetadataString: flags.addMetadataString,
    addMetadataFromJson: flags.addMetadataFromJson,
    ...signingParams({ gpgSign, signEd25519, ...(gpgHomedir === undefined ? {} : { gpgHomedir }) }),
    ...given({
      writeCommitidTo: flags.writeCommitidTo,
      writeComposejsonTo: flags.writeComposejsonTo,
      generateSizes: flags.generateSizes,
      parent: typeof parent === 'string' ? parent : undefined,
      noParent: parent === false ? true : undefined,
      staticDeltas: staticDeltas === undefined ? undefined : countOf('--static-deltas', staticDeltas),
      noWait: wait === false ? true : undefined,
    }),
  };
}

/** Where the commit went: to a branch, or only into the repository. */
export const committedText = ({ ref, checksum }: Pick<ComposeOutcome, 'ref' | 'checksum'>): string =>
  ref === '' ? `Wrote commit: ${checksum}` : `${ref} => ${checksum}`;
