// SPDX-License-Identifier: LGPL-2.1-or-later
import type { InstalledPackage, RpmFile } from '../../engine/base/ports/rpm.ts';
import type { ChangelogEntry } from '../../../shared/domain/index.ts';
import { changelogOf, detailsOf } from './describe.ts';
import { filesOf } from './files.ts';
import { tag, type Header } from './header.ts';

/** A package of a database whose changelog, often of hundreds of entries, is decoded when it is asked for. */
export class PackageWithChangelog implements InstalledPackage {
  readonly name!: string;
  readonly epoch!: number;
  readonly version!: string;
  readonly release!: string;
  readonly arch!: string;
  readonly #header: Header;
  #changelog: readonly ChangelogEntry[] | undefined;

  constructor(header: Header) {
    Object.assign(this, detailsOf(header));
    this.#header = header;
  }

  get changelog(): readonly ChangelogEntry[] {
    return (this.#changelog ??= changelogOf(this.#header));
  }

  files(): readonly Pick<RpmFile, 'path' | 'mode'>[] {
    return filesOf(this.#header);
  }

  addedTo(old: InstalledPackage): readonly ChangelogEntry[] | undefined {
    return old instanceof PackageWithChangelog ? entriesOnTop(this.#header, old.#header) : undefined;
  }
}

/** The new entries when the old changelog, compared as bytes, is the lower part of the new one. */
function entriesOnTop(header: Header, old: Header): ChangelogEntry[] | undefined {
  const times = header.numbers(tag.changelogTime);
  const oldTimes = old.numbers(tag.changelogTime);
  const count = times.length - oldTimes.length;
  if (count < 0 || oldTimes.length === 0 || oldTimes.some((time, i) => time !== times[count + i])) return undefined;
  const authors = topStrings(header.block(tag.changelogName), old.block(tag.changelogName), count);
  const texts = topStrings(header.block(tag.changelogText), old.block(tag.changelogText), count);
  if (!authors || !texts) return undefined;
  const entries = times.slice(0, count).map((timeSeconds, i) => ({ timeSeconds, author: authors[i] ?? '', text: texts[i] ?? '' }));
  return entries.sort((a, b) => b.timeSeconds - a.timeSeconds);
}

/** The first `count` strings of a block that ends with all of `old`; undefined when it doesn't, or when the counts differ. */
function topStrings(block: Buffer, old: Buffer, count: number): string[] | undefined {
  const cut = block.length - old.length;
  if (cut < 0 || !block.subarray(cut).equals(old) || (cut > 0 && block[cut - 1] !== 0)) return undefined;
  const strings = cut === 0 ? [] : block.toString('utf8', 0, cut - 1).split('\0');
  return strings.length === count ? strings : undefined;
}
