// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../errors/error.ts';
import type { Signature } from './changes.ts';

/** One bootable (or staged) tree of a sysroot. `id` is rpm-ostree's `OSNAME-CHECKSUM.SERIAL`. */
export interface Deployment {
  readonly id: string;
  readonly osname: string;
  readonly checksum: string;
  readonly serial: number;
  readonly bootChecksum: string;
  /** Place in the boot order; a staged deployment is 0. */
  readonly index: number;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  /** The one the machine goes back to: the first non-booted, non-pending after the booted one. */
  readonly rollback: boolean;
  readonly finalizationLocked: boolean;
  readonly unlocked: 'none' | 'development' | 'hotfix' | 'transient' | 'unknown';
  readonly version: string;
  /** Commit time, Unix seconds. */
  readonly timestamp: number;
  /** Time of deployment, Unix seconds (mtime of the deployment directory); 0 when unknown. */
  readonly deployedAt: number;
  readonly origin: Origin;
  readonly signatures: readonly Signature[];
  /** True if the remote of the origin demands verification. */
  readonly verified: boolean;
  /** Why nobody can tell what the remote demands; nothing is taken from it until that is mended. */
  readonly remoteProblem?: ErrorReport;
  /** Missing when the service doesn't tell them. */
  readonly kernelArgs?: readonly string[];
  /** Keys of the boot loader entry (title, version, options, linux, initrd, ...). */
  readonly bootConfig: Readonly<Record<string, string>>;
  /** Metadata of the commit; of a client layer: of the commit that it was made of. */
  readonly baseMeta: CommitMeta;
  /** What a client layer (rpm-ostree's word for a tree with packages of this machine) consists of. */
  readonly layer?: ClientLayer;
  /** Whether the commit object could be read; false = damaged repository, everything but the ids is empty. */
  readonly commitPresent: boolean;
}

/**
 * What the next operation of a stateroot builds on: it takes over source, tree and kernel arguments, whatever of them it isn't asked to change. The
 * newest one: staged, else pending, else booted, else (of a stateroot that doesn't run) the default one. It is what rpm-ostree calls the origin merge
 * deployment; /etc is merged from libostree's merge deployment all the same. `deployments`: staged first, then boot order. undefined: it has none.
 */
export function newestDeployment<D extends { readonly osname: string }>(deployments: readonly D[], osname: string): D | undefined {
  return deployments.find((each) => each.osname === osname);
}

/** What a person compares with: the booted deployment of a stateroot, else the default one, else what is staged. */
export function comparedDeployment<D extends { readonly osname: string; readonly booted: boolean; readonly staged: boolean }>(
  deployments: readonly D[],
  osname: string,
): D | undefined {
  const own = deployments.filter((each) => each.osname === osname);
  return own.find((each) => each.booted) ?? own.find((each) => !each.staged) ?? own[0];
}

/** A GVariant as JSON: 64-bit numbers beyond 2^53 as decimal text, byte strings as base64, dictionaries with text keys as objects, variants as MetaValue. */
export interface MetaValue {
  readonly type: string;
  readonly value: unknown;
}

/** Metadata of a commit by key. Tables that only updates read (`treeline.changes`, `treeline.history`, `ostree.sizes`) are left out. */
export type CommitMeta = Readonly<Record<string, MetaValue>>;

export interface ClientLayer {
  /** The commit without the machine's own packages. Version and time are missing when it isn't in the repository any more. */
  readonly base: { readonly checksum: string; readonly version?: string; readonly timestamp?: number };
  /** Requested packages that are in the layer. */
  readonly packages: readonly string[];
  readonly modules: readonly string[];
  readonly meta: CommitMeta;
}

/** Digest of the image's manifest that a commit was made of, which is written into its metadata. */
export function imageDigest({ baseMeta }: Pick<Deployment, 'baseMeta'>): string | undefined {
  const digest = baseMeta['ostree.manifest-digest'];
  return digest?.type === 's' ? String(digest.value) : undefined;
}

/** What versions are compared by: the commit of a deployment without this machine's own packages. */
export function baseOf(deployment: Pick<Deployment, 'checksum' | 'version' | 'timestamp' | 'layer'>): {
  readonly checksum: string;
  readonly version: string;
  readonly timestamp: number;
} {
  const { layer, version, timestamp } = deployment;
  return layer ? { version, timestamp, ...layer.base } : deployment;
}

/** The origin file of a deployment, with what is wrong about it instead of an exception (field reports 11, 12). */
export interface Origin {
  readonly refspec: string;
  readonly remote: string;
  readonly ref: string;
  readonly containerImageReference?: string;
  readonly customUrl?: string;
  readonly customDescription?: string;
  readonly overrideCommit?: string;
  readonly unconfiguredState?: string;
  readonly layering: Layering;
  readonly problem?: 'missing' | 'unreadable' | 'no-ref' | 'ambiguous' | 'remote-missing';
  /** What the library says is wrong with an unreadable one. */
  readonly problemDetail?: string;
}

/** What an origin asks for besides its source, key by key as rpm-ostree's `origin(5)` groups have it. Local packages are NEVRAs. */
export interface Layering {
  readonly packages: readonly string[];
  readonly localPackages: readonly string[];
  readonly localFileoverrides: readonly string[];
  readonly modules: readonly string[];
  readonly removals: readonly string[];
  readonly replacements: readonly string[];
  readonly localReplacements: readonly string[];
  readonly regenerateInitramfs: boolean;
  readonly initramfsArgs: readonly string[];
  readonly initramfsEtc: readonly string[];
  readonly cliwrap: boolean;
  /** Keys of the same groups that this version doesn't know, as GROUP/KEY. */
  readonly unknown: readonly string[];
}

export const noLayering: Layering = {
  packages: [],
  localPackages: [],
  localFileoverrides: [],
  modules: [],
  removals: [],
  replacements: [],
  localReplacements: [],
  regenerateInitramfs: false,
  initramfsArgs: [],
  initramfsEtc: [],
  cliwrap: false,
  unknown: [],
};

/** One key of an origin whose effect a newly fetched tree wouldn't have. */
export interface OriginLoss {
  /** `[packages] requested`, as it stands in the file. */
  readonly key: string;
  /** Packages, files, arguments; empty for a mere switch. */
  readonly values: readonly string[];
}

/** What this version can't rebuild on a new tree: nothing that replaces the tree may run while there is any. */
export function lossesOf({ layering }: Pick<Origin, 'layering'>): OriginLoss[] {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['[packages] requested', layering.packages],
    ['[packages] requested-local', layering.localPackages],
    ['[packages] requested-local-fileoverride', layering.localFileoverrides],
    ['[modules]', layering.modules],
    ['[overrides] remove', layering.removals],
    ['[overrides] replace', layering.replacements],
    ['[overrides] replace-local', layering.localReplacements],
    ['[rpmostree] initramfs-args', layering.initramfsArgs],
    ['[rpmostree] initramfs-etc', layering.initramfsEtc],
  ];
  return [
    ...lists.filter(([, values]) => values.length > 0).map(([key, values]) => ({ key, values })),
    ...(layering.regenerateInitramfs ? [{ key: '[rpmostree] regenerate-initramfs', values: [] }] : []),
    ...(layering.cliwrap ? [{ key: '[rpmostree] ex-cliwrap', values: [] }] : []),
    ...layering.unknown.map((key) => ({ key, values: [] })),
  ];
}

/** `[packages] requested: vim, htop; [rpmostree] regenerate-initramfs` */
export function lossText(losses: readonly OriginLoss[]): string {
  return losses.map(({ key, values }) => (values.length > 0 ? `${key}: ${values.join(', ')}` : key)).join('; ');
}
