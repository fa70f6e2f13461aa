// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { parseConfig, parseIndex, parseManifest, type Descriptor, type ImageConfig, type Manifest } from '../oci.ts';
import { configLimitBytes, manifestLimitBytes, type FoundManifest, type RegistryImage, type RegistryPort } from '../registry-port.ts';
import type { RegistryAnswer, RegistryCall } from './calls.ts';
import { digestOf } from './requests.ts';

const mostReferrers = 10_000;

/** A registry that somebody asks in our place who isn't believed: every answer is checked against its digest before anything is read in it. */
export class CheckedRegistry implements Pick<RegistryPort, 'manifest' | 'config' | 'blob' | 'referrers'> {
  readonly #ask: (call: RegistryCall) => Promise<RegistryAnswer>;
  /** What was asked for once, by digest: small. */
  readonly #blobs = new Map<string, Buffer>();

  constructor(ask: (call: RegistryCall) => Promise<RegistryAnswer>) {
    this.#ask = ask;
  }

  async manifest(image: RegistryImage): Promise<FoundManifest> {
    const answer = await this.#ask({ kind: 'manifest', image });
    const bytes = bytesOf(answer.bytes, manifestLimitBytes);
    const digest = digestOf(bytes);
    const found = { digest, bytes, manifest: parseManifest(bytes, digest) };
    if (answer.digest !== digest) throw lie('a manifest that doesn’t fit its digest');
    if (image.digest === undefined || image.digest === digest) return found;
    // a list was named by its digest: it has to lead to this one
    const index = bytesOf(answer.index, manifestLimitBytes);
    const leads = digestOf(index) === image.digest && parseIndex(index, image.digest).some((each) => each.digest === digest);
    if (!leads) throw lie('another image than the one that was named');
    return { ...found, index };
  }

  async config(image: RegistryImage, { config }: Manifest): Promise<ImageConfig> {
    return parseConfig(await this.blob(image, config, configLimitBytes), config.digest);
  }

  async blob(image: RegistryImage, { mediaType, digest, size }: Descriptor, limitBytes: number): Promise<Buffer> {
    const known = this.#blobs.get(digest);
    if (known) return known;
    const answer = await this.#ask({ kind: 'blob', image, blob: { mediaType, digest, size }, limitBytes });
    const bytes = bytesOf(answer.bytes, limitBytes);
    if (digestOf(bytes) !== digest) throw lie('a document that doesn’t fit its digest');
    this.#blobs.set(digest, bytes);
    return bytes;
  }

  /** Only claimed: each is asked for by its digest. */
  async referrers(image: RegistryImage, digest: string, artifactType?: string): Promise<readonly Descriptor[]> {
    const { descriptors } = await this.#ask({ kind: 'referrers', image, digest, ...(artifactType === undefined ? {} : { artifactType }) });
    if (!descriptors || descriptors.length > mostReferrers) throw lie('no list of what refers to an image');
    return descriptors;
  }
}

function bytesOf(base64: string | undefined, limitBytes: number): Buffer {
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (base64 === undefined || bytes.length > limitBytes) throw lie('nothing, or too much');
  return bytes;
}

/** Servers' mistakes are errors of the process that asks them: what it hands on is whole. */
const lie = (what: string): TreelineError => new TreelineError('internal.protocol', { subject: 'Fetching', detail: `it gave ${what}` });
