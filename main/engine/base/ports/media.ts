// SPDX-License-Identifier: LGPL-2.1-or-later
/** The writing side, see native/ostree/medium.ts. */
export interface MediumWriter {
  /** Make or open an archive repository. */
  openTarget(path: string): MediumTarget;
  writeDelta(from: string | undefined, to: string, file: string): void;
}

export interface MediumTarget extends Disposable {
  /** Copy commits out of the repository: with all content and signatures, or the commit objects alone. */
  copy(checksums: readonly string[], commitOnly: boolean): void;
  setRef(ref: string, checksum: string): void;
  /** Write the list of branches anew. */
  writeSummary(): void;
}
