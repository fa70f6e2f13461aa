// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { FinalizeFailure } from '../../../../shared/domain/index.ts';
import { isFinalizeFailure } from './state-shapes.ts';
import { readRegularFile, hasShape } from '../../../files/index.ts';
import type { SysrootPort } from '../../base/ports/sysroot.ts';
import { readJson, removeFile, tryWriteJson, type StateDir } from './state-dir.ts';

/** What was staged last, to find out at the next start whether it really became bootable. */
interface StagedRecord {
  readonly id: string;
  readonly checksum: string;
  readonly version: string;
  /** Unix seconds. */
  readonly at: number;
  readonly boot: string;
}

const isStagedRecord = (value: unknown): value is StagedRecord =>
  hasShape(value, { id: 'string', checksum: 'string', version: 'string', at: 'number', boot: 'string' });

const stagedFile = (dir: StateDir): string => path.join(dir.state, 'staged.json');
/** A stamp that doesn't tell of a failure, or not of one that still matters. */
const settledFile = (dir: StateDir): string => path.join(dir.state, 'finalize-settled.json');
const failureFile = (dir: StateDir): string => path.join(dir.state, 'finalize-failure.json');

/** Changes with every start of the system: libostree's mark in /run is made anew each time, in a simulated boot too. */
export function bootIdentity(): string {
  const stat = statSync('/run/ostree-booted', { throwIfNoEntry: false, bigint: true });
  return stat ? `${stat.ino}-${stat.mtimeNs}` : '';
}

/** Remember what is staged; an older failure is solved with it, or will show again. */
export function recordStaged(dir: StateDir, id: string, checksum: string, version: string, at: number): void {
  tryWriteJson(stagedFile(dir), { id, checksum, version, at, boot: bootIdentity() } satisfies StagedRecord);
  removeFile(failureFile(dir));
}

/** A staged deployment was discarded on purpose, or a failure was solved: a stamp that is there by now tells of what is over. */
export function forgetStaged(sysroot: SysrootPort, dir: StateDir): void {
  settle(dir, readStamp(sysroot));
  removeFile(stagedFile(dir));
  removeFile(failureFile(dir));
}

/**
 * Why the last staged deployment didn't become bootable, undefined when nothing failed. Sources: libostree's failure stamp
 * (/boot/ostree/finalize-failure.stamp, removed by `ostree admin boot-complete`, stale when /boot was totally full) and our own record.
 */
export function finalizeFailure(sysroot: SysrootPort, dir: StateDir): FinalizeFailure | undefined {
  const record = readJson(stagedFile(dir), isStagedRecord);
  const stamp = readStamp(sysroot);
  const saved = readJson(failureFile(dir), isFinalizeFailure);
  // libostree's stamp also tells of cleaning up that failed after the new entries were written
  if (record && sysroot.deployments().some((d) => !d.staged && d.id === record.id)) {
    // another command may make the record go before somebody removes the stamp
    settle(dir, stamp);
    removeFile(failureFile(dir));
    return undefined;
  }
  const found = fromStamp(isSettled(dir, stamp) ? undefined : stamp, record) ?? fromRecord(record, sysroot);
  // the stamp alone doesn't know the version, and the record is used up once it was told
  const failure = saved && (!found || found.at === saved.at) ? saved : found;
  if (!failure) return undefined;
  if (JSON.stringify(failure) !== JSON.stringify(saved)) tryWriteJson(failureFile(dir), failure);
  if (record && fromRecord(record, sysroot)) removeFile(stagedFile(dir));
  return failure;
}

interface Stamp {
  /** Unix seconds. */
  readonly at: number;
  readonly text: string;
}

const isStamp = (value: unknown): value is Stamp => hasShape(value, { at: 'number', text: 'string' });

/** libostree's stamp stays until the next start reports it. */
function settle(dir: StateDir, stamp: Stamp | undefined): void {
  if (stamp && !isSettled(dir, stamp)) tryWriteJson(settledFile(dir), stamp);
}

function isSettled(dir: StateDir, stamp: Stamp | undefined): boolean {
  const settled = readJson(settledFile(dir), isStamp);
  return stamp !== undefined && settled?.at === stamp.at && settled.text === stamp.text;
}

/** Our boot unit copies the stamp here before ostree-boot-complete.service reports it to the journal and removes it. */
const keptStamp = '/run/treeline/finalize-failure.stamp';

function readStamp(sysroot: SysrootPort): Stamp | undefined {
  const files = [path.join(sysroot.path, 'boot/ostree/finalize-failure.stamp'), ...(sysroot.isBooted ? [keptStamp] : [])];
  for (const file of files) {
    try {
      return { at: Math.floor(statSync(file).mtimeMs / 1000), text: readRegularFile(file).toString().replaceAll('\0', '').trim() };
    } catch {
      continue;
    }
  }
  return undefined;
}

function fromStamp(stamp: Stamp | undefined, record: StagedRecord | undefined): FinalizeFailure | undefined {
  // older than the last staging: it tells of an earlier attempt
  if (!stamp || (record && stamp.at < record.at)) return undefined;
  return { at: stamp.at, text: stamp.text, version: record?.version ?? '' };
}

function fromRecord(record: StagedRecord | undefined, sysroot: SysrootPort): FinalizeFailure | undefined {
  if (!record || record.boot === bootIdentity() || record.boot === '' || bootIdentity() === '') return undefined;
  if (sysroot.deployments().some((d) => d.checksum === record.checksum)) return undefined;
  const text = 'The staged deployment did not become bootable at the last shutdown';
  const free = bootFreeBytes(sysroot.path);
  const cause = free < crampedBytes ? `/boot has only ${free} bytes free.` : 'power was lost, or another program discarded it.';
  return { at: record.at, text: `${text}: ${cause}`, version: record.version };
}

/** With less than this in /boot, a kernel didn't fit. */
const crampedBytes = 1 << 20;

function bootFreeBytes(sysroot: string): number {
  const boot = path.join(sysroot, 'boot');
  if (!existsSync(boot)) return Infinity;
  const { bavail, bsize } = statfsSync(boot);
  return bavail * bsize;
}
