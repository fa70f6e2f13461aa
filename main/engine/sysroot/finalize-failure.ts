import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { FinalizeFailure } from '../../../shared/domain/index.ts';
import type { RawDeployment, SysrootPort } from '../ports/sysroot.ts';
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

const stagedFile = (dir: StateDir): string => path.join(dir.state, 'staged.json');
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

/** A staged deployment was discarded on purpose, or a failure was solved. */
export function forgetStaged(dir: StateDir): void {
  removeFile(stagedFile(dir));
  removeFile(failureFile(dir));
}

/**
 * Why the last staged deployment didn't become bootable, undefined when nothing failed. Sources: libostree's failure stamp
 * (/boot/ostree/finalize-failure.stamp, removed by `ostree admin boot-complete`, stale when /boot was totally full) and our own record.
 */
export function finalizeFailure(sysroot: SysrootPort, dir: StateDir): FinalizeFailure | undefined {
  const record = readJson<StagedRecord>(stagedFile(dir));
  const stamp = readStamp(sysroot.path);
  const saved = readJson<FinalizeFailure>(failureFile(dir));
  const failure = fromStamp(stamp, record) ?? fromRecord(record, sysroot.deployments()) ?? saved;
  if (!failure) return undefined;
  if (JSON.stringify(failure) !== JSON.stringify(saved)) tryWriteJson(failureFile(dir), failure);
  if (record && fromRecord(record, sysroot.deployments())) removeFile(stagedFile(dir));
  return failure;
}

function readStamp(sysroot: string): { at: number; text: string } | undefined {
  const file = path.join(sysroot, 'boot/ostree/finalize-failure.stamp');
  try {
    return { at: Math.floor(statSync(file).mtimeMs / 1000), text: readFileSync(file, 'utf8').replaceAll('\0', '').trim() };
  } catch {
    return undefined;
  }
}

function fromStamp(stamp: { at: number; text: string } | undefined, record: StagedRecord | undefined): FinalizeFailure | undefined {
  // older than the last staging: it tells of an earlier attempt
  if (!stamp || (record && stamp.at < record.at)) return undefined;
  return { at: stamp.at, text: stamp.text, version: record?.version ?? '' };
}

function fromRecord(record: StagedRecord | undefined, deployments: readonly RawDeployment[]): FinalizeFailure | undefined {
  if (!record || record.boot === bootIdentity() || record.boot === '' || bootIdentity() === '') return undefined;
  if (deployments.some((d) => d.checksum === record.checksum)) return undefined;
  return {
    at: record.at,
    text: 'The staged deployment did not become bootable at the last shutdown: power was lost, or another program discarded it.',
    version: record.version,
  };
}
