// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** What libraries and programs read of /etc: names, certificates, the loader's cache, settings of rpm and dnf. No keys, no passwords. */
const settings = [
  ...['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'alternatives', 'localtime', 'os-release', 'mke2fs.conf', 'crypto-policies', 'gnutls'],
  ...['resolv.conf', 'hosts', 'host.conf', 'gai.conf', 'nsswitch.conf', 'services', 'protocols', 'passwd', 'group', 'subuid', 'subgid'],
  ...[
    'ssl/certs',
    'ssl/openssl.cnf',
    'ssl/cert.pem',
    'pki/tls/certs',
    'pki/tls/cert.pem',
    'pki/tls/openssl.cnf',
    'pki/ca-trust',
    'pki/rpm-gpg',
  ],
  ...['rpm', 'dnf/vars', 'yum/vars', 'containers/policy.json', 'containers/registries.conf', 'containers/registries.d'],
  ...['containers/registries.conf.d', 'containers/storage.conf', 'containers/certs.d', 'docker/certs.d'],
].map((name) => `/etc/${name}`);

/** The machine's programs and libraries: /usr and the links into it, or what stands in their place. `hasLinks`: the root that is mounted on has them already. */
export function machinePrograms(hasLinks = false): string[] {
  const top = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].map((name) => `/${name}`).filter((name) => existsSync(name));
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...top.flatMap((name) =>
      lstatSync(name).isSymbolicLink() ? (hasLinks ? [] : ['--symlink', readlinkSync(name), name]) : ['--ro-bind', name, name],
    ),
  ];
}

/** bwrap(1) arguments for what every worker needs of the machine, read-only, and for private places to write to. */
export function systemMounts({ hasLinks }: { readonly hasLinks: boolean }): string[] {
  return [
    ...machinePrograms(hasLinks),
    ...settings.filter((file) => existsSync(file)).flatMap((file) => ['--ro-bind-try', file, file]),
    ...[
      '--proc',
      '/proc',
      '--dev',
      '/dev',
      '--tmpfs',
      '/run',
      '--perms',
      '1777',
      '--tmpfs',
      '/tmp',
      '--perms',
      '1777',
      '--tmpfs',
      '/var/tmp',
    ],
  ];
}

/** Directories that a worker's own code is in: its bundle, koffi, and Node where the distribution's isn't used. */
export function programPlaces(node: string, worker: string): string[] {
  const packages = ['koffi', '@koromix'].flatMap((name) => {
    for (let at = path.dirname(worker); ; at = path.dirname(at)) {
      const found = path.join(at, 'node_modules', name);
      if (existsSync(found)) return [found];
      if (at === '/') return [];
    }
  });
  const program = path.isAbsolute(node) ? [realpathSync(node), node] : [];
  return [path.dirname(worker), ...packages, ...program.filter((file) => !file.startsWith('/usr/'))];
}
