// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChangelogEntry, PackageDetails } from '../../../shared/domain/index.ts';
import { tag, type Header } from './header.ts';

/** Name, EVR, arch and the other facts of the header that a package list shows. */
export function detailsOf(header: Header): PackageDetails & {
  summary: string;
  license: string;
  sourceRpm: string;
  installedSizeBytes: number;
  buildTimeSeconds: number;
} {
  return {
    name: header.string(tag.name),
    epoch: header.number(tag.epoch),
    version: header.string(tag.version),
    release: header.string(tag.release),
    arch: header.string(tag.arch),
    // translations follow the first, which is the C locale's
    summary: header.string(tag.summary),
    license: header.string(tag.license),
    sourceRpm: header.string(tag.sourceRpm),
    installedSizeBytes: header.has(tag.longSize) ? header.number(tag.longSize) : header.number(tag.size),
    buildTimeSeconds: header.number(tag.buildTime),
  };
}

/** The changelog in the header's order, which is newest first. */
export function changelogOf(header: Header): ChangelogEntry[] {
  const times = header.numbers(tag.changelogTime);
  const authors = header.strings(tag.changelogName);
  const texts = header.strings(tag.changelogText);
  return times.map((timeSeconds, i) => ({ timeSeconds, author: authors[i] ?? '', text: texts[i] ?? '' }));
}
