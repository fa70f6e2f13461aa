import type { Variant } from '../../shared/dbus/index.ts';
import type { AvailableUpdate, CheckState, CommitMeta, Deployment, Evr, PackageChange, Signature } from '../../shared/domain/index.ts';

/** Dictionaries of a stock rpm-ostreed as domain types: the only place that knows both. What it doesn't tell is empty. */
export type Dict = Readonly<Record<string, Variant | undefined>>;

const str = (dict: Dict, key: string): string => (typeof dict[key]?.value === 'string' ? (dict[key].value as string) : '');
const bool = (dict: Dict, key: string): boolean => dict[key]?.value === true;
const num = (dict: Dict, key: string): number => Number((dict[key]?.value as number | bigint | undefined) ?? 0);
const list = (dict: Dict, key: string): string[] => (Array.isArray(dict[key]?.value) ? (dict[key].value as string[]) : []);
const unlockedStates = ['none', 'development', 'hotfix', 'transient'] as const;

export function decodeDeployment(dict: Dict, index: number, isRollback: boolean, bootConfig: Dict): Deployment {
  const refspec = str(dict, 'origin');
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
    version: str(dict, 'version'),
    timestamp: num(dict, 'timestamp'),
    deployedAt: 0,
    origin: {
      refspec,
      remote: colon > 0 ? refspec.slice(0, colon) : '',
      ref: refspec.slice(colon + 1),
      containerImageReference: str(dict, 'container-image-reference') || undefined,
      requestedPackages: list(dict, 'requested-packages'),
      problem: refspec || str(dict, 'container-image-reference') ? undefined : 'no-ref',
    },
    signatures: decodeSignatures(dict),
    verified: bool(dict, 'gpg-enabled'),
    kernelArgs: str(bootConfig, 'options') ? str(bootConfig, 'options').split(/\s+/).filter(Boolean) : undefined,
    bootConfig: Object.fromEntries(Object.keys(bootConfig).flatMap((key) => (str(bootConfig, key) ? [[key, str(bootConfig, key)]] : []))),
    commitMeta: decodeMeta((dict['base-commit-meta']?.value ?? {}) as Dict),
    commitPresent: true,
  };
}

function decodeMeta(dict: Dict): CommitMeta {
  const pkglist = dict['rpmostree.rpmdb.pkglist']?.value as CommitMeta['pkglist'];
  return { version: str(dict, 'version') || undefined, inputhash: str(dict, 'rpmostree.inputhash') || undefined, pkglist };
}

/** Tuples in the order of OstreeGpgSignatureAttr. */
function decodeSignatures(dict: Dict): Signature[] {
  return ((dict.signatures?.value ?? []) as Variant[]).map((variant) => {
    const row = variant.value as unknown[];
    return {
      type: 'gpg',
      valid: row[0] === true,
      signatureExpired: row[1] === true,
      keyExpired: row[2] === true,
      keyRevoked: row[3] === true,
      keyMissing: row[4] === true,
      keyId: String(row[5] ?? ''),
      fingerprint: String(row[5] ?? ''),
      timeSeconds: Number(row[6] ?? 0),
      userName: String(row[10] ?? ''),
      userEmail: String(row[11] ?? ''),
    };
  });
}

/** CachedUpdate of a stock daemon. It doesn't say when it looked, nor that looking failed. */
export function decodeCachedUpdate(dict: Dict): CheckState {
  if (!str(dict, 'checksum')) return { kind: 'never' };
  const diff = (dict['rpm-diff']?.value ?? {}) as Dict;
  const count = (key: string): number => ((diff[key]?.value ?? []) as unknown[]).length;
  const advisories = (dict.advisories?.value ?? []) as [string, number, number][];
  const security = advisories.filter(([, kind]) => kind === 1);
  const worst = Math.max(0, ...security.map(([, , severity]) => severity));
  const update: AvailableUpdate = {
    checksum: str(dict, 'checksum'),
    version: str(dict, 'version'),
    timestamp: num(dict, 'timestamp'),
    refspec: str(dict, 'origin'),
    counts: { upgraded: count('upgraded'), downgraded: count('downgraded'), added: count('added'), removed: count('removed') },
    security: { count: security.length, worst: (['none', 'low', 'moderate', 'important', 'critical'] as const)[worst] ?? 'none' },
    sizes: { downloadBytes: 0, downloadExact: false, downloadObjects: 0, diskBytes: 0, installedDeltaBytes: 0, freeBytes: 0 },
    signatures: decodeSignatures(dict),
    rolledBackFrom: false,
  };
  return { kind: 'available', checkedAt: 0, update };
}

const changeKinds = ['added', 'removed', 'upgraded', 'downgraded'] as const;

/** a(sua{sv}) of the `*RpmDiff` methods. */
export function decodeRpmDiff(rows: readonly (readonly [string, number, Dict])[]): PackageChange[] {
  return rows.map(([name, kind, dict]) => {
    const side = (key: string): (Evr & { name: string; arch: string }) | undefined => {
      const tuple = dict[key]?.value as [string, string, string] | undefined;
      return tuple && { ...parseEvr(tuple[1]), name: tuple[0], arch: tuple[2] };
    };
    const [from, to] = [side('PreviousPackage'), side('NewPackage')];
    return { kind: changeKinds[kind] ?? 'upgraded', name, arch: to?.arch ?? from?.arch ?? '', from, to };
  });
}

function parseEvr(text: string): Evr {
  const match = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(text);
  return { epoch: Number(match?.[1] ?? 0), version: match?.[2] ?? text, release: match?.[3] ?? '' };
}
