// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Merged } from './treefile-merge.ts';

/** A treefile with its includes as one process read it, for another one that it starts (engine/jobs/walls): what the latter was shown is what it composes. JSON. */
export interface HandedTreefile {
  /** As it was named, and what an editor had of it. */
  readonly file: string;
  readonly draft?: string;
  readonly values: readonly (readonly [string, unknown])[];
  readonly places: readonly (readonly [string, Merged['places'] extends Map<string, infer P> ? P : never])[];
  readonly files: Merged['files'];
  readonly warnings: Merged['warnings'];
  readonly directories: readonly string[];
  readonly absolute: readonly string[];
}

export const handOver = (file: string, draft: string | undefined, merged: Merged): HandedTreefile => ({
  file,
  ...(draft === undefined ? {} : { draft }),
  values: [...merged.values],
  places: [...merged.places],
  files: merged.files,
  warnings: merged.warnings,
  directories: merged.directories,
  absolute: [...merged.absolute],
});

let handed: HandedTreefile | undefined;

/** What the process that started this one read; it counts for the same file and draft. */
export function takeOver(treefile: HandedTreefile): void {
  handed = treefile;
}

/** Undefined when another treefile, or none, was handed over. A new one each time: callers change it. */
export function takenOver(file: string, draft: string | undefined): Merged | undefined {
  if (handed?.file !== file || handed.draft !== draft) return undefined;
  const { values, places, files, warnings, directories, absolute } = structuredClone(handed);
  return {
    values: new Map(values),
    places: new Map(places),
    files,
    warnings,
    directories: [...directories],
    absolute: new Set(absolute),
  };
}
