// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  baseOf,
  imageDigest,
  remoteErrorOf,
  severityNumber,
  signatureTuples,
  type AvailableUpdate,
  type CheckState,
  type ClientLayer,
  type CommitMeta,
  type Deployment,
  type HostSnapshot,
  type MetaValue,
  type PackageChange,
  type UpdateDetails,
} from '../../../shared/domain/index.ts';

/** `status --json` in the shape of rpm-ostree's, so that scripts made for it go on working. */
export function statusJson(snapshot: HostSnapshot, details: UpdateDetails | undefined, deployments = snapshot.deployments): object {
  const update = pendingUpdate(snapshot.check);
  const base =
    snapshot.deployments.find((deployment) => deployment.booted) ?? snapshot.deployments.find((deployment) => !deployment.staged);
  return {
    deployments: deployments.map((deployment) => deploymentJson(deployment, update)),
    transaction: snapshot.job ? [snapshot.job.method, snapshot.job.owner, snapshot.osname] : null,
    'cached-update': update ? cachedUpdateJson(snapshot.osname, update, details, base) : null,
    ...(snapshot.problem ? { problem: snapshot.problem } : {}),
    'update-driver': snapshot.updateDriver === undefined ? null : { 'driver-name': snapshot.updateDriver },
  };
}

/** The update that is there to take, also when the latest check failed after an earlier one had found it. */
export function pendingUpdate(check: CheckState): AvailableUpdate | undefined {
  if (check.kind === 'available') return check.update;
  return check.kind === 'failed' ? check.last : undefined;
}

/** A commit without a version has no such key, as with rpm-ostree. */
const versionKey = (prefix: string, version: string | undefined): object => (version ? { [`${prefix}version`]: version } : {});

function deploymentJson(deployment: Deployment, pending: AvailableUpdate | undefined): object {
  const { origin, layer } = deployment;
  const { layering } = origin;
  const remoteError = remoteErrorOf(deployment);
  const told = (key: string): unknown => plainMeta(layer?.meta[`rpmostree.${key}`]);
  return {
    id: deployment.id,
    osname: deployment.osname,
    serial: deployment.serial,
    checksum: deployment.checksum,
    ...versionKey('', deployment.version),
    timestamp: deployment.timestamp,
    booted: deployment.booted,
    staged: deployment.staged,
    pinned: deployment.pinned,
    'finalization-locked': deployment.finalizationLocked,
    unlocked: deployment.unlocked,
    ...(deployment.live?.inProgress === undefined ? {} : { 'live-inprogress': deployment.live.inProgress }),
    ...(deployment.live?.commit === undefined ? {} : { 'live-replaced': deployment.live.commit }),
    'gpg-enabled': deployment.verified,
    ...(origin.refspec ? { origin: origin.refspec } : {}),
    ...(origin.containerImageReference
      ? { 'container-image-reference': origin.containerImageReference, 'container-image-reference-digest': imageDigest(deployment) }
      : {}),
    ...(origin.customUrl ? { 'custom-origin': [origin.customUrl, origin.customDescription ?? ''] } : {}),
    ...(remoteError === undefined ? {} : { 'remote-error': remoteError }),
    ...(deployment.verified ? { signatures: signatureTuples(deployment.signatures) } : {}),
    ...(deployment.booted && pending && pending.checksum !== baseOf(deployment).checksum
      ? {
          'pending-base-checksum': pending.checksum,
          ...versionKey('pending-base-', pending.version),
          'pending-base-timestamp': pending.timestamp,
        }
      : {}),
    'base-commit-meta': metaJson(deployment.baseMeta),
    ...(layer ? layerJson(layer) : {}),
    packages: layer?.packages ?? [],
    modules: layer?.modules ?? [],
    'requested-packages': layering.packages,
    'requested-local-packages': layering.localPackages,
    'requested-local-fileoverride-packages': layering.localFileoverrides,
    'requested-modules': layering.modules,
    'requested-base-removals': layering.removals,
    'requested-base-local-replacements': layering.localReplacements,
    'requested-base-remote-replacements': layering.replacements,
    'base-removals': told('removed-base-packages') ?? [],
    'base-local-replacements': told('replaced-base-packages') ?? [],
    'base-remote-replacements': told('replaced-base-remote-packages') ?? {},
    'regenerate-initramfs': layering.regenerateInitramfs,
    'initramfs-args': layering.initramfsArgs,
    'initramfs-etc': layering.initramfsEtc,
    ...(layering.cliwrap ? { cliwrap: true } : {}),
  };
}

function layerJson({ base, meta }: ClientLayer): object {
  return {
    'base-checksum': base.checksum,
    ...versionKey('base-', base.version),
    ...(base.timestamp === undefined ? {} : { 'base-timestamp': base.timestamp }),
    'layered-commit-meta': metaJson(meta),
  };
}

const metaJson = (meta: CommitMeta): object => Object.fromEntries(Object.entries(meta).map(([key, value]) => [key, plainMeta(value)]));

/** A GVariant as GLib's JSON has it: without types, byte strings as numbers. */
export function plainMeta(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainMeta);
  if (typeof value !== 'object' || value === null) return value;
  if (isMeta(value)) return value.type === 'ay' ? [...Buffer.from(String(value.value), 'base64')] : plainMeta(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainMeta(item)]));
}

const isMeta = (value: object): value is MetaValue => 'type' in value && 'value' in value && Object.keys(value).length === 2;

/** DnfAdvisoryKind of libdnf. */
const advisoryKinds = ['unknown', 'security', 'bugfix', 'enhancement', 'newpackage'] as const;
const evr = (pkg: { epoch: number; version: string; release: string }): string =>
  `${pkg.epoch ? `${pkg.epoch}:` : ''}${pkg.version}-${pkg.release}`;

function cachedUpdateJson(
  osname: string,
  update: AvailableUpdate,
  details: UpdateDetails | undefined,
  base: Deployment | undefined,
): object {
  const changes = details?.packages ?? [];
  const two = (kind: PackageChange['kind']): unknown[] =>
    changes.flatMap(({ kind: is, name, from, to }) =>
      is === kind && from && to ? [[0, name, [evr(from), from.arch], [evr(to), to.arch]]] : [],
    );
  const one = (kind: PackageChange['kind']): unknown[] =>
    changes.flatMap(({ kind: is, name, from, to }) => {
      const pkg = from ?? to;
      return is === kind && pkg ? [[0, name, evr(pkg), pkg.arch]] : [];
    });
  return {
    osname,
    checksum: update.checksum,
    version: update.version,
    timestamp: update.timestamp,
    origin: update.refspec,
    'gpg-enabled': base?.verified ?? false,
    ...(base?.verified && update.signatures ? { signatures: signatureTuples(update.signatures) } : {}),
    'ref-has-new-commit': true,
    'update-sha256': base?.checksum ?? '',
    deployment: base?.id ?? '',
    // without a list of packages nothing is known of what changes
    ...(details && details.source !== 'none'
      ? { 'rpm-diff': { upgraded: two('upgraded'), downgraded: two('downgraded'), removed: one('removed'), added: one('added') } }
      : {}),
    ...(details && details.advisories.length > 0
      ? {
          advisories: details.advisories.map((advisory) => [
            advisory.id,
            advisoryKinds.indexOf(advisory.kind),
            severityNumber(advisory.severity),
            advisory.packages,
            { cve_references: advisory.references.filter((cve) => cve.kind === 'cve').map((cve) => [cve.url, cve.title || cve.id]) },
          ]),
        }
      : {}),
  };
}
