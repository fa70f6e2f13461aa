// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RegistryImage } from '../registry-port.ts';
import type { HandedSettings } from './calls.ts';
import { certificatesOf } from './certificates.ts';
import { findLogin } from './logins.ts';
import { RegistriesConf } from './registries-conf.ts';
import { systemPlaces, type RegistrySettings } from './settings.ts';

/** What a process without privileges needs to ask for one image: no other login, no other key. Throws registry.blocked, file.unreadable. */
export function settingsFor(image: RegistryImage, places = systemPlaces()): HandedSettings {
  const endpoints = RegistriesConf.read(places)
    .endpoints(image)
    .map((endpoint) => endpoint.image);
  const certificates = endpoints.flatMap(({ host }) => {
    const found = certificatesOf(places, host);
    return found.client ? [[host, found] as const] : [];
  });
  return {
    places,
    logins: endpoints.flatMap(({ host, name }) => {
      const login = findLogin(places.authFiles, { host, name });
      return login ? [{ host, name, login }] : [];
    }),
    certificates: Object.fromEntries(certificates),
  };
}

/** The same on the other side. */
export function handedOver({ places, logins, certificates, stallMs }: HandedSettings): Partial<RegistrySettings> {
  return {
    places,
    login: ({ host, name }) => logins.find((each) => each.host === host && each.name === name)?.login,
    certificates: (host) => (Object.hasOwn(certificates, host) ? certificates[host] : undefined),
    ...(stallMs === undefined ? {} : { stallMs }),
  };
}
