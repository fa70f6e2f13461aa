// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MediumTarget, MediumWriter } from '../../engine/base/ports/media.ts';
import { pull } from './pull.ts';
import { writeSummary } from './publish.ts';
import { Repo } from './repo.ts';
import { generateDelta } from './static-delta.ts';

/** Writes media out of `source`. */
export function mediumWriter(source: Repo): MediumWriter {
  return {
    openTarget: (path) => new Target(source, path),
    writeDelta: (from, to, file) => generateDelta(source, from, to, file),
  };
}

class Target implements MediumTarget {
  readonly #source: Repo;
  readonly #repo: Repo;

  constructor(source: Repo, path: string) {
    this.#source = source;
    this.#repo = Repo.create(path, 'archive');
    this.#repo.requireWritable();
  }

  copy(checksums: readonly string[], commitOnly: boolean): void {
    pull(this.#repo, { source: `file://${encodeURI(this.#source.path)}`, refs: checksums, commitOnly });
  }

  setRef(ref: string, checksum: string): void {
    this.#repo.setRef(ref, checksum);
  }

  writeSummary(): void {
    writeSummary(this.#repo, {});
  }

  [Symbol.dispose](): void {
    this.#repo[Symbol.dispose]();
  }
}
