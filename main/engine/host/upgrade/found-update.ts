// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { AvailableUpdate, UpdateDetails } from '../../../../shared/domain/index.ts';
import { worstSeverity } from '../../../../shared/domain/index.ts';
import { updateId } from '../../base/commits/image-commit.ts';
import { countChanges } from '../../base/diff/index.ts';
import { rolledBack } from '../sysroot/rolled-back.ts';
import { isFormat1, isUpdateDetails } from '../sysroot/state-shapes.ts';
import { readJson, tryWriteJson, type StateDir } from '../sysroot/state-dir.ts';
import type { UpdateContext } from '../source/context.ts';
import type { Source } from '../source/source.ts';

interface DetailsFile {
  readonly format: 1;
  readonly details: UpdateDetails;
}

const isDetailsFile = (value: unknown): value is DetailsFile => isFormat1(value) && isUpdateDetails(value['details']);
const detailsFile = (dir: StateDir): string => path.join(dir.state, 'update-details.json');

/** Keep what was found: the commits on the way are pruned once the update is deployed (field report 6). */
export function saveDetails(context: UpdateContext, details: UpdateDetails): void {
  tryWriteJson(detailsFile(context.dir), { format: 1, details } satisfies DetailsFile);
}

export const savedDetails = (dir: StateDir): UpdateDetails | undefined => readJson(detailsFile(dir), isDetailsFile)?.details;

/** Whether somebody rolled back from it. `checksum`: of a commit, or what an update is called by. */
export function isRolledBack({ dir, sysroot }: Pick<UpdateContext, 'dir' | 'sysroot'>, checksum: string): boolean {
  const commit = sysroot.repo.tryLoadCommit(checksum);
  const names = [checksum, ...(commit ? [updateId(commit)] : [])];
  return rolledBack(dir).some((entry) => names.includes(entry.checksum));
}

export function summarize(context: UpdateContext, source: Source, details: UpdateDetails): AvailableUpdate {
  const security = details.advisories.filter((a) => a.kind === 'security');
  const listed = details.source !== 'none' && !details.image?.cannotKnow.includes('packages');
  return {
    checksum: details.toChecksum,
    version: details.toVersion,
    timestamp: details.toTimeSeconds,
    refspec: source.refspec,
    ...(listed ? { counts: countChanges(details.packages) } : {}),
    ...(details.notTold?.includes('advisories')
      ? {}
      : { security: { count: security.length, worst: worstSeverity(security.map((a) => a.severity)) } }),
    sizes: details.sizes,
    ...(details.notTold?.includes('signatures') ? {} : { signatures: details.signatures }),
    rolledBackFrom: isRolledBack(context, details.toChecksum),
  };
}
