// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PulledImage } from './pull.ts';

/** How registries are asked. */
export interface RegistryOptions {
  /** Credentials (containers-auth.json(5)); default: where containers' tools look. */
  readonly authfile?: string;
  /** Plain HTTP, or a certificate that nobody vouches for. */
  readonly insecure?: boolean;
}

export interface ImagePullParams extends RegistryOptions {
  /** `docker://HOST/NAME[:TAG][@DIGEST]`. */
  readonly image: string;
  readonly repo: string;
}

/** Jobs that ask registries; part of Jobs in jobs/catalogue.ts. */
export interface RegistryJobs {
  /** Take an image into a repository, as ostree-ext keeps it. */
  'image.pull': { params: ImagePullParams; result: PulledImage };
}
