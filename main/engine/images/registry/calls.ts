// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Descriptor } from '../oci.ts';
import type { RegistryImage } from '../registry-port.ts';
import type { HostCertificates } from './certificates.ts';
import type { Login } from './logins.ts';
import type { RegistryPlaces } from './settings.ts';

type Blob = Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;

/** One question to a registry, put to a process without privileges. */
export type RegistryCall =
  | { readonly kind: 'manifest'; readonly image: RegistryImage }
  | { readonly kind: 'blob'; readonly image: RegistryImage; readonly blob: Blob; readonly limitBytes: number }
  | { readonly kind: 'referrers'; readonly image: RegistryImage; readonly digest: string; readonly artifactType?: string }
  /** Into files of `directory` that are called by the digests' digits; others there are removed. */
  | { readonly kind: 'layers'; readonly image: RegistryImage; readonly directory: string; readonly layers: readonly Blob[] };

/** What that process says came. Whoever asked checks it: see CheckedRegistry. Bytes in base64. */
export interface RegistryAnswer {
  readonly digest?: string | undefined;
  readonly bytes?: string | undefined;
  readonly index?: string | undefined;
  readonly descriptors?: readonly Descriptor[] | undefined;
}

/** What that process goes by: it can't read everything that root can, and gets what concerns the one image. */
export interface HandedSettings {
  readonly places: RegistryPlaces;
  readonly logins: readonly { readonly host: string; readonly name: string; readonly login: Login }[];
  /** Of hosts that want to see a certificate of this machine. */
  readonly certificates: Readonly<Record<string, HostCertificates>>;
  readonly stallMs?: number;
}

export interface RegistryRequest {
  readonly settings: HandedSettings;
  readonly call: RegistryCall;
}
