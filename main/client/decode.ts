// SPDX-License-Identifier: LGPL-2.1-or-later
import { Variant, type ValueOf } from '../../shared/dbus/index.ts';
import {
  compareEvr,
  inHostOrder,
  isImageReference,
  worstSeverity,
  type Advisory,
  type AvailableUpdate,
  type ChangeKind,
  type CheckState,
  type ClientLayer,
  type CommitMeta,
  type Deployment,
  type Evr,
  type Package,
  type PackageChange,
  type Signature,
} from '../../shared/domain/index.ts';
import { valueIn } from './ask.ts';

/** Dictionaries of a stock rpm-ostreed as domain types: the only place that knows both. What it doesn't tell is missing, or empty where that can't be mistaken. */
export type Dict = Readonly<Record<string, Variant | undefined>>;

const str = (dict: Dict, key: string): string => (typeof dict[key]?.value === 'string' ? dict[key].value : '');
const bool = (dict: Dict, key: string): boolean => dict[key]?.value === true;
const num = (dict: Dict, key: string): number => numberOf(dict[key]?.value);
const numberOf = (value: unknown): number => (typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0);
const list = (dict: Dict, key: string): readonly string[] => valueIn(dict[key], 'as') ?? [];
const unlockedStates = ['none', 'development', 'hotfix', 'transient'] as const;

export function decodeDeployment(dict: Dict, index: number, isRollback: boolean, bootConfig: Dict): Deployment {
  const named = str(dict, 'origin');
  const refspec = isImageReference(named) ? '' : named;
  const image = str(dict, 'container-image-reference') || (refspec === named ? undefined : named);
  const colon = refspec.indexOf(':');
  const unlocked = str(dict, 'unlocked');
  return {
    id: str(dict, 'id'),
    osname: str(dict, 'osname'),
    checksum: str(dict, 'checksum'),
    serial: num(dict, 'serial'),
    bootChecksum: '',
    index,
    booted: bool(dict, 'booted'),
    staged: bool(dict, 'staged'),
    pinned: bool(dict, 'pinned'),
    rollback: isRollback,
    finalizationLocked: bool(dict, 'finalization-locked'),
    unlocked: unlockedStates.find((state) => state === unlocked) ?? 'unknown',
    ...(dict['live-inprogress'] || dict['live-replaced'] ? { live: decodeLive(dict) } : {}),
    version: str(dict, 'version'),
    timestamp: num(dict, 'timestamp'),
    deployedAt: 0,
    origin: {
      refspec,
      remote: colon > 0 ? refspec.slice(0, colon) : '',
      ref: refspec.slice(colon + 1),
      containerImageReference: image,
      layering: {
        packages: list(dict, 'requested-packages'),
        localPackages: list(dict, 'requested-local-packages'),
        localFileoverrides: list(dict, 'requested-local-fileoverride-packages'),
        modules: list(dict, 'requested-modules'),
        removals: list(dict, 'requested-base-removals'),
        replacements: list(dict, 'requested-base-remote-replacements'),
        localReplacements: list(dict, 'requested-base-local-replacements'),
        regenerateInitramfs: bool(dict, 'regenerate-initramfs'),
        initramfsArgs: list(dict, 'initramfs-args'),
        initramfsEtc: list(dict, 'initramfs-etc'),
        cliwrap: bool(dict, 'cliwrap'),
        unknown: [],
      },
      problem: refspec || image ? undefined : 'no-ref',
    },
    signatures: decodeSignatures(dict),
    verified: bool(dict, 'gpg-enabled'),
    kernelArgs: str(bootConfig, 'options') ? str(bootConfig, 'options').split(/\s+/).filter(Boolean) : undefined,
    bootConfig: Object.fromEntries(Object.keys(bootConfig).flatMap((key) => (str(bootConfig, key) ? [[key, str(bootConfig, key)]] : []))),
    baseMeta: decodeMeta(dict['base-commit-meta']),
    ...(str(dict, 'base-checksum') ? { layer: decodeLayer(dict) } : {}),
    commitPresent: true,
  };
}

function decodeLive(dict: Dict): NonNullable<Deployment['live']> {
  return {
    ...(dict['live-replaced'] ? { commit: str(dict, 'live-replaced') } : {}),
    ...(dict['live-inprogress'] ? { inProgress: str(dict, 'live-inprogress') } : {}),
  };
}

function decodeLayer(dict: Dict): ClientLayer {
  return {
    base: {
      checksum: str(dict, 'base-checksum'),
      ...(dict['base-version'] ? { version: str(dict, 'base-version') } : {}),
      ...(dict['base-timestamp'] ? { timestamp: num(dict, 'base-timestamp') } : {}),
    },
    packages: list(dict, 'packages'),
    modules: list(dict, 'modules'),
    meta: decodeMeta(dict['layered-commit-meta']),
  };
}

function decodeMeta(variant: Variant | undefined): CommitMeta {
  const entries = Object.entries(valueIn(variant, 'a{sv}') ?? {});
  return inHostOrder(Object.fromEntries(entries.map(([key, { signature, value }]) => [key, { type: signature, value: metaJson(value) }])));
}

/** As the domain keeps GVariants; a decoded Variant says its type itself. */
function metaJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(metaJson);
  if (value instanceof Variant) return { type: value.signature, value: metaJson(value.value) };
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, metaJson(item)]));
  return value;
}

/** Tuples in the order of OstreeGpgSignatureAttr. */
function decodeSignatures(dict: Dict): Signature[] {
  return (valueIn(dict.signatures, 'av') ?? []).map((variant) => {
    const row = rows(variant.value);
    return {
      type: 'gpg',
      valid: row[0] === true,
      signatureExpired: row[1] === true,
      keyExpired: row[2] === true,
      keyRevoked: row[3] === true,
      keyMissing: row[4] === true,
      keyId: String(row[5] ?? ''),
      fingerprint: String(row[5] ?? ''),
      timeSeconds: numberOf(row[6]),
      userName: String(row[10] ?? ''),
      userEmail: String(row[11] ?? ''),
    };
  });
}

/** CachedUpdate of a stock daemon. It doesn't say when it looked, nor that looking failed, nor how large the update is. */
export function decodeCachedUpdate(dict: Dict): CheckState {
  if (!str(dict, 'checksum')) return { kind: 'never' };
  const diff: Dict | undefined = valueIn(dict['rpm-diff'], 'a{sv}');
  const count = (key: string): number => rows(diff?.[key]?.value).length;
  const security = decodeAdvisories(dict)?.filter(({ kind }) => kind === 'security');
  const update: AvailableUpdate = {
    checksum: str(dict, 'checksum'),
    version: str(dict, 'version'),
    timestamp: num(dict, 'timestamp'),
    refspec: str(dict, 'origin'),
    ...(diff
      ? { counts: { upgraded: count('upgraded'), downgraded: count('downgraded'), added: count('added'), removed: count('removed') } }
      : {}),
    ...(security ? { security: { count: security.length, worst: worstSeverity(security.map(({ severity }) => severity)) } } : {}),
    // without verification nobody has looked
    ...(bool(dict, 'gpg-enabled') ? { signatures: decodeSignatures(dict) } : {}),
    rolledBackFrom: false,
  };
  return { kind: 'available', update };
}

/** libdnf's numbers. */
const advisoryKinds = ['unknown', 'security', 'bugfix', 'enhancement', 'newpackage'] as const;
const severities = ['none', 'low', 'moderate', 'important', 'critical'] as const;

/** a(suuasa{sv}) of a cached update; undefined when the daemon tells none, which may mean that it has no metadata of packages. */
export function decodeAdvisories(dict: Dict): Advisory[] | undefined {
  if (!dict.advisories) return undefined;
  return (valueIn(dict.advisories, 'a(suuasa{sv})') ?? []).map(([id, kind, severity, packages, more]) => ({
    id,
    kind: advisoryKinds[kind] ?? 'unknown',
    severity: severities[severity] ?? 'none',
    title: '',
    description: '',
    issuedSeconds: 0,
    references: (valueIn(more.cve_references, 'a(ss)') ?? []).map(([url, title]) => ({
      kind: 'cve' as const,
      id: /CVE-\d+-\d+/.exec(title)?.[0] ?? title,
      title,
      url,
    })),
    packages,
  }));
}

/** Whatever a daemon sends where a list is expected. */
const rows = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const changeKinds = ['added', 'removed', 'upgraded', 'downgraded'] as const;

/** a(sua{sv}) of the `*RpmDiff` methods. */
export function decodeRpmDiff(diff: ValueOf<'a(sua{sv})'>): PackageChange[] {
  return diff.flatMap(([name, number, dict]) => {
    const side = (key: string): (Evr & { name: string; arch: string }) | undefined => {
      const tuple = valueIn(dict[key], '(sss)');
      return tuple && { ...parseEvr(tuple[1]), name: tuple[0], arch: tuple[2] };
    };
    const [from, to] = [side('PreviousPackage'), side('NewPackage')];
    const kind = changeKinds[number] ?? kindOf(from, to);
    return kind ? [{ kind, name, arch: to?.arch ?? from?.arch ?? '', from, to }] : [];
  });
}

/** A number that later daemons may add: what the two sides say is what happened. */
function kindOf(from: Package | undefined, to: Package | undefined): ChangeKind | undefined {
  if (!from || !to) return to ? 'added' : from ? 'removed' : undefined;
  return compareEvr(from, to) > 0 ? 'downgraded' : 'upgraded';
}

function parseEvr(text: string): Evr {
  const match = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(text);
  return { epoch: Number(match?.[1] ?? 0), version: match?.[2] ?? text, release: match?.[3] ?? '' };
}
