// SPDX-License-Identifier: LGPL-2.1-or-later
/** What is done at a place of a tree from outside of the sandbox. */
export type Operation = 'look' | 'list' | 'read' | 'write' | 'make' | 'move' | 'copy' | 'remove' | 'mode';

export interface TreePlace {
  /** Paths in the tree; `*` stands for one name, `**` for any number of them. */
  readonly paths: readonly string[];
  readonly does: readonly Operation[];
  /** Beyond so many bytes a file isn't read. */
  readonly limitBytes?: number;
}

/** Text files that compose reads: the largest that a distribution has (file_contexts) is about half a megabyte. */
export const defaultLimitBytes = 16 << 20;
/** A kernel with its initramfs, and what packages give to others than root. */
const largeBytes = 4 * 2 ** 30;

const machineState = ['var/**', 'run/**', 'home/**', 'root/**', 'srv/**', 'mnt/**', 'usr/local/**'];

const define = <T extends Record<string, TreePlace>>(table: T): T => table;

/**
 * Every access to a tree from outside of the sandbox. A path that isn't listed, or an operation that isn't, is refused as a programming error; and
 * test/native/hostile-*.test.ts drives each of these with links, pipes, devices, endless files and files of the wrong kind.
 */
export const treePlaces = define({
  // putting together
  crossedLink: { paths: ['**'], does: ['make', 'write'] },
  checkout: { paths: ['**'], does: ['look', 'list', 'move', 'remove'] },
  scaffold: {
    paths: ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'usr/etc', 'var/lib', 'var/tmp'],
    does: ['make'],
  },
  layer: { paths: ['**'], does: ['look', 'list', 'move', 'remove'] },
  layerEtc: { paths: ['etc', 'usr/etc'], does: ['look', 'make', 'remove'] },
  overlay: { paths: ['**'], does: ['look', 'list', 'make', 'move', 'remove', 'mode'] },
  varLib: {
    paths: ['var/lib/alternatives', 'var/lib/vagrant', 'usr/lib/alternatives', 'usr/lib/vagrant'].flatMap((name) => [name, `${name}/*`]),
    does: ['look', 'list', 'make', 'move', 'remove', 'write'],
  },
  ownership: { paths: ['**'], does: ['look', 'copy', 'write', 'mode'], limitBytes: largeBytes },
  program: { paths: ['**'], does: ['look'] },
  // users
  users: { paths: ['usr/etc/passwd', 'usr/etc/group'], does: ['read', 'write'] },
  systemUsers: { paths: ['usr/lib/passwd', 'usr/lib/group'], does: ['read', 'write'] },
  shadow: { paths: ['usr/etc/shadow', 'usr/etc/gshadow'], does: ['read', 'write'] },
  userLeftovers: {
    paths: ['passwd-', 'group-', 'shadow-', 'gshadow-', '.pwd.lock', 'subuid-', 'subgid-'].map((name) => `usr/etc/${name}`),
    does: ['remove'],
  },
  nsswitch: { paths: ['usr/etc/nsswitch.conf'], does: ['read', 'write'] },
  altfiles: { paths: ['usr/lib', 'usr/lib64', 'usr/lib/*'], does: ['list', 'look'] },
  sysusers: { paths: ['usr/lib/sysusers.d', 'usr/etc/sysusers.d'], does: ['list'] },
  sysusersFile: { paths: ['usr/lib/sysusers.d/*', 'usr/etc/sysusers.d/*'], does: ['look', 'read'] },
  previousUsers: { paths: ['etc/*', 'lib/*'], does: ['read'] },
  // kernel
  modules: { paths: ['usr/lib/modules'], does: ['list', 'look'] },
  kernel: {
    paths: ['boot/*', 'usr/lib/modules/*/*'],
    does: ['look', 'read', 'move'],
    limitBytes: largeBytes,
  },
  boot: { paths: ['boot'], does: ['list', 'look'] },
  bootFile: { paths: ['boot/*'], does: ['look'] },
  ostreeBoot: {
    paths: ['boot/**', 'usr/lib/modules/*/*', 'usr/lib/ostree-boot/**'],
    does: ['look', 'list', 'move', 'copy', 'remove'],
    limitBytes: largeBytes,
  },
  bootCopies: { paths: ['usr/lib/ostree-boot', 'usr/lib/ostree-boot/*'], does: ['list', 'look', 'remove'] },
  // postprocessing
  addedFile: { paths: ['**'], does: ['write'] },
  removedFile: { paths: ['**'], does: ['remove'] },
  unit: { paths: ['usr/lib/systemd/system/*', 'usr/etc/systemd/system/*'], does: ['look', 'read'] },
  enabledUnit: {
    paths: ['usr/etc/systemd/system/*', 'usr/etc/systemd/system/*/*', 'usr/lib/systemd/system/local-fs.target.requires/*'],
    does: ['write'],
  },
  systemUnit: {
    paths: ['default.target', 'multi-user.target.wants/*'].map((name) => `usr/lib/systemd/system/${name}`),
    does: ['look', 'write'],
  },
  defaultTarget: { paths: ['usr/etc/systemd/system/default.target'], does: ['remove'] },
  treefileJson: { paths: ['usr/share/rpm-ostree/treefile.json'], does: ['write'] },
  useradd: { paths: ['usr/etc/default/useradd'], does: ['look', 'read', 'write'] },
  prepareRoot: { paths: ['usr/etc/ostree/prepare-root.conf', 'usr/lib/ostree/prepare-root.conf'], does: ['read'] },
  osRelease: { paths: ['usr/lib/os-release', 'usr/etc/os-release'], does: ['look', 'read'] },
  osReleaseFile: { paths: ['**'], does: ['write'] },
  machineId: { paths: ['usr/etc/machine-id'], does: ['read', 'write', 'remove'] },
  etc: { paths: ['etc', 'usr/etc'], does: ['look', 'list', 'move'] },
  selinux: { paths: ['usr/etc/selinux'], does: ['list'] },
  selinuxSubstitutions: {
    paths: ['usr/etc/selinux/*/contexts/files', 'usr/etc/selinux/*/contexts/files/file_contexts.subs_dist'],
    does: ['look', 'read', 'write'],
  },
  selinuxPolicy: { paths: ['usr/etc/selinux', 'usr/etc/selinux/**', 'etc/selinux', 'etc/selinux/**'], does: ['look', 'list'] },
  machineState: { paths: machineState, does: ['look', 'list', 'make', 'remove'] },
  factory: { paths: [...machineState, 'usr/share/factory/**'], does: ['move'] },
  opt: { paths: ['opt', 'opt/**', 'usr/lib/opt', 'usr/lib/opt/**'], does: ['look', 'list', 'make', 'move', 'remove'] },
  tmpfiles: { paths: ['usr/lib/tmpfiles.d/*'], does: ['read', 'write'] },
  layout: { paths: ['', '*', 'usr/local'], does: ['look', 'list', 'make', 'remove', 'write', 'mode'] },
  integration: { paths: ['usr/lib/tmpfiles.d/*'], does: ['look'] },
  wrapped: { paths: ['usr/bin/*', 'usr/libexec/rpm-ostree/wrapped/*'], does: ['look', 'write', 'move', 'remove'] },
  dnfPlugin: {
    paths: ['usr/lib/treeline/dnf/treeline.py', 'usr/lib/*/*/dnf/__init__.py', 'usr/lib/*/*/dnf-plugins/*'],
    does: ['look', 'write'],
  },
  python: { paths: ['usr/lib'], does: ['list'] },
  executables: { paths: ['usr', 'usr/**'], does: ['look', 'list', 'copy'], limitBytes: largeBytes },
  // RPM database
  rpmdb: { paths: ['**'], does: ['look', 'list', 'make', 'move', 'remove'], limitBytes: largeBytes },
  rpmdbLink: { paths: ['usr/lib/sysimage/rpm'], does: ['look', 'write', 'remove'] },
  baseDatabase: {
    paths: ['usr/share/rpm', 'usr/lib/sysimage/rpm-ostree-base-db'].flatMap((name) => [name, `${name}/*`]),
    does: ['look', 'list', 'move', 'remove'],
  },
  rpmMacros: { paths: ['usr/lib/rpm/macros'], does: ['read'] },
  // root file systems that others made
  usr: { paths: ['usr'], does: ['look'] },
  sourceVariables: { paths: ['etc/dnf/vars', 'etc/yum/vars', 'etc/dnf/vars/*', 'etc/yum/vars/*'], does: ['list', 'read'] },
  sourceRelease: { paths: ['usr/lib/os-release', 'etc/os-release'], does: ['read'] },
  sourceRepos: {
    paths: ['etc/yum.repos.d', 'etc/distro.repos.d', 'etc/yum.repos.d/*', 'etc/distro.repos.d/*'],
    does: ['list', 'read'],
  },
  changedRepo: { paths: ['etc/yum.repos.d/*'], does: ['look'] },
  sourceKey: { paths: ['**'], does: ['look'] },
  layerUsers: { paths: ['usr/lib/sysusers.d/*'], does: ['write'] },
  machineUsers: { paths: ['etc/passwd', 'etc/group'], does: ['read'] },
  sourceMain: { paths: ['etc/dnf/dnf.conf'], does: ['read'] },
  importedKeys: { paths: ['etc/treeline/package-keys/*', 'etc/treeline/package-keys/*/*'], does: ['list', 'look'] },
  // the running system
  liveUsr: { paths: ['usr', 'usr/**'], does: ['look', 'write', 'mode', 'remove'] },
  liveEtc: { paths: ['etc', 'etc/**'], does: ['look', 'list', 'make', 'write', 'mode', 'remove'] },
  // images
  unpacked: { paths: ['**'], does: ['look', 'remove'] },
  attributes: { paths: ['sysroot/ostree/repo/**'], does: ['look', 'list', 'read', 'mode'] },
  // disks
  fstab: { paths: ['etc/fstab'], does: ['read', 'write'] },
  bootProgram: { paths: ['usr/**'], does: ['look', 'list'], limitBytes: largeBytes },
  rpmMacrosFile: { paths: ['usr/lib/rpm/macros.d/macros.rpm-ostree'], does: ['write'] },
} satisfies Record<string, TreePlace>);

export type PlaceName = keyof typeof treePlaces;

/** A path in the tree's own words. */
export function inTreeWords(target: string): string {
  const relative = target.replace(/^\/+/, '').replace(/\/+$/, '');
  return target.startsWith('/') && /^etc(\/|$)/.test(relative) ? `usr/${relative}` : relative;
}

const patterns = new Map<PlaceName, RegExp>();

function patternOf(place: PlaceName): RegExp {
  const known = patterns.get(place);
  if (known) return known;
  const alternatives = treePlaces[place].paths.map((each) =>
    each
      .split('/')
      .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]+' : part.replace(/[.+]/g, '\\$&')))
      .join('/')
      // what is below a directory, and the directory
      .replace(/\/\.\*$/, '(/.*)?'),
  );
  const made = new RegExp(`^(?:${alternatives.join('|')})$`, 's');
  patterns.set(place, made);
  return made;
}

type Observer = (place: PlaceName, operation: Operation, target: string) => void;
let observer: Observer | undefined;

/** Let a test see every access; undefined ends it. */
export function observePlaces(see: Observer | undefined): void {
  observer = see;
}

/** Throws RangeError for an access that isn't declared. */
export function checkPlace(place: PlaceName, operation: Operation, target: string): void {
  const { does }: TreePlace = treePlaces[place];
  if (!does.includes(operation) || !patternOf(place).test(inTreeWords(target)))
    throw new RangeError(`${operation} of ${target} isn’t declared for the place ${place} of a tree (main/engine/base/tree/places.ts)`);
  observer?.(place, operation, inTreeWords(target));
}
