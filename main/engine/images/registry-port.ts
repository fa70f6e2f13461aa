// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Descriptor, ImageConfig, Manifest } from './oci.ts';

/** An image in a registry: what `docker://` names. Without tag and digest it is `latest`. */
export interface RegistryImage {
  /** `quay.io`, `localhost:5000`. */
  readonly host: string;
  /** `fedora/fedora-coreos`. */
  readonly name: string;
  readonly tag?: string;
  /** `sha256:…`: it counts, whatever the tag names. */
  readonly digest?: string;
}

/** A manifest or a list is at most that large. */
export const manifestLimitBytes = 4 << 20;
/** An image's configuration is at most that large. */
export const configLimitBytes = 8 << 20;

/** A manifest as the registry gave it, whose bytes fit the digest. */
export interface FoundManifest {
  /** Of the image for this machine's architecture, where the registry has an index of several. */
  readonly digest: string;
  readonly bytes: Buffer;
  readonly manifest: Manifest;
  /** The list of images of several architectures that names it. */
  readonly index?: Buffer;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Bytes that came since the last call. */
  readonly onBytes?: (count: number) => void;
}

/**
 * What is asked of registries. Every byte that is handed out was verified against its digest. Throws registry.* (see shared/errors), each naming host, image and the
 * next step.
 */
export interface RegistryPort {
  /** The image's manifest, in few requests: a list of images of several architectures costs one more. */
  manifest(image: RegistryImage): Promise<FoundManifest>;
  config(image: RegistryImage, manifest: Manifest): Promise<ImageConfig>;
  /** A small blob as a whole; more than `limitBytes` are refused before they are asked for. */
  blob(image: RegistryImage, descriptor: Descriptor, limitBytes: number): Promise<Buffer>;
  /** A blob into a file, which is gone on with where it ends if it is there; its digest is checked at the end, and a file that doesn't fit removed. */
  download(image: RegistryImage, descriptor: Descriptor, file: string, options?: DownloadOptions): Promise<void>;
  /** What refers to a manifest (`subject`), by the referrers API or, where a registry hasn't got it, the tag `sha256-…`. */
  referrers(image: RegistryImage, digest: string, artifactType?: string): Promise<readonly Descriptor[]>;
  /** All tags, in the registry's order. */
  tags(image: RegistryImage): Promise<readonly string[]>;
}

/** A registry that is also written to. */
export interface RegistryTarget extends RegistryPort {
  /** Bring a blob there unless it is there. */
  putBlob(image: RegistryImage, bytes: Buffer): Promise<Pick<Descriptor, 'digest' | 'size'>>;
  /** By tag or, without one, by digest. A manifest with a `subject` is entered into the tag `sha256-…` where the registry has no referrers API. */
  putManifest(image: RegistryImage, bytes: Buffer, mediaType: string): Promise<string>;
}
