import { z } from 'zod';

const text = z.string();
const texts = z.array(z.string());
const flag = z.boolean();
/** A string, or a list of them. */
const oneOrMore = z.union([text.transform((t) => [t]), texts]);
/** Package names, each entry split at blanks; single quotes keep a version query together. */
const packageList = texts.transform((entries) => entries.flatMap(splitPackages));

/** Split `a b 'c >= 2'` into a, b, `c >= 2`. */
export function splitPackages(entry: string): string[] {
  return [...entry.matchAll(/'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? '').filter((t) => t !== '');
}

/** How a key of an including file joins the same key of the included one: rpm-ostree puts lists together and lets single values win. */
export type Merge = 'replace' | 'append' | 'map';

interface KeySpec {
  readonly schema: z.ZodType;
  readonly merge: Merge;
}

const key = (schema: z.ZodType, merge: Merge = 'replace'): KeySpec => ({ schema, merge });

/** Every supported key with the check of its value (`packages-$arch` is added by the reader). */
export const treefileKeys: Readonly<Record<string, KeySpec>> = {
  ref: key(text.min(1)),
  repos: key(texts, 'append'),
  packages: key(packageList, 'append'),
  'exclude-packages': key(packageList, 'append'),
  recommends: key(flag),
  include: key(oneOrMore),
  releasever: key(z.union([text, z.number().transform(String)])),
  'automatic-version-prefix': key(text.min(1)),
  'automatic-version-suffix': key(text.length(1)),
  'add-commit-metadata': key(z.record(text, z.unknown()), 'map'),
  'mutate-os-release': key(text),
  units: key(texts, 'append'),
  'default-target': key(text.min(1)),
  postprocess: key(texts, 'append'),
  'postprocess-script': key(text.min(1)),
  documentation: key(flag),
  selinux: key(flag),
  rpmdb: key(z.enum(['target', 'host', 'sqlite', 'bdb', 'ndb'])),
  variables: key(z.record(text, z.union([text, z.number(), z.boolean()])), 'map'),
  'boot-location': key(z.enum(['new', 'modules'])),
  'no-initramfs': key(flag),
  'initramfs-args': key(texts, 'append'),
  'machineid-compat': key(flag),
  'tmp-is-dir': key(flag),
  'remove-files': key(texts, 'append'),
  'add-files': key(z.array(z.tuple([text, text])), 'append'),
  'remove-from-packages': key(z.array(z.array(text).min(2)), 'append'),
  'etc-group-members': key(texts, 'append'),
  'preserve-passwd': key(flag),
  'gpg-key': key(text.min(1)),
  container: key(flag),
};

/** Old spellings that rpm-ostree still takes. */
export const aliases: Readonly<Record<string, string>> = {
  gpg_key: 'gpg-key',
  boot_location: 'boot-location',
  default_target: 'default-target',
  automatic_version_prefix: 'automatic-version-prefix',
};

/** Keys of rpm-ostree's treefile that Treeline doesn't have yet: named as such, never ignored. */
export const unsupportedKeys: ReadonlySet<string> = new Set([
  'edition',
  'metadata',
  'basearch',
  'repovars',
  'rojig',
  'lockfile-repos',
  'repo-metadata',
  'advisories-metadata',
  'arch-include',
  'conditional-include',
  'repo-packages',
  'bootstrap-packages',
  'ostree-layers',
  'ostree-override-layers',
  'platform-module',
  'install-langs',
  'container-cmd',
  'selinux-label-version',
  'ima',
  'ignore-devices',
  'sysusers',
  'opt-usrlocal',
  'readonly-executables',
  'cliwrap',
  'cliwrap-binaries',
  'check-passwd',
  'check-groups',
  'ignore-removed-users',
  'ignore-removed-groups',
  'rpmdb-normalize',
  'base-refspec',
  'container-image-reference',
  'packages-local',
  'packages-local-fileoverride',
  'override-remove',
  'ex-override-replace',
  'override-replace-local',
  'initramfs',
  'custom',
  'override-commit',
  'unconfigured-state',
]);

/** The nearest known key by edit distance, if it is near enough to be a slip. */
export function nearestKey(unknown: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(unknown.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(unknown.toLowerCase(), candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
