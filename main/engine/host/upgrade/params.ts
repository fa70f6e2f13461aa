// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CheckState, PullJobOptions, UpdateDetails, UpdatePlan } from '../../../../shared/domain/index.ts';
import type { BroughtFile, LayerChange } from '../../base/ports/layers.ts';
import type { OsParams } from '../../base/ports/job.ts';
import type { DeployOutcome } from '../sysroot/params.ts';

export interface BroughtPackages {
  readonly install?: readonly BroughtFile[];
  readonly installForced?: readonly BroughtFile[];
  readonly replace?: readonly BroughtFile[];
}

/** Jobs that look for updates and take them; part of Jobs in jobs/catalogue.ts. */
export interface UpdateJobs {
  /** Ask the remote of the booted (or default) deployment for a newer commit; fetches commit objects only. A failed check is a result, not an error. */
  'update.check': { params: OsParams & { readonly now?: number }; result: CheckState };
  /** (read) What the last check found, from the state directory, made relative to what is booted now. */
  'update.cached': { params: OsParams; result: CheckState };
  /** (read) Package changes, changelogs, advisories, sizes of the pending update or of `checksum`. */
  'update.details': {
    params: OsParams & {
      readonly checksum?: string;
      /** Of a repository composed by others: fetch the RPM databases that `rpmdbBytes` speaks of, for changelogs (network). */
      readonly fetchRpmdb?: boolean;
    };
    result: UpdateDetails;
  };
  /** Pull and, if booted into the sysroot, stage, else deploy. */
  'update.upgrade': {
    params: OsParams &
      PullJobOptions & {
        /** Checksum, `version=X`, `revision=X`; empty = newest of the branch. */
        readonly revision?: string;
        /** Rebase target `[REMOTE:]REF`, or a container image as origins name it. */
        readonly refspec?: string;
        /** With `refspec`: what the origin tells people of where it comes from. */
        readonly customOrigin?: { readonly url: string; readonly description: string };
        /** Changes of what is on top of the base. */
        readonly change?: LayerChange;
        /** Package files that somebody brought: what is to be added, the same with files that may replace others', what is to replace packages of the base. */
        readonly brought?: BroughtPackages;
        /** As rpm-ostreed.conf has it. Default true. */
        readonly recommends?: boolean;
        /** Asked for by the policy, not by a person: doesn't take a version that was rolled back from, and skips what is refused for good reason. */
        readonly automatic?: boolean;
        /** Bring it into the running system as well, which has to be possible without changing what is in use. */
        readonly applyLive?: boolean;
        /** Path of a repository or static delta file to take the update from instead of the network. */
        readonly medium?: string;
      };
    result: DeployOutcome;
  };
  /** What of this machine's own would come onto the update that was found, or onto `checksum`, of which only the RPM database is fetched. Changes nothing. */
  'update.plan': {
    params: OsParams & { readonly checksum?: string; readonly recommends?: boolean; readonly cacheOnly?: boolean };
    result: UpdatePlan;
  };
  /** Look at another branch, commit or version: fetches commit objects only; then as update.details. */
  'update.preview': {
    params: OsParams & {
      readonly refspec?: string;
      readonly revision?: string;
      readonly medium?: string;
      /** As in update.details. */
      readonly fetchRpmdb?: boolean;
    };
    result: UpdateDetails;
  };
}
