// SPDX-License-Identifier: LGPL-2.1-or-later
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RegistryImage } from '../registry-port.ts';
import type { HostCertificates } from './certificates.ts';
import type { Login } from './logins.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the settings of containers' tools lie. Later directories of registries.conf.d count over earlier ones; of the others the first that has it counts. */
export interface RegistryPlaces {
  /** containers-registries.conf(5). */
  readonly registriesConf: readonly string[];
  readonly registriesConfDirectories: readonly string[];
  /** containers-auth.json(5). */
  readonly authFiles: readonly string[];
  /** containers-certs.d(5). */
  readonly certDirectories: readonly string[];
  /** The certificates that this machine trusts. None there: those of Node.js. */
  readonly trustedCertificates: readonly string[];
}

/** Where they lie on this machine, for this user. */
export function systemPlaces(
  env: Environment = process.env,
  home: string = homedir(),
  uid: number = process.getuid?.() ?? 0,
): RegistryPlaces {
  const config = env['XDG_CONFIG_HOME'] ?? path.join(home, '.config');
  const runtime = env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`;
  const given = env['REGISTRY_AUTH_FILE'];
  return {
    registriesConf: [path.join(config, 'containers/registries.conf'), '/etc/containers/registries.conf'],
    registriesConfDirectories: ['/etc/containers/registries.conf.d', path.join(config, 'containers/registries.conf.d')],
    authFiles:
      given === undefined
        ? [
            ...(uid === 0 ? ['/run/ostree/auth.json', '/etc/ostree/auth.json'] : []),
            path.join(runtime, 'containers/auth.json'),
            // without a session
            `/run/containers/${uid}/auth.json`,
            path.join(config, 'containers/auth.json'),
            path.join(home, '.docker/config.json'),
          ]
        : [given],
    certDirectories: [path.join(config, 'containers/certs.d'), '/etc/containers/certs.d', '/etc/docker/certs.d'],
    trustedCertificates: [
      ...(env['SSL_CERT_FILE'] === undefined ? [] : [env['SSL_CERT_FILE']]),
      '/etc/pki/tls/certs/ca-bundle.crt',
      '/etc/ssl/certs/ca-certificates.crt',
    ],
  };
}

/** What a client goes by. */
export interface RegistrySettings {
  readonly places: RegistryPlaces;
  /** What a registry is told about who asks; without it, what the files of `places` have. */
  readonly login?: (image: RegistryImage) => Login | undefined;
  /** What connections to a host are made with; undefined there: what the files of `places` have. */
  readonly certificates?: (host: string) => HostCertificates | undefined;
  /** Of the proxies: `https_proxy`, `http_proxy`, `no_proxy`, also in capitals. */
  readonly env: Environment;
  /** Take any certificate of any registry, and plain HTTP. */
  readonly insecure: boolean;
  /** As images name it: `amd64`, `arm64`. */
  readonly architecture: string;
  /** A server that sends next to nothing for so long has gone. */
  readonly stallMs: number;
  /** How long a registry may make us wait before it is told instead. */
  readonly longestWaitMs: number;
  readonly delay: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

export const usualSettings = (): RegistrySettings => ({
  places: systemPlaces(),
  env: process.env,
  insecure: false,
  architecture: architectures[process.arch] ?? process.arch,
  stallMs: 30_000,
  longestWaitMs: 20_000,
  delay: (ms, signal) => wait(ms, undefined, signal && { signal }),
  now: Date.now,
});
