// SPDX-License-Identifier: LGPL-2.1-or-later
/** What a repository may make us take. A real one is far below each: the largest (Fedora, openSUSE) unpack to less than 1 GiB a file. */
export interface DownloadLimits {
  /** repomd.xml, and a list of mirrors: what nothing says the size of beforehand. */
  readonly indexBytes: number;
  /** A file of metadata, whatever repomd.xml says. */
  readonly metadataBytes: number;
  /** A file of metadata, unpacked. */
  readonly unpackedBytes: number;
  /** Up to this, a file may unpack to any multiple of its size; beyond, to `ratio` times. */
  readonly anyRatioBytes: number;
  readonly ratio: number;
  /** A package of which the metadata says no size. */
  readonly packageBytes: number;
  /** What downloads leave free on the disk. */
  readonly freeBytes: number;
}

export const downloadLimits: DownloadLimits = {
  indexBytes: 4 << 20,
  metadataBytes: 2 ** 30,
  unpackedBytes: 2 ** 31,
  anyRatioBytes: 64 << 20,
  ratio: 100,
  packageBytes: 4 * 2 ** 30,
  freeBytes: 64 << 20,
};
