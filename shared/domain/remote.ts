// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../errors/error.ts';

/** A trusted public key of a remote. Times are Unix seconds. */
export interface RemoteKey {
  readonly type: 'gpg' | 'ed25519';
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  readonly createdAt?: number;
  readonly expiresAt?: number;
  readonly expired: boolean;
  readonly revoked: boolean;
}

export interface Remote {
  readonly name: string;
  readonly url: string;
  readonly gpgVerify: boolean;
  readonly signVerify: boolean;
  /** Why nobody can tell what it demands; nothing is taken from it until that is mended. */
  readonly problem?: ErrorReport;
  readonly keys: readonly RemoteKey[];
  /** Ids of deployments whose origin names it: removing it would leave them without a source. */
  readonly usedBy: readonly string[];
  /** Where it is configured: the repository's config or a file of /etc/ostree/remotes.d. */
  readonly file: string;
}

/** A branch a remote offers (from its summary). */
export interface RemoteRef {
  readonly ref: string;
  readonly checksum: string;
  readonly version: string;
  readonly timestamp: number;
  /** The branch of the booted deployment. */
  readonly current: boolean;
  /** Same variant as the booted one: all but one path component equal. */
  readonly related: boolean;
}

/** A commit of a branch's past, newest first in lists. */
export interface RemoteVersion {
  readonly checksum: string;
  readonly version: string;
  readonly timestamp: number;
  readonly deployed: boolean;
}

/** An update found on a medium (a directory, a mounted stick, a static delta file). */
export interface Medium {
  readonly path: string;
  readonly kind: 'repo' | 'delta';
  readonly label: string;
  readonly refs: readonly { readonly ref: string; readonly checksum: string; readonly version: string; readonly timestamp: number }[];
  /** Whether one of them is newer than what is booted and of its branch. */
  readonly updates: boolean;
}
