// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { CheckState } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { isCheckState, isFormat1 } from '../sysroot/state-shapes.ts';
import { readJson, type StateDir } from '../sysroot/state-dir.ts';
import type { UpdateContext } from './context.ts';
import { commitOfImage } from './look-at-image.ts';
import { isImage, type Source } from './source.ts';

/** What a check leaves for later. */
export interface CheckFile {
  readonly format: 1;
  /** The commit that the counts are relative to. */
  readonly base: string;
  readonly state: CheckState;
}

export const isCheckFile = (value: unknown): value is CheckFile =>
  isFormat1(value) && typeof value['base'] === 'string' && isCheckState(value['state']);

export const checkFile = (dir: StateDir): string => path.join(dir.state, 'check.json');

/** The given commit, what is deployed or staged next, or what the last check found. Throws `update.none`. */
export function updateTarget(context: UpdateContext, source: Source, checksum?: string): string {
  const named = checksum || (pending(source) ?? checkedUpdate(context));
  const wanted = named === undefined || !isImage(source) ? named : (commitOfImage(context.sysroot, named) ?? named);
  if (wanted === undefined || wanted === source.baseChecksum) throw new TreelineError('update.none', { subject: source.base.osname });
  return wanted;
}

function pending(source: Source): string | undefined {
  const { newest, newestChecksum, baseChecksum } = source;
  return newestChecksum !== baseChecksum && !newest.booted ? newestChecksum : undefined;
}

function checkedUpdate(context: UpdateContext): string | undefined {
  const file = readJson(checkFile(context.dir), isCheckFile);
  const state = file?.state;
  return state?.kind === 'available' ? state.update.checksum : state?.kind === 'failed' ? state.last?.checksum : undefined;
}
