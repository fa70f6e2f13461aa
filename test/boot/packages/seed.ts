// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';

/** Whether the Node.js here is Debian's own, which isn't one file as others' are: Debian 13's is new enough, Debian 12's isn't. */
export const nodeIsDebians = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).includes('libnode.so');

/** Debian packages that the repositories of the test system hold; what they depend on comes along. */
export const seed: readonly string[] = [
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'util-linux', 'mount', 'login', 'passwd', 'libpam-modules'],
  ...['libpam-runtime', 'sed', 'grep', 'findutils', 'tar', 'gzip', 'mawk', 'diffutils', 'hostname', 'procps', 'libc-bin'],
  ...['systemd', 'systemd-sysv', 'udev', 'kmod', 'dbus', 'polkitd', 'ncurses-base', 'ncurses-bin', 'debianutils'],
  ...['linux-image-cloud-amd64', 'dracut-core', 'cpio', 'zstd', 'e2fsprogs', 'ostree', 'ostree-boot', 'rpm', 'iproute2', 'less'],
  ...['ca-certificates', 'curl', 'sudo', 'openssl', 'tzdata', 'gpgv', 'gpg', 'iputils-ping', 'libstdc++6', 'libdnf2', 'bubblewrap'],
  'systemd-boot-efi',
  // not in the system (guest/treefile.yaml), but put on top of it
  ...['mdadm', 'systemd-timesyncd', 'tree'],
  ...(nodeIsDebians ? ['nodejs'] : []),
];

/** What belongs to Debian's own way of installing and has no place on a system of RPM packages. */
export const notConverted: ReadonlySet<string> = new Set([
  ...['adduser', 'debconf', 'dpkg', 'init-system-helpers', 'initramfs-tools', 'initramfs-tools-core', 'klibc-utils', 'libklibc'],
  ...['usrmerge', 'libfile-find-rule-perl', 'libnumber-compare-perl', 'libtext-glob-perl', 'perl', 'perl-base', 'libgdbm6'],
  ...['perl-modules-5.36', 'libperl5.36', 'perl-modules-5.40', 'libperl5.40', 'libgdbm6t64', 'libgdbm-compat4', 'libgdbm-compat4t64'],
  ...['lsb-base', 'linux-base', 'debugedit', 'libdebconfclient0', 'cdebconf', 'sysvinit-utils', 'kpartx', 'sgml-base', 'xml-core'],
  ...['dirmngr', 'gnupg', 'gnupg-l10n', 'gnupg-utils', 'gpg-agent', 'gpg-wks-client', 'gpg-wks-server', 'gpgsm', 'pinentry-curses'],
]);

/** The three versions of the test system, oldest first. */
export const versions = ['1', '2', '3'] as const;
export type OsVersion = (typeof versions)[number];
