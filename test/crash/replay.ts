// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { generator } from '../fuzz/mutate.ts';
import type { DiskRecord } from './recorder.ts';

/** A moment at which the power goes. */
export interface Cut {
  /** So many records had reached the disks. */
  readonly count: number;
  /** Disks write in any order what wasn't flushed: each such write is missing with this seed's luck. Undefined: all are there. */
  readonly lostSeed?: number;
}

/** Every boundary between two writes (a flush changes nothing by itself), each whole, and each with a random part of the unflushed writes lost. */
export function allCuts(records: readonly DiskRecord[], seed: number): Cut[] {
  const counts = [0, ...records.flatMap(({ kind }, i) => (kind === 'write' ? [i + 1] : []))];
  return counts.flatMap((count) => [{ count }, { count, lostSeed: seed + count }]);
}

/** Some of them, evenly spread, other ones for each seed. */
export function someCuts(cuts: readonly Cut[], wanted: number, seed: number): Cut[] {
  const random = generator(seed);
  const width = cuts.length / wanted;
  return Array.from(
    { length: Math.min(wanted, cuts.length) },
    (_, i) => cuts[Math.min(cuts.length - 1, Math.floor(i * width) + random(Math.ceil(width)))] as Cut,
  );
}

/** Copy an image and leave holes holes: most of an image is nothing, and hundreds of copies are made. */
export const copySparse = (source: string, target: string): Buffer => execFileSync('cp', ['--sparse=always', source, target]);

/** The images as they are after a cut: copies of the bases with what had been written. `targets`: image -> where its copy goes. */
export function replay(
  log: string,
  records: readonly DiskRecord[],
  { count, lostSeed }: Cut,
  bases: ReadonlyMap<string, string>,
  targets: ReadonlyMap<string, string>,
): void {
  const random = lostSeed === undefined ? undefined : generator(lostSeed);
  const flushed = new Map<string, number>();
  for (let i = 0; i < count; i++) if (records[i]?.kind === 'flush') flushed.set(records[i]?.image ?? '', i);
  const source = openSync(log, 'r');
  const open = new Map<string, number>();
  try {
    for (const [image, base] of bases) {
      const target = targets.get(image) ?? '';
      copySparse(base, target);
      open.set(image, openSync(target, 'r+'));
    }
    for (let i = 0; i < count; i++) {
      const record = records[i] as DiskRecord;
      if (record.kind !== 'write') continue;
      if (i > (flushed.get(record.image) ?? -1) && random?.(2) === 0) continue;
      const data = Buffer.alloc(record.length);
      readSync(source, data, 0, record.length, record.at);
      writeSync(open.get(record.image) as number, data, 0, record.length, record.offset);
    }
  } finally {
    for (const fd of [source, ...open.values()]) closeSync(fd);
  }
}
