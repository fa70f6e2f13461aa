// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Deployment, Layering, Origin } from './schemas/host.ts';
import type { OriginLoss } from './schemas/update.ts';

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

/** All that an origin asks for on top of its base, by the keys that it is written as. */
export function requestsOf({ layering }: Pick<Origin, 'layering'>): OriginLoss[] {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['[packages] requested', layering.packages],
    ['[packages] requested-local', layering.localPackages],
    ['[packages] requested-local-fileoverride', layering.localFileoverrides],
    ['[modules]', layering.modules],
    ['[overrides] remove', layering.removals],
    ['[overrides] replace', layering.replacements],
    ['[overrides] replace-local', layering.localReplacements],
    ['[rpmostree] initramfs-args', layering.initramfsArgs],
  ];
  return [
    ...lists.filter(([, values]) => values.length > 0).map(([key, values]) => ({ key, values })),
    ...(layering.regenerateInitramfs ? [{ key: '[rpmostree] regenerate-initramfs', values: [] }] : []),
    ...(layering.cliwrap ? [{ key: '[rpmostree] ex-cliwrap', values: [] }] : []),
    ...layering.unknown.map((key) => ({ key, values: [] })),
  ];
}

/** What this version rebuilds on a new tree. */
const rebuilt: readonly string[] = [
  ...['requested', 'requested-local', 'requested-local-fileoverride'].map((key) => `[packages] ${key}`),
  ...['remove', 'replace', 'replace-local'].map((key) => `[overrides] ${key}`),
  ...['regenerate-initramfs', 'initramfs-args', 'initramfs-etc'].map((key) => `[rpmostree] ${key}`),
];

/** What it can't: nothing that replaces the tree may run while there is any. */
export function lossesOf(origin: Pick<Origin, 'layering'>): OriginLoss[] {
  return requestsOf(origin).flatMap(({ key, values }) => {
    // what a newer rpm-ostree may say of where packages come from
    const foreign = key === '[overrides] replace' ? values.filter((value) => !/^repo=[^,]+,./.test(value)) : [];
    return foreign.length > 0 ? [{ key, values: foreign }] : rebuilt.includes(key) ? [] : [{ key, values }];
  });
}

/** `[packages] requested: vim, htop; [rpmostree] regenerate-initramfs` */
export function lossText(losses: readonly OriginLoss[]): string {
  return losses.map(({ key, values }) => (values.length > 0 ? `${key}: ${values.join(', ')}` : key)).join('; ');
}

/** What a deployment follows, as its origin says it: a branch or a container image; '' for neither. */
export const followedBy = ({ refspec, containerImageReference }: Pick<Origin, 'refspec' | 'containerImageReference'>): string =>
  refspec || (containerImageReference ?? '');

/** Signatures of a deployment's commit. That of an image has none: who judged the image isn't noted in it. */
export const knownSignatures = ({ origin, signatures }: Pick<Deployment, 'origin' | 'signatures'>): Deployment['signatures'] | undefined =>
  origin.containerImageReference === undefined ? signatures : undefined;
