// SPDX-License-Identifier: LGPL-2.1-or-later
import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { TreelineError } from '../../../shared/errors/index.ts';
import { fileType, isDeviceMode, isLinkMode } from '../../engine/base/tree/tree-path.ts';
import { rpmFileFlag, type RpmFile, type RpmPackage } from '../../engine/base/ports/rpm.ts';
import type { CpioEntry } from '../archive/cpio.ts';
import { readable } from './files.ts';

/** node:crypto's names of the PGPHASHALGO numbers that FILEDIGESTALGO holds (rpm/rpmpgp.h). */
const algorithms: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
  12: 'sha3-256',
  14: 'sha3-512',
};

/** NAME_MAX and PATH_MAX of linux/limits.h, the latter with its NUL. */
const [longestName, longestPath] = [255, 4095];
/** Each level is an open directory in whoever walks a tree. Real packages have up to thirty. */
const mostLevels = 200;

/** A hash of rpm's number, for the content of one file. */
export type FileHash = ReturnType<typeof createHash>;

/**
 * What a package's payload has to hold, from its header: exactly its files but for ghosts, each once, of that type, mode, size, digest, target and
 * device number. Whoever unpacks asks it about each entry before anything is done with it. Errors are package.payload-mismatch naming package and file.
 */
export class PayloadFiles {
  readonly #subject: string;
  readonly #algorithm: string;
  readonly #byPath = new Map<string, RpmFile>();
  readonly #seen = new Set<RpmFile>();
  /** Groups of hard links whose content was there, by the first file's index. */
  readonly #filled = new Set<number>();

  constructor(pkg: RpmPackage) {
    this.#subject = path.basename(pkg.path);
    const algorithm = algorithms[pkg.fileDigestAlgo];
    if (algorithm === undefined)
      throw new TreelineError('package.unsupported', {
        subject: this.#subject,
        detail: `its files’ digests are of an unknown kind (${pkg.fileDigestAlgo})`,
      });
    this.#algorithm = algorithm;
    for (const file of pkg.files) this.#add(file);
    for (const file of pkg.files) this.#checkParents(file);
    this.#checkLinkGroups(pkg.files);
  }

  /** The file that an entry is. */
  fileOf(entry: CpioEntry): RpmFile {
    const name = pathOf(entry.name);
    const file = name === undefined ? undefined : this.#byPath.get(name);
    if (!file) throw this.mismatch(readable(entry.name), 'is in its payload, but not in its header');
    const wrong = (detail: string): TreelineError => this.mismatch(file.path, detail);
    if (file.flags & rpmFileFlag.ghost) throw wrong('is in its payload, though its header says that nothing is packed of it');
    if (this.#seen.has(file)) throw wrong('is in its payload twice');
    this.#seen.add(file);
    const [format, expected] = [entry.mode & fileType.mask, file.mode & fileType.mask];
    if (format !== expected) throw wrong(`is ${kindOf(format)} in its payload, its header says ${kindOf(expected)}`);
    if ((entry.mode | (file.mode & mayLack(file))) !== file.mode)
      throw wrong(`has the mode ${octal(entry.mode)} in its payload, its header says ${octal(file.mode)}`);
    if (isDeviceMode(file.mode) && deviceNumber(entry) !== file.rdev) throw wrong('has another device number in its payload');
    this.#checkSize(file, entry.sizeBytes);
    return file;
  }

  /** A hash for the content of a regular file. */
  newHash(): FileHash {
    return createHash(this.#algorithm);
  }

  /** Compare the digest of a regular file's content. */
  checkContent(file: RpmFile, hash: FileHash): void {
    const actual = hash.digest('hex');
    if (actual !== file.digest)
      throw this.mismatch(file.path, `has the ${this.#algorithm} ${actual} in its payload, its header says ${file.digest}`);
    if (file.nlink > 1) this.#filled.add(file.linkGroup);
  }

  /** Compare the target of a symbolic link. */
  checkTarget(file: RpmFile, target: Buffer): void {
    if (!target.equals(Buffer.from(file.linkTarget)))
      throw this.mismatch(
        file.path,
        `leads to ${readable(target)} in its payload, its header says ${readable(Buffer.from(file.linkTarget))}`,
      );
  }

  /** Everything that the header lists must have been there. */
  checkComplete(): void {
    for (const file of this.#byPath.values()) {
      if (file.flags & rpmFileFlag.ghost) continue;
      if (!this.#seen.has(file)) throw this.mismatch(file.path, 'is in its header, but not in its payload');
      if (file.nlink > 1 && file.sizeBytes > 0 && !this.#filled.has(file.linkGroup))
        throw this.mismatch(file.path, 'has no content in its payload');
    }
  }

  mismatch(file: string, detail: string): TreelineError {
    return new TreelineError('package.payload-mismatch', { subject: this.#subject, detail: `${file} ${detail}`, facts: { path: file } });
  }

  #add(file: RpmFile): void {
    const wrong = (detail: string): TreelineError => this.mismatch(shortened(file.path), detail);
    if (this.#byPath.has(file.path)) throw wrong('stands twice in its header');
    const parts = file.path.split('/');
    if (Buffer.byteLength(file.path) > longestPath || parts.some((part) => Buffer.byteLength(part) > longestName))
      throw wrong('is longer than a file’s name can be');
    if (parts.length > mostLevels) throw wrong(`lies more than ${mostLevels} directories deep`);
    this.#byPath.set(file.path, file);
    if (file.flags & rpmFileFlag.ghost) return;
    if ((file.mode & fileType.mask) === fileType.regular && file.digest === '') throw wrong('has no digest in its header');
    if (isLinkMode(file.mode) && (file.linkTarget === '' || Buffer.byteLength(file.linkTarget) > longestPath))
      throw wrong('is a link without a possible target');
  }

  /** What lies below something that isn't a directory would be written to where a link leads. */
  #checkParents(file: RpmFile): void {
    for (let at = file.path.lastIndexOf('/'); at > 0; at = file.path.lastIndexOf('/', at - 1)) {
      const parent = this.#byPath.get(file.path.slice(0, at));
      if (!parent) continue;
      if ((parent.mode & fileType.mask) !== fileType.directory)
        throw this.mismatch(file.path, `lies below ${parent.path}, which is ${kindOf(parent.mode & fileType.mask)}`);
      // that one's own parents are looked at in its turn
      return;
    }
  }

  #checkLinkGroups(files: readonly RpmFile[]): void {
    for (const file of files) {
      const first = files[file.linkGroup];
      if (
        first &&
        (first.digest !== file.digest || first.sizeBytes !== file.sizeBytes) &&
        ((first.flags | file.flags) & rpmFileFlag.ghost) === 0
      )
        throw this.mismatch(file.path, `is a hard link to ${first.path} in its header, with other content`);
    }
  }

  /** Of hard links only one has the content with it. */
  #checkSize(file: RpmFile, sizeBytes: number): void {
    const format = file.mode & fileType.mask;
    const regular = format === fileType.regular;
    const expected = regular ? file.sizeBytes : format === fileType.link ? Buffer.byteLength(file.linkTarget) : 0;
    if (sizeBytes === expected || (regular && file.nlink > 1 && sizeBytes === 0)) return;
    if (format === fileType.link) throw this.mismatch(file.path, 'leads elsewhere in its payload than its header says');
    throw this.mismatch(file.path, `has ${sizeBytes} bytes in its payload, its header says ${expected}`);
  }
}

/**
 * Bits that rpm leaves out of a payload when the machine that builds has no such user or group (rpmfilesStat of rpm's lib/rpmfi.c; so since 4.19). Whoever installs
 * takes the header's mode.
 */
const mayLack = ({ user, group }: RpmFile): number => (user === 'root' ? 0 : 0o4000) | (group === 'root' ? 0 : 0o2000);

/** The absolute path that a name in a payload stands for: rpm writes `./usr/x`, others `/usr/x` or `usr/x`. undefined: it can't be one. */
function pathOf(name: Buffer): string | undefined {
  if (!isUtf8(name)) return undefined;
  const text = name.toString('utf8');
  if (text === '.') return '/';
  if (text.startsWith('./')) return text.slice(1);
  return text.startsWith('/') ? text : `/${text}`;
}

/** Of the device number the header has what fits into 16 bits (makedev(3)). */
const deviceNumber = ({ deviceMajor, deviceMinor }: CpioEntry): number => ((deviceMajor & 0xff) << 8) | (deviceMinor & 0xff);

const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;

const shortened = (text: string): string => readable(Buffer.from(text));

function kindOf(format: number): string {
  const kinds: Readonly<Record<number, string>> = {
    [fileType.regular]: 'a regular file',
    [fileType.directory]: 'a directory',
    [fileType.link]: 'a symbolic link',
    [fileType.fifo]: 'a fifo',
    [fileType.socket]: 'a socket',
    0o020000: 'a character device',
    0o060000: 'a block device',
  };
  return kinds[format] ?? 'of an unknown kind';
}
