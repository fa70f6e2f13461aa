// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RegistryOptions } from './params.ts';
import { RegistryClient } from '../registry/client.ts';
import { systemPlaces } from '../registry/settings.ts';

/** A client with this machine's settings. */
export function openRegistry({ authfile, insecure = false }: RegistryOptions): RegistryClient {
  return new RegistryClient({
    insecure,
    ...(authfile === undefined ? {} : { places: systemPlaces({ ...process.env, REGISTRY_AUTH_FILE: authfile }) }),
  });
}
