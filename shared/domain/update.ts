// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../errors/error.ts';
import type { Severity } from './advisory.ts';
import type { OriginLoss } from './deployment.ts';
import type { Signature, UpdateSizes } from './changes.ts';

/** What the last check found. States never mix: a failed or an impossible check is not "up to date" (field report 8). */
export type CheckState =
  | { readonly kind: 'never' }
  /** Nothing is asked: whatever there is can't be taken, because the named parts of the system would be lost with it. */
  | { readonly kind: 'blocked'; readonly losses: readonly OriginLoss[]; readonly error: ErrorReport }
  | {
      readonly kind: 'up-to-date';
      readonly checkedAt: number;
      /** The source offers an older version than what is here, which isn't taken unasked. */
      readonly wentBack?: OfferedVersion;
      /** The source's signed list of branches, which counts, is older than the branch itself. */
      readonly staleList?: true;
    }
  /** `checkedAt`: missing when the service doesn't tell. */
  | { readonly kind: 'available'; readonly checkedAt?: number; readonly update: AvailableUpdate }
  | {
      readonly kind: 'failed';
      /** When the failing attempt ran. */
      readonly failedAt: number;
      /** The last time a check succeeded, 0 = never. */
      readonly since: number;
      readonly error: ErrorReport;
      /** What an earlier successful check had found, still worth showing. */
      readonly last?: AvailableUpdate;
    };

/** `timestamp`: Unix seconds, 0 if unknown. */
export interface OfferedVersion {
  readonly checksum: string;
  readonly version: string;
  readonly timestamp: number;
}

export interface AvailableUpdate {
  readonly checksum: string;
  readonly version: string;
  readonly timestamp: number;
  readonly refspec: string;
  /** This and what follows as optional: missing when the service doesn't tell. */
  readonly counts?: { readonly upgraded: number; readonly downgraded: number; readonly added: number; readonly removed: number };
  readonly security?: { readonly count: number; readonly worst: Severity };
  readonly sizes?: UpdateSizes;
  readonly signatures?: readonly Signature[];
  /** True if this version was rolled back from before: not offered again without asking (field report 24). */
  readonly rolledBackFrom: boolean;
}

/** A finalization that failed at the last shutdown; shown until solved (field report 9). */
export interface FinalizeFailure {
  readonly at: number;
  readonly text: string;
  readonly version: string;
}
