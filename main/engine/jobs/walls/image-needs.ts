// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { parseReference, type ImageReference } from '../../images/reference.ts';
import { systemPlaces } from '../../images/registry/settings.ts';
import type { SkopeoOptions } from '../../compose/container/skopeo.ts';
import { keyFilesFor, trustPlaces, type SigstoreSigningParams, type TrustOptions } from '../../images/trust/index.ts';
import { given, type Needs } from './places.ts';

/** Undefined for what the job refuses. */
function referenceOf(image: string): ImageReference | undefined {
  try {
    return parseReference(image);
  } catch {
    return undefined;
  }
}

/** Where an image lies on this machine; undefined for those that lie elsewhere. `docker-archive:` has the name of an image behind the file's. */
const fileOf = ({ transport, name }: ImageReference): string | undefined =>
  transport === 'oci' || transport === 'oci-archive' || transport === 'dir'
    ? name
    : transport === 'docker-archive'
      ? name.split(':')[0]
      : undefined;

/** Containers' storage (containers-storage.conf(5)) and Docker's socket: whoever reads one of its images takes locks in it. */
function storageOf({ transport }: ImageReference): string[] {
  if (transport === 'docker-daemon') return ['/run/docker.sock', '/var/run/docker.sock'];
  if (transport !== 'containers-storage') return [];
  const named = ['/etc/containers/storage.conf', '/usr/share/containers/storage.conf'].flatMap((file) => {
    try {
      return [...readFileSync(file, 'utf8').matchAll(/^\s*(?:graphroot|runroot)\s*=\s*"([^"]+)"/gm)].map((match) => match[1] ?? '');
    } catch {
      return [];
    }
  });
  return ['/var/lib/containers/storage', '/run/containers/storage', ...named];
}

/** Where skopeo and we look for passwords (containers-auth.json(5)), and for a user's own settings of registries. */
function passwords(reference: ImageReference, authfile: string | undefined): string[] {
  if (reference.transport !== 'docker') return given(authfile);
  const { authFiles, certDirectories, registriesConf, registriesConfDirectories } = systemPlaces();
  return [...given(authfile), ...authFiles, ...certDirectories, ...registriesConf, ...registriesConfDirectories];
}

/** Images that are read. */
export function ofImages({ authfile }: SkopeoOptions, ...images: readonly (string | undefined)[]): Needs {
  const references = given(...images).flatMap((image) => referenceOf(image) ?? []);
  return {
    reads: references.flatMap((reference) => [...given(fileOf(reference)), ...passwords(reference, authfile)]),
    writes: references.flatMap(storageOf),
  };
}

/** Where it is said which images are trusted, and the keys for this one. */
export function ofTrust(options: TrustOptions, image: string): Needs {
  const reference = referenceOf(image);
  const places = trustPlaces(options);
  const reads = [...places.policyFiles, ...places.registriesDirectories, ...(reference ? keyFilesFor(reference, places) : [])];
  return { reads, writes: [] };
}

/** An image that is written, and read before where it is there. */
export function ofTarget(options: SkopeoOptions & SigstoreSigningParams, image: string): Needs {
  const reference = referenceOf(image);
  if (!reference) return { reads: [], writes: [] };
  const keys = given(options.signBySigstorePrivateKey, options.signPassphraseFile);
  return { reads: [...passwords(reference, options.authfile), ...keys], writes: storageOf(reference), makes: given(fileOf(reference)) };
}
