// SPDX-License-Identifier: LGPL-2.1-or-later
import type { UpdateDetails } from '../../../../shared/domain/index.ts';
import type { RepoParams } from '../../base/db/params.ts';
import type { PublishedVersions } from './versions.ts';
import type { TrustDecision } from '../trust/index.ts';
import type { PulledImage } from './pull.ts';
import type { TrustParams } from './trusted.ts';

/** How registries are asked. */
export interface RegistryOptions {
  /** Credentials (containers-auth.json(5)); default: where containers' tools look. */
  readonly authfile?: string;
  /** Plain HTTP, or a certificate that nobody vouches for. */
  readonly insecure?: boolean;
}

export interface ImagePullParams extends RegistryOptions, TrustParams {
  /** `docker://HOST/NAME[:TAG][@DIGEST]`. */
  readonly image: string;
  readonly repo: string;
}

export interface ImagePreviewParams extends RegistryOptions, RepoParams, TrustParams {
  /** Undefined: the one that the deployment follows which it is compared with. */
  readonly image?: string;
  /** What it is compared with: `booted`, a ref, a checksum. */
  readonly compareWith: string;
  /** Also ask for what is large: an SBOM. */
  readonly exact?: boolean;
}

export interface ImageVersionsParams extends RegistryOptions, RepoParams {
  /** Undefined: the one that the deployment follows which `compareWith` names. */
  readonly image?: string;
  readonly compareWith: string;
  /** How many tags are looked at. */
  readonly limit: number;
  /** Only tags of this pattern (`*`, `?`, `[…]`). */
  readonly pattern?: string;
}

/** Jobs that ask registries; part of Jobs in jobs/catalogue.ts. */
export interface RegistryJobs {
  /** Take an image into a repository, as ostree-ext keeps it. */
  'image.pull': { params: ImagePullParams; result: PulledImage & { /** The rule that let it pass. */ readonly trust: TrustDecision } };
  /** (read) What an image brings, before anything of it is fetched but kilobytes. */
  'image.preview': { params: ImagePreviewParams; result: UpdateDetails };
  /** (read) The versions that a registry has of an image. */
  'image.versions': { params: ImageVersionsParams; result: PublishedVersions };
}
