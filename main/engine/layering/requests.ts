// SPDX-License-Identifier: LGPL-2.1-or-later
import { KeyFile } from '../../files/index.ts';

/** A package of which the repository holds the files, brought by a person: it stays the one that it was. */
export interface LocalPackage {
  /** `name-[epoch:]version-release.arch` */
  readonly nevra: string;
  /** Hex SHA-256 of its header as its commit below `rpmostree/pkg/` holds it (`rpmostree.metadata_sha256`). */
  readonly sha256: string;
}

/** Packages of the base that come from one repository instead. */
export interface RepoReplacement {
  readonly repo: string;
  readonly packages: readonly string[];
}

/** What an origin asks for on top of its base. */
export interface Requests {
  /** Names, globs, NEVRAs, provides or file paths. */
  readonly packages: readonly string[];
  /** Those of them, and of the local ones, that may be left out where they don't fit the base: somebody preferred an update to them. Treeline's own key. */
  readonly setAside: readonly string[];
  readonly local: readonly LocalPackage[];
  /** Those of them whose files may replace the base's. */
  readonly localFileoverrides: readonly LocalPackage[];
  /** Names of packages of the base that are left out. */
  readonly removals: readonly string[];
  readonly replacements: readonly RepoReplacement[];
  readonly localReplacements: readonly LocalPackage[];
  readonly initramfs: { readonly regenerate: boolean; readonly args: readonly string[] };
}

/** A group that rpm-ostree takes no notice of. */
const own = 'treeline';

/** `[packages]`, `[overrides]` and `[rpmostree]` of an origin, as rpm-ostree's origin.rs reads them. Blank items say nothing. */
export function readRequests(originText: string): Requests {
  const file = new KeyFile(originText);
  const list = (group: string, key: string): string[] => file.list(group, key).filter((item) => item.trim() !== '');
  const unique = (items: readonly string[]): string[] => [...new Set(items)];
  return {
    packages: unique(list('packages', 'requested')),
    setAside: unique(list(own, 'set-aside')),
    local: list('packages', 'requested-local').map(localPackage),
    localFileoverrides: list('packages', 'requested-local-fileoverride').map(localPackage),
    removals: unique(list('overrides', 'remove')),
    replacements: list('overrides', 'replace').map(repoReplacement),
    localReplacements: list('overrides', 'replace-local').map(localPackage),
    initramfs: {
      regenerate: /^(true|1)$/.test(file.get('rpmostree', 'regenerate-initramfs')?.trim() ?? ''),
      args: list('rpmostree', 'initramfs-args'),
    },
  };
}

/** SHA256:NEVRA */
function localPackage(item: string): LocalPackage {
  const [, sha256 = '', nevra = item] = /^([0-9a-f]{64}):(.+)$/.exec(item) ?? [];
  return { sha256, nevra };
}

/** `repo=ID,NAME,NAME`; what says otherwise where packages come from stays as it is, of no repository. */
function repoReplacement(item: string): RepoReplacement {
  const [from = '', ...packages] = item.split(',');
  if (!from.startsWith('repo=')) return { repo: '', packages: item.split(',') };
  return { repo: from.replace(/^repo=/, ''), packages };
}

/** Packages that are to be there, by what set-aside names them: as they were asked for, local ones by their NEVRA. */
export const layeredSpecs = ({
  packages,
  local,
  localFileoverrides,
}: Pick<Requests, 'packages' | 'local' | 'localFileoverrides'>): string[] => [
  ...packages,
  ...[...local, ...localFileoverrides].map(({ nevra }) => nevra),
];

/** True if a tree of this machine's own has to be made of the base. */
export const needOwnTree = (requests: Requests): boolean => needPackages(requests) || requests.initramfs.regenerate;

/** True if it differs in packages. */
export function needPackages({ packages, local, localFileoverrides, removals, replacements, localReplacements }: Requests): boolean {
  return packages.length + local.length + localFileoverrides.length + removals.length + replacements.length + localReplacements.length > 0;
}

/**
 * The origin with these requests in place of its own; everything else stays. A base that something comes onto is named by `baserefspec`, as
 * rpm-ostree does it.
 */
export function writeRequests(originText: string, requests: Requests): string {
  const file = new KeyFile(originText);
  const put = (group: string, key: string, items: readonly string[]): void => {
    // rewriting what is the same would lose how it was written
    if (JSON.stringify(file.list(group, key)) !== JSON.stringify(items)) file.setList(group, key, items);
  };
  const locals = (items: readonly LocalPackage[]): string[] => items.map(({ sha256, nevra }) => (sha256 ? `${sha256}:${nevra}` : nevra));
  put('packages', 'requested', requests.packages);
  put(
    own,
    'set-aside',
    requests.setAside.filter((spec) => layeredSpecs(requests).includes(spec)),
  );
  put('packages', 'requested-local', locals(requests.local));
  put('packages', 'requested-local-fileoverride', locals(requests.localFileoverrides));
  put('overrides', 'remove', requests.removals);
  put(
    'overrides',
    'replace',
    requests.replacements.map(({ repo, packages }) => [...(repo === '' ? [] : [`repo=${repo}`]), ...packages].join(',')),
  );
  put('overrides', 'replace-local', locals(requests.localReplacements));
  put('rpmostree', 'initramfs-args', requests.initramfs.args);
  if (readRequests(originText).initramfs.regenerate !== requests.initramfs.regenerate)
    file.set('rpmostree', 'regenerate-initramfs', requests.initramfs.regenerate ? 'true' : undefined);
  const before = new KeyFile(originText);
  for (const group of ['packages', 'overrides', 'rpmostree', own])
    if (file.keys(group).length === 0 && before.keys(group).length > 0) file.removeGroup(group);
  const refspec = file.get('origin', 'refspec') ?? file.get('origin', 'baserefspec');
  if (refspec !== undefined) {
    const [used, other] = needOwnTree(requests) ? ['baserefspec', 'refspec'] : ['refspec', 'baserefspec'];
    file.set('origin', other, undefined);
    if (file.get('origin', used) !== refspec) file.set('origin', used, refspec);
  }
  return file.text;
}
