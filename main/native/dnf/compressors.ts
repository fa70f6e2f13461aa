// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';

/** How libsolv and libdnf tell compressors: by the name's end. */
const compressors: Readonly<Record<string, string>> = { gz: 'gzip', xz: 'xz', lzma: 'lzma', bz2: 'bzip2', zst: 'zstd' };

/** rpm's name of what a file of metadata is packed with. */
export const compressorOf = (file: string): string => compressors[path.extname(file).slice(1)] ?? 'none';
