// SPDX-License-Identifier: LGPL-2.1-or-later
// System packages: what is needed, what of it is missing, and how it gets here.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { LaunchError } from './console.mjs';
import { capture, follow, hasProgram } from './processes.mjs';

/**
 * One entry per need: [needed by, Debian package, Fedora package]; `a|b` are names of the same thing in different releases.
 * `app`: to use Treeline on an OSTree host. `demo`: the simulated host as well. `test`: the test suites as well.
 */
const needs = [
  ['app', 'libglib2.0-0t64|libglib2.0-0', 'glib2'],
  ['app', 'libgtk-3-0t64|libgtk-3-0', 'gtk3'],
  ['app', 'libgbm1', 'mesa-libgbm'],
  ['app', 'libnss3', 'nss'],
  ['app', 'libasound2t64|libasound2', 'alsa-lib'],
  ['app', 'libxss1', 'libXScrnSaver'],
  ['app', 'fonts-dejavu-core', 'dejavu-sans-fonts'],
  ['app', 'unzip', 'unzip'],
  ['app', 'xvfb', 'xorg-x11-server-Xvfb'],
  ['demo', 'libostree-1-1', 'ostree-libs'],
  ['demo', 'ostree', 'ostree'],
  ['demo', 'librpm9|librpm10|librpm9t64', 'rpm-libs'],
  ['demo', 'rpm', 'rpm-build'],
  ['demo', 'libdnf2|libdnf2t64', 'libdnf'],
  ['demo', 'libarchive13|libarchive13t64', 'libarchive'],
  ['demo', 'createrepo-c', 'createrepo_c'],
  ['demo', 'bubblewrap', 'bubblewrap'],
  ['demo', 'libseccomp2', 'libseccomp'],
  ['demo', 'busybox-static', 'busybox'],
  ['demo', 'gnupg', 'gnupg2'],
  ['demo', 'xz-utils', 'xz'],
  ['demo', 'zstd', 'zstd'],
  ['demo', 'libcap2-bin', 'libcap'],
  ['demo', 'attr', 'attr'],
  ['demo', 'polkitd|policykit-1', 'polkit'],
  ['demo', 'dbus-daemon|dbus', 'dbus-daemon'],
  ['demo', 'libglib2.0-bin', 'glib2'],
  ['demo', 'e2fsprogs', 'e2fsprogs'],
  ['demo', 'util-linux', 'util-linux'],
  ['demo', 'mount', 'util-linux'],
  ['demo', 'uidmap', 'shadow-utils'],
  ['test', 'libostree-dev', 'ostree-devel'],
  ['test', 'librpm-dev', 'rpm-devel'],
  ['test', 'libdnf-dev', 'libdnf-devel'],
  ['test', 'librepo-dev', 'librepo-devel'],
  ['test', 'libarchive-dev', 'libarchive-devel'],
  ['test', 'libglib2.0-dev', 'glib2-devel'],
  ['test', 'libsqlite3-dev', 'sqlite-devel'],
  ['test', 'libcap-dev', 'libcap-devel'],
  ['test', 'libseccomp-dev', 'libseccomp-devel'],
  ['test', 'pkg-config|pkgconf', 'pkgconf-pkg-config'],
  ['test', 'gcc', 'gcc'],
  ['test', 'libfuse3-dev', 'fuse3-devel'],
  ['test', 'fuse3', 'fuse3'],
  ['test', 'xfsprogs', 'xfsprogs'],
  ['test', 'btrfs-progs', 'btrfs-progs'],
  ['test', 'dnf', 'dnf'],
  ['test', 'packagekit', 'PackageKit'],
  ['test', 'appstream', 'appstream'],
  ['test', 'man-db', 'man-db'],
  ['test', 'groff-base', 'groff-base'],
  ['test', 'zsh', 'zsh'],
  ['test', 'fish', 'fish'],
  ['test', 'strace', 'strace'],
  ['test', 'bzip2', 'bzip2'],
  ['test', 'file', 'file'],
  ['test', 'x11-utils', 'xwininfo'],
  ['test', 'procps', 'procps-ng'],
  ['test', 'desktop-file-utils', 'desktop-file-utils'],
  ['test', 'systemd', 'systemd'],
  ['test', 'grub2-common', 'grub2-tools'],
  // container images
  ['test', 'skopeo', 'skopeo'],
  ['test', 'umoci', 'umoci'],
  ['test', 'docker-registry', 'docker-distribution'],
  ['test', 'openssl', 'openssl'],
  // the boot test: a machine, disks, boot loaders
  ['test', 'qemu-system-x86', 'qemu-system-x86-core'],
  ['test', 'fdisk', 'util-linux'],
  ['test', 'mtools', 'mtools'],
  ['test', 'dosfstools', 'dosfstools'],
  ['test', 'grub-common', 'grub2-tools-minimal'],
  ['test', 'grub-pc-bin', 'grub2-pc-modules'],
  ['test', 'grub-efi-amd64-bin', 'grub2-efi-x64-modules'],
  ['test', 'extlinux', 'syslinux-extlinux'],
  ['test', 'syslinux-common', 'syslinux'],
  ['test', 'systemd-boot-efi', 'systemd-boot-unsigned'],
  ['test', 'ovmf', 'edk2-ovmf'],
];
const levels = { app: ['app'], demo: ['app', 'demo'], test: ['app', 'demo', 'test'] };

/**
 * Install what is missing for `level` with apt or dnf, as root or through sudo. Throws a LaunchError that names packages and command when that
 * isn't possible. Does nothing, in well under a second, when nothing is missing.
 * @param {'app'|'demo'|'test'} level
 * @param {{ line: (text: string) => void, warn: (text: string) => void }} say
 */
export async function ensureSystemPackages(level, say) {
  const manager = hasProgram('apt-get') && hasProgram('dpkg-query') ? apt : hasProgram('dnf') && hasProgram('rpm') ? dnf : undefined;
  const wanted = (column) => [...new Set(needs.filter(([by]) => levels[level].includes(by)).map((need) => need[column]))];
  if (!manager) {
    say.warn('neither apt nor dnf here: please see to it yourself that these are installed (Fedora’s names):');
    say.line(wanted(2).join(' '));
    return;
  }
  const missing = manager.missing(wanted(manager.column));
  if (missing.length === 0) return;
  if (existsSync('/run/ostree-booted')) {
    // its /usr is read-only, and adding to it is the person's decision
    say.warn(`missing on this OSTree host, if the window doesn’t open: ${missing.map((each) => alternatives(each)[0]).join(' ')}`);
    return;
  }
  const root = process.getuid() === 0;
  const become = root ? [] : hasProgram('sudo') ? ['sudo'] : undefined;
  if (!become) {
    const names = missing.map((each) => each.split('|')[0]).join(' ');
    throw new LaunchError(
      `These system packages are missing, and there is neither root nor sudo to install them:\n  ${manager.byHand} ${names}`,
    );
  }
  await manager.install(missing, become, say);
  const still = manager.missing(missing);
  if (still.length > 0) throw new LaunchError(`These system packages could not be installed: ${still.join(', ')}`);
}

const alternatives = (name) => name.split('|');

const apt = {
  column: 1,
  byHand: 'apt-get install',
  missing(names) {
    const all = names.flatMap(alternatives);
    const { stdout } = capture('dpkg-query', ['--show', '--showformat=${db:Status-Status} ${Package}\n', ...all]);
    const installed = new Set(stdout.split('\n').flatMap((line) => (line.startsWith('installed ') ? [line.slice(10)] : [])));
    return names.filter((name) => !alternatives(name).some((each) => installed.has(each)));
  },
  async install(missing, become, say) {
    const lists = '/var/lib/apt/lists';
    const known = existsSync(lists) && readdirSync(lists).some((name) => name.endsWith('_Packages') || name.includes('_Packages.'));
    if (!known) await this.update(become, say);
    let result = await this.tryInstall(missing, become, say);
    if (result.code !== 0) {
      // the lists may be older than the server's packages
      await this.update(become, say);
      result = await this.tryInstall(missing, become, say);
    }
    if (result.code !== 0) throw new LaunchError(`apt-get could not install ${missing.join(' ')}:\n${lastLines(result.output)}`);
  },
  async update(become, say) {
    say.line('reading the package lists (apt-get update)');
    const { code, output } = await follow(...withSudo(become, 'apt-get', ['-q', 'update']));
    if (code !== 0) throw new LaunchError(`apt-get update failed:\n${lastLines(output)}`);
  },
  async tryInstall(missing, become, say) {
    const names = missing.map((name) => alternatives(name).find((each) => aptKnows(each)) ?? alternatives(name)[0]);
    say.line(`installing ${names.length} system packages: ${names.join(' ')}`);
    const args = ['-q', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', 'install', ...names];
    const counter = packageCounter(say, /^(\d+) upgraded, (\d+) newly installed/, /^Setting up (\S+)/);
    return withoutServiceStarts(become, () => follow(...withSudo(become, 'apt-get', args, { onLine: counter })));
  },
};

const aptKnows = (name) => /^ {2}Candidate: (?!\(none\))/m.test(capture('apt-cache', ['policy', name]).stdout);

const dnf = {
  column: 2,
  byHand: 'dnf install',
  missing: (names) => names.filter((name) => capture('rpm', ['--query', '--quiet', '--whatprovides', ...alternatives(name)]).code !== 0),
  async install(missing, become, say) {
    const names = missing.map((name) => alternatives(name)[0]);
    say.line(`installing ${names.length} system packages: ${names.join(' ')}`);
    const args = ['-y', '--setopt=install_weak_deps=False', 'install', ...names];
    const counter = packageCounter(say, /^Install +(\d+) Packages?/, /^ +Installing +: (\S+)/);
    const { code, output } = await follow(...withSudo(become, 'dnf', args, { onLine: counter }));
    if (code !== 0) throw new LaunchError(`dnf could not install ${missing.join(' ')}:\n${lastLines(output)}`);
  },
};

function withSudo(become, program, args, options = {}) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  const [first, ...rest] = [
    ...become,
    ...(become.length > 0 ? ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8'] : []),
    program,
    ...args,
  ];
  return [first, rest, { env, ...options }];
}

/** Prints every tenth package of the known total. */
function packageCounter(say, totalLine, oneLine) {
  let total = 0;
  let done = 0;
  return (line) => {
    const counts = totalLine.exec(line);
    if (counts) total = counts.slice(1).reduce((sum, count) => sum + Number(count), 0);
    const one = oneLine.exec(line);
    if (one && ++done % 10 === 0) say.line(`  ${done} of ${total || '?'}: ${one[1]}`);
  };
}

/** Where no systemd runs (a container, a chroot) an installed service must not be started: nobody would ever stop it. See policy-rc.d(8). */
async function withoutServiceStarts(become, install) {
  const policy = '/usr/sbin/policy-rc.d';
  if (become.length > 0 || existsSync('/run/systemd/system') || existsSync(policy)) return install();
  mkdirSync('/usr/sbin', { recursive: true });
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await install();
  } finally {
    rmSync(policy, { force: true });
  }
}

const lastLines = (output) => output.trim().split('\n').slice(-15).join('\n');
