// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { knownFields } from '../../../files/index.ts';
import { machineArch } from '../../base/names/machine-arch.ts';
import { nearestKey } from '../../base/names/nearest-key.ts';
import { handOver, takenOver, type HandedTreefile } from './treefile-handover.ts';
import { finalizeScripts, placeIn, TreefileLoader, valueIn, variablesOf, type Merged, type MergedValue } from './treefile-merge.ts';
import type { PostprocessStep, RepoPackages } from './treefile-merge.ts';
import type { TreefileKeyName } from './treefile-keys.ts';
import type { Place } from './treefile-parse.ts';
import type { UserCheck } from './user-check.ts';
import { substitute } from './variables.ts';
import { unknownDateField } from './version.ts';

/** A treefile with its includes merged, checked and substituted. Paths are absolute. */
export interface Treefile {
  readonly path: string;
  readonly edition: 2014 | 2024;
  /** '' when it names none: then a commit is one that no branch points at. */
  readonly ref: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly rojig?: Readonly<Record<string, string>>;
  readonly basearch: string;
  /** With the built-in ones. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly repovars: Readonly<Record<string, string>>;
  /** Empty: all that the .repo files enable. */
  readonly repos: readonly string[];
  readonly lockfileRepos: readonly string[];
  readonly repoMetadata: MetadataPlace;
  readonly advisoriesMetadata: MetadataPlace;
  readonly packages: readonly string[];
  readonly repoPackages: readonly RepoPackages[];
  /** Branches to put over the packages. */
  readonly ostreeLayers: readonly string[];
  readonly ostreeOverrideLayers: readonly string[];
  readonly excludePackages: readonly string[];
  readonly recommends: boolean;
  readonly platformModule?: string;
  readonly releasever: string;
  readonly automaticVersionPrefix?: string;
  readonly automaticVersionSuffix: string;
  readonly addCommitMetadata: Readonly<Record<string, unknown>>;
  readonly mutateOsRelease?: string;
  readonly units: readonly string[];
  readonly defaultTarget?: string;
  /** Inline scripts and script files, in the order they run: those of included files first. */
  readonly postprocess: readonly PostprocessStep[];
  /** Programs that this machine runs in the finished tree (finalize.d of edition 2024), in their order. */
  readonly finalize: readonly string[];
  readonly documentation: boolean;
  readonly selinux: boolean;
  readonly bootLocation: 'new' | 'modules' | 'kernel-install';
  readonly noInitramfs: boolean;
  readonly initramfsArgs: readonly string[];
  readonly machineidCompat: boolean;
  readonly tmpIsDir: boolean;
  readonly removeFiles: readonly string[];
  readonly addFiles: readonly { readonly source: string; readonly target: string; readonly place: Place }[];
  readonly removeFromPackages: readonly (readonly [name: string, ...patterns: string[]])[];
  readonly etcGroupMembers: readonly string[];
  readonly preservePasswd: boolean;
  readonly gpgKey?: string;
  /** A tree without kernel. */
  readonly container: boolean;
  readonly containerCmd: readonly string[];
  readonly optUsrlocal: 'var' | 'root' | 'state-overlay';
  readonly installLangs: readonly string[];
  readonly rpmdb: 'target' | 'host' | 'sqlite' | 'ndb';
  readonly rpmdbNormalize: boolean;
  readonly cliwrap: boolean;
  readonly cliwrapBinaries: readonly string[];
  readonly readonlyExecutables: boolean;
  readonly checkPasswd: UserCheck;
  readonly checkGroups: UserCheck;
  readonly ignoreRemovedUsers: readonly string[];
  readonly ignoreRemovedGroups: readonly string[];
  readonly sysusers: 'compose-auto' | 'compose-forced';
  readonly ima: boolean;
  readonly ignoreDevices: boolean;
  readonly selinuxLabelVersion: number;
  /** Every file read, for the input hash. */
  readonly files: readonly { readonly path: string; readonly digest: string }[];
  /** Those of the named files that are written as absolute paths. */
  readonly absolute: ReadonlySet<string>;
  /** What is ignored, with its place and why. */
  readonly warnings: readonly ErrorReport[];
  /** Where a key, or a package of a list, was written. */
  placeOf(key: string, item?: string): Place | undefined;
}

/** In the commit, beside it, or nowhere. */
export type MetadataPlace = 'inline' | 'detached' | 'disabled';

/** What a caller needs a treefile to say. */
export interface TreefileNeeds {
  /** False: the packages are there already. */
  readonly packages?: boolean;
}

/**
 * Load a treefile with its includes. `draft`: its content as an editor has it. Errors: see parseTreefile, and treefile.include,
 * treefile.missing-key, not-supported (another architecture).
 */
export function loadTreefile(file: string, draft?: string, needs: TreefileNeeds = {}): Treefile {
  const absolute = path.resolve(file);
  return finish(absolute, file, takenOver(file, draft) ?? new TreefileLoader().load(absolute, file, draft), needs);
}

/** As loadTreefile, with what another process needs to load it without reading it. */
export function loadForOthers(file: string, draft?: string, needs: TreefileNeeds = {}): { treefile: Treefile; handed: HandedTreefile } {
  const absolute = path.resolve(file);
  const merged = new TreefileLoader().load(absolute, file, draft);
  return { handed: handOver(file, draft, merged), treefile: finish(absolute, file, merged, needs) };
}

/** Keys whose values are of a kind. */
type KeyOf<T> = { [K in TreefileKeyName]: MergedValue<K> extends T ? K : never }[TreefileKeyName];

function finish(absolute: string, display: string, merged: Merged, needs: TreefileNeeds): Treefile {
  const { places } = merged;
  const variables = variablesOf(merged);
  const get = <K extends TreefileKeyName>(key: K): MergedValue<K> | undefined => valueIn(merged, key);
  const placeOf = (key: string, item?: string): Place | undefined => placeIn(places, key, item);
  const missing = (key: string): TreelineError => {
    // in JSON an unknown key is no error: it may be this one, misspelt
    const slip = merged.warnings.find((w) => w.key !== undefined && nearestKey(w.key, [key]) === key);
    const hint = slip ? `Line ${slip.line ?? 0} has “${slip.key ?? ''}”.` : '';
    return new TreelineError('treefile.missing-key', { file: display, key, facts: { hint } });
  };
  const expand = (key: string, text: string): string => substitute(text, variables, { ...placeOf(key), key });
  const string = (key: KeyOf<string>): string | undefined => {
    const value = get(key);
    return value === undefined ? undefined : expand(key, value);
  };
  /** Strings of a map's own values; what is deeper stays as it is. */
  const map = (key: KeyOf<object>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(get(key) ?? {}).map(([k, v]: [string, unknown]) => [k, typeof v === 'string' ? expand(key, v) : v]));
  const list = (key: KeyOf<string[]>): string[] => [...new Set(get(key))];
  const flag = (key: KeyOf<boolean>, otherwise: boolean): boolean => get(key) ?? otherwise;
  const basearch = get('basearch');
  if (basearch !== undefined && basearch !== machineArch)
    throw new TreelineError('not-supported', {
      ...placeOf('basearch'),
      key: 'basearch',
      subject: `Composing for ${basearch} on ${machineArch}`,
    });
  const rojig =
    get('rojig') &&
    Object.fromEntries(Object.entries(get('rojig') ?? {}).flatMap(([k, v]) => (v === undefined ? [] : [[k, expand('rojig', v)] as const])));
  const ref = string('ref') ?? '';
  const edition = get('edition') === 2024 ? 2024 : 2014;
  const container = flag('container', false);
  const repoPackages = get('repo-packages') ?? [];
  const ostreeLayers = list('ostree-layers');
  if (needs.packages !== false && list('packages').length + repoPackages.length + ostreeLayers.length === 0) throw missing('packages');
  const script = get('postprocess-script');
  const versionPrefix = string('automatic-version-prefix');
  const wrongField = unknownDateField(versionPrefix ?? '');
  if (wrongField !== undefined)
    throw new TreelineError('treefile.invalid-value', {
      ...placeOf('automatic-version-prefix'),
      key: 'automatic-version-prefix',
      detail: `“${wrongField}” is no field of a date, such as %Y, %m and %d are`,
    });
  const platformModule = string('platform-module');
  if (platformModule !== undefined && !/^[^:\s]+:[^:\s]+$/.test(platformModule))
    throw new TreelineError('treefile.invalid-value', {
      ...placeOf('platform-module'),
      key: 'platform-module',
      detail: 'it must be a name and a stream, such as platform:el8',
    });
  const rpmdb = get('rpmdb') ?? 'target';
  const units = list('units');
  const machineidCompat = flag('machineid-compat', true);
  if (units.length > 0 && !machineidCompat)
    throw new TreelineError('treefile.invalid-value', {
      ...placeOf('units'),
      key: 'units',
      detail:
        'it doesn’t go with “machineid-compat: false”: without a machine-id systemd enables and disables by preset at the first start',
    });
  return {
    path: absolute,
    edition,
    ref,
    metadata: map('metadata'),
    ...knownFields({ rojig }),
    basearch: machineArch,
    variables,
    repovars: get('repovars') ?? {},
    repos: list('repos'),
    lockfileRepos: list('lockfile-repos'),
    repoMetadata: get('repo-metadata') ?? 'inline',
    advisoriesMetadata: get('advisories-metadata') ?? 'inline',
    packages: list('packages'),
    repoPackages,
    excludePackages: list('exclude-packages'),
    ostreeLayers,
    ostreeOverrideLayers: list('ostree-override-layers'),
    recommends: flag('recommends', true),
    ...knownFields({ platformModule }),
    releasever: get('releasever') ?? '',
    ...knownFields({ automaticVersionPrefix: versionPrefix }),
    automaticVersionSuffix: get('automatic-version-suffix') ?? '.',
    addCommitMetadata: map('add-commit-metadata'),
    ...knownFields({ mutateOsRelease: string('mutate-os-release') }),
    units,
    ...knownFields({ defaultTarget: get('default-target') }),
    postprocess: [...(get('postprocess') ?? []), ...(script ? [script] : [])],
    finalize: edition === 2024 ? finalizeScripts(merged.directories) : [],
    documentation: flag('documentation', true),
    selinux: flag('selinux', !container),
    bootLocation: get('boot-location') ?? (edition === 2024 ? 'modules' : 'new'),
    noInitramfs: flag('no-initramfs', false),
    initramfsArgs: get('initramfs-args') ?? [],
    machineidCompat,
    tmpIsDir: flag('tmp-is-dir', container || edition === 2024),
    removeFiles: list('remove-files'),
    addFiles: get('add-files') ?? [],
    removeFromPackages: (get('remove-from-packages') ?? []).map(([name = '', ...patterns]) => [name, ...patterns] as const),
    etcGroupMembers: list('etc-group-members'),
    preservePasswd: flag('preserve-passwd', true),
    container,
    containerCmd: get('container-cmd') ?? [],
    optUsrlocal: optUsrlocalOf(get('opt-usrlocal'), flag('opt-usrlocal-overlays', false)),
    installLangs: list('install-langs'),
    // an old name of a format that the tree's own rpm doesn't have any more
    rpmdb: rpmdb === 'bdb' || rpmdb === 'b-d-b' ? 'target' : rpmdb,
    rpmdbNormalize: flag('rpmdb-normalize', false),
    cliwrap: flag('cliwrap', false),
    cliwrapBinaries: list('cliwrap-binaries'),
    readonlyExecutables: flag('readonly-executables', false),
    checkPasswd: get('check-passwd') ?? { type: 'previous' },
    checkGroups: get('check-groups') ?? { type: 'previous' },
    ignoreRemovedUsers: list('ignore-removed-users'),
    ignoreRemovedGroups: list('ignore-removed-groups'),
    sysusers: get('sysusers') ?? 'compose-auto',
    ima: flag('ima', false),
    ignoreDevices: flag('ignore-devices', true),
    selinuxLabelVersion: get('selinux-label-version') ?? 1,
    ...knownFields({ gpgKey: get('gpg-key') }),
    files: merged.files,
    warnings: merged.warnings,
    absolute: merged.absolute,
    placeOf,
  };
}

const optUsrlocalOf = (written: MergedValue<'opt-usrlocal'> | undefined, overlays: boolean): Treefile['optUsrlocal'] =>
  (written === 'stateoverlay' ? 'state-overlay' : written) ?? (overlays ? 'state-overlay' : 'var');
