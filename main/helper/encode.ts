// SPDX-License-Identifier: LGPL-2.1-or-later
import { Variant, type ValueOf } from '../../shared/dbus/index.ts';
import {
  baseOf,
  imageDigest,
  inNetworkOrder,
  remoteErrorOf,
  severityNumber,
  signatureTuples,
  type Advisory,
  type CheckState,
  type ClientLayer,
  type Deployment,
  type Package,
  type PackageChange,
  type Signature,
  type UpdateDetails,
} from '../../shared/domain/index.ts';

import { metaDict, variantOf } from './meta-variant.ts';

export type Dict = Record<string, Variant>;

const s = (value: string): Variant => new Variant('s', value);
const b = (value: boolean): Variant => new Variant('b', value);
const t = (value: number): Variant => new Variant('t', BigInt(Math.max(0, Math.floor(value))));
const as = (value: readonly string[]): Variant => new Variant('as', [...value]);
/** A commit without a version has no such key, as with rpm-ostreed. Its time has always one: stock clients stop where it is missing. */
const versionKey = (prefix: string, version: string | undefined): Dict => (version ? { [`${prefix}version`]: s(version) } : {});

/** `[epoch:]version-release`, epoch 0 left out, as rpm-ostree's clients expect it. */
export function evrText(pkg: Package): string {
  return `${pkg.epoch ? `${pkg.epoch}:` : ''}${pkg.version}-${pkg.release}`;
}

/** rpm-ostree's dictionary of a deployment, with all keys its known clients read, empty ones included. */
export function deploymentDict(deployment: Deployment, pending?: { checksum: string; version: string; timestamp: number }): Dict {
  const { origin, layer } = deployment;
  const { layering } = origin;
  const dict: Dict = {
    id: s(deployment.id),
    osname: s(deployment.osname),
    serial: new Variant('i', deployment.serial),
    checksum: s(deployment.checksum),
    ...versionKey('', deployment.version),
    timestamp: t(deployment.timestamp),
    booted: b(deployment.booted),
    staged: b(deployment.staged),
    pinned: b(deployment.pinned),
    'finalization-locked': b(deployment.finalizationLocked),
    unlocked: s(deployment.unlocked),
    ...(deployment.live?.inProgress === undefined ? {} : { 'live-inprogress': s(deployment.live.inProgress) }),
    ...(deployment.live?.commit === undefined ? {} : { 'live-replaced': s(deployment.live.commit) }),
    'gpg-enabled': b(deployment.verified),
    'base-commit-meta': new Variant('a{sv}', metaDict(inNetworkOrder(deployment.baseMeta))),
    ...layerKeys(layer),
    'requested-packages': as(layering.packages),
    'requested-local-packages': as(layering.localPackages),
    'requested-local-fileoverride-packages': as(layering.localFileoverrides),
    'requested-modules': as(layering.modules),
    'requested-base-removals': as(layering.removals),
    'requested-base-local-replacements': as(layering.localReplacements),
    'requested-base-remote-replacements': as(layering.replacements),
    'regenerate-initramfs': b(layering.regenerateInitramfs),
    'initramfs-args': as(layering.initramfsArgs),
    'initramfs-etc': as(layering.initramfsEtc),
    ...(layering.cliwrap ? { cliwrap: b(true) } : {}),
  };
  if (origin.refspec) dict.origin = s(origin.refspec);
  if (origin.containerImageReference) {
    dict['container-image-reference'] = s(origin.containerImageReference);
    const digest = imageDigest(deployment);
    if (digest !== undefined) dict['container-image-reference-digest'] = s(digest);
  }
  const remoteError = remoteErrorOf(deployment);
  if (remoteError !== undefined) dict['remote-error'] = s(remoteError);
  if (origin.customUrl) dict['custom-origin'] = new Variant('(ss)', [origin.customUrl, origin.customDescription ?? '']);
  if (deployment.verified) dict.signatures = signaturesVariant(deployment.signatures);
  if (deployment.booted && pending && pending.checksum !== baseOf(deployment).checksum) {
    dict['pending-base-checksum'] = s(pending.checksum);
    Object.assign(dict, versionKey('pending-base-', pending.version));
    dict['pending-base-timestamp'] = t(pending.timestamp);
  }
  return dict;
}

const signaturesVariant = (signatures: readonly Signature[]): Variant =>
  new Variant(
    'av',
    signatureTuples(signatures).map(
      (row) =>
        new Variant(
          '(bbbbbsxxsssssxx)',
          row.map((value) => (typeof value === 'number' ? BigInt(value) : value)),
        ),
    ),
  );

/** What rpm-ostree tells of a client layer; the lists are there for every deployment. */
function layerKeys(layer: ClientLayer | undefined): Dict {
  const told = (key: string, type: string): Variant => {
    const value = layer?.meta[`rpmostree.${key}`];
    return value?.type === type ? variantOf(value) : new Variant(type, type === 'a{sv}' ? {} : []);
  };
  const { checksum, version, timestamp } = layer?.base ?? {};
  return {
    ...(layer && checksum !== undefined
      ? { 'base-checksum': s(checksum), 'layered-commit-meta': new Variant('a{sv}', metaDict(layer.meta)) }
      : {}),
    ...versionKey('base-', version),
    ...(timestamp === undefined ? {} : { 'base-timestamp': t(timestamp) }),
    packages: as(layer?.packages ?? []),
    modules: as(layer?.modules ?? []),
    'base-removals': told('removed-base-packages', 'av'),
    'base-local-replacements': told('replaced-base-packages', 'a(vv)'),
    'base-remote-replacements': told('replaced-base-remote-packages', 'a{sv}'),
  };
}

/** 0 added, 1 removed, 2 upgraded, 3 downgraded. */
const changeNumber = { added: 0, removed: 1, upgraded: 2, downgraded: 3 } as const;

/** a(sua{sv}) of the `*RpmDiff` methods. */
export function rpmDiffRows(changes: readonly PackageChange[]): ValueOf<'a(sua{sv})'> {
  return changes.map((change) => {
    const dict: Dict = {};
    if (change.from) dict.PreviousPackage = new Variant('(sss)', [change.name, evrText(change.from), change.from.arch]);
    if (change.to) dict.NewPackage = new Variant('(sss)', [change.name, evrText(change.to), change.to.arch]);
    return [change.name, changeNumber[change.kind], dict];
  });
}

/** Type 0 = a package of the base, as opposed to a layered one. */
const basePackage = 0;

function rpmDiffDict(changes: readonly PackageChange[]): Dict {
  const two = (kind: PackageChange['kind']): unknown[] =>
    changes.flatMap(({ kind: is, name, from, to }) =>
      is === kind && from && to ? [[basePackage, name, [evrText(from), from.arch], [evrText(to), to.arch]]] : [],
    );
  const one = (kind: PackageChange['kind']): unknown[] =>
    changes.flatMap(({ kind: is, name, from, to }) => {
      const pkg = from ?? to;
      return is === kind && pkg ? [[basePackage, name, evrText(pkg), pkg.arch]] : [];
    });
  return {
    upgraded: new Variant('a(us(ss)(ss))', two('upgraded')),
    downgraded: new Variant('a(us(ss)(ss))', two('downgraded')),
    removed: new Variant('a(usss)', one('removed')),
    added: new Variant('a(usss)', one('added')),
  };
}

/** DnfAdvisoryKind of libdnf. */
const advisoryKinds = ['unknown', 'security', 'bugfix', 'enhancement', 'newpackage'] as const;

function advisoryRow(advisory: Advisory): unknown[] {
  const cves = advisory.references.filter((reference) => reference.kind === 'cve').map((cve) => [cve.url, cve.title || cve.id]);
  const dict: Dict = cves.length > 0 ? { cve_references: new Variant('a(ss)', cves) } : {};
  return [advisory.id, advisoryKinds.indexOf(advisory.kind), severityNumber(advisory.severity), [...advisory.packages], dict];
}

/** The CachedUpdate property; empty when there is no update. `base` is what the difference is relative to. */
export function cachedUpdateDict(
  osname: string,
  check: CheckState,
  details: UpdateDetails | undefined,
  base: Deployment | undefined,
): Dict {
  const update = check.kind === 'available' ? check.update : check.kind === 'failed' ? check.last : undefined;
  if (!update) return {};
  const dict: Dict = {
    osname: s(osname),
    checksum: s(update.checksum),
    ...versionKey('', update.version),
    timestamp: t(update.timestamp),
    origin: s(update.refspec),
    'gpg-enabled': b(base?.verified ?? false),
    'ref-has-new-commit': b(true),
    'rpm-diff': new Variant('a{sv}', rpmDiffDict(details?.packages ?? [])),
    'update-sha256': s(base?.checksum ?? ''),
    deployment: s(base?.id ?? ''),
  };
  if (base?.verified && update.signatures) dict.signatures = signaturesVariant(update.signatures);
  if (details && details.advisories.length > 0) dict.advisories = new Variant('a(suuasa{sv})', details.advisories.map(advisoryRow));
  return dict;
}

/** Keys of the boot loader entry, as GetDeploymentBootConfig gives them. */
export function bootConfigDict(deployment: Deployment): Dict {
  const dict: Dict = { staged: b(deployment.staged) };
  for (const [key, value] of Object.entries(deployment.bootConfig)) dict[key] = s(value);
  if (!dict.options && deployment.kernelArgs) dict.options = s(deployment.kernelArgs.join(' '));
  return dict;
}
