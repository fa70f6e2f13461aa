// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  formatEvr,
  formatNevra,
  severityNumber,
  timeText,
  type Advisory,
  type ChangeKind,
  type ChangelogEntry,
  type Package,
  type PackageChange,
} from '../../shared/domain/index.ts';
import { oneLine } from './output/terminal.ts';
import type { DbListing, DiffOutcome } from '../engine/jobs/index.ts';

export const diffFormats = ['block', 'diff', 'json'] as const;
export type DiffFormat = (typeof diffFormats)[number];

/** Always ISO, always UTC: parsers and people of all locales read it (field report 5). */
const isoDate = (seconds: number): string => timeText(seconds).slice(0, 10);

const describeRevision = (name: string, checksum: string): string =>
  name === '' || name === checksum ? checksum : `${name} (${checksum})`;

/** `db diff` in the named format, with a line end. `from` and `to` are what the user called them. */
export function diffText(outcome: DiffOutcome, format: DiffFormat, from: string, to: string): string {
  if (format === 'json') return `${JSON.stringify(diffJson(outcome))}\n`;
  const head = [
    `ostree diff commit from: ${describeRevision(from, outcome.fromChecksum)}`,
    `ostree diff commit to:   ${describeRevision(to, outcome.toChecksum)}`,
  ];
  const body = format === 'block' ? blockLines(outcome.packages) : outcome.packages.flatMap(diffLines);
  return `${[...head, ...body, ...advisoryLines(outcome.advisories)].map(oneLine).join('\n')}\n`;
}

const sections: readonly [ChangeKind, string][] = [
  ['upgraded', 'Upgraded'],
  ['downgraded', 'Downgraded'],
  ['removed', 'Removed'],
  ['added', 'Added'],
];

function blockLines(changes: readonly PackageChange[]): string[] {
  return sections.flatMap(([kind, title]) => {
    const mine = changes.filter((c) => c.kind === kind);
    // of a name that is there for several architectures each is said
    const several = new Set(mine.filter((c, i) => mine[i + 1]?.name === c.name).map((c) => c.name));
    return mine.length === 0 ? [] : [`${title}:`, ...mine.flatMap((c) => blockEntry(c, several.has(c.name)))];
  });
}

function blockEntry(change: PackageChange, withArch: boolean): string[] {
  const { from, to } = change;
  if (!from || !to) return [to ?? from].flatMap((one) => (one ? [`  ${formatNevra(one)}`] : []));
  const arch = from.arch === to.arch || to.arch === '' ? '' : ` (${from.arch} -> ${to.arch})`;
  const name = withArch && change.arch ? `${change.name}.${change.arch}` : change.name;
  return [`  ${name} ${formatEvr(from)} -> ${formatEvr(to)}${arch}`, ...changelogLines(change.changelog, '    ')];
}

/** One blank line after each entry, so that none runs into the next. */
function changelogLines(entries: readonly ChangelogEntry[] | undefined, indent: string): string[] {
  return (entries ?? []).flatMap((e) => [
    `${indent}* ${isoDate(e.timeSeconds)} ${e.author}`,
    ...e.text.split('\n').map((line) => (line === '' ? '' : indent + line)),
    '',
  ]);
}

/** `!` old and `=` new of a changed package, `-` removed, `+` added. */
function diffLines(change: PackageChange): string[] {
  const { from, to } = change;
  if (from && to) return [`!${formatNevra(from)}`, `=${formatNevra(to)}`, ...changelogLines(change.changelog, ' ')];
  return [...(to ? [`+${formatNevra(to)}`] : []), ...(from ? [`-${formatNevra(from)}`] : [])];
}

function advisoryLines(advisories: readonly Advisory[] | undefined): string[] {
  if (!advisories || advisories.length === 0) return [];
  return [
    'Advisories:',
    ...advisories.flatMap((a) => [
      `  ${a.id}  ${a.kind === 'security' ? `security/${a.severity}` : a.kind}  ${a.title.replace(/\s+/g, ' ').trim()}`.trimEnd(),
      ...a.references.filter((r) => r.kind === 'cve').map((r) => `    ${r.id} ${r.url}`.trimEnd()),
    ]),
  ];
}

/** Numbers of the D-Bus API's package changes. */
const kindNumber: Readonly<Record<ChangeKind, number>> = { added: 0, removed: 1, upgraded: 2, downgraded: 3 };
const advisoryKindNumber: Readonly<Record<Advisory['kind'], number>> = {
  unknown: 0,
  security: 1,
  bugfix: 2,
  enhancement: 3,
  newpackage: 4,
};

/** rpm-ostree's JSON: `pkgdiff` has a row per change: name, number of the kind, packages. Changelogs and advisories are there when asked for. */
export function diffJson(outcome: DiffOutcome): unknown {
  return {
    'ostree-commit-from': outcome.fromChecksum,
    'ostree-commit-to': outcome.toChecksum,
    pkgdiff: outcome.packages.map((c) => [
      c.name,
      kindNumber[c.kind],
      {
        ...(c.from ? { PreviousPackage: triple(c.from) } : {}),
        ...(c.to ? { NewPackage: triple(c.to) } : {}),
        ...(c.changelog ? { Changelog: c.changelog.map(entryJson) } : {}),
        ...(c.advisories ? { Advisories: c.advisories } : {}),
      },
    ]),
    ...(outcome.advisories.length > 0 ? { advisories: outcome.advisories.map(advisoryJson) } : {}),
  };
}

const triple = (p: Package): [string, string, string] => [p.name, formatEvr(p), p.arch];

function entryJson(e: ChangelogEntry): { date: string; author: string; text: string } {
  return { date: timeText(e.timeSeconds).replace(/Z$/, '.000Z'), author: e.author, text: e.text };
}

function advisoryJson(a: Advisory): unknown[] {
  const cves = a.references.filter((r) => r.kind === 'cve').map((r) => [r.url, r.title]);
  return [a.id, advisoryKindNumber[a.kind], severityNumber(a.severity), a.packages, cves.length > 0 ? { cve_references: cves } : {}];
}

/** `db list`: a line for each commit, then its packages with one leading blank. */
export function listText(listings: readonly DbListing[]): string {
  const lines = listings.flatMap((l) => [
    `ostree commit: ${describeRevision(l.revision, l.checksum)}`,
    ...l.packages.map((p) => ` ${formatNevra(p)}`),
    ...advisoryLines(l.advisories),
  ]);
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}

/** `db version`. */
export function versionText(
  rows: readonly { readonly revision: string; readonly checksum: string; readonly version: string; readonly rpmdbChecksum: string }[],
): string {
  return rows
    .flatMap((r) => [
      `ostree commit: ${describeRevision(r.revision, r.checksum)}`,
      ...(r.version ? [`  version is:   ${r.version}`] : []),
      `  rpmdbv is:    ${r.rpmdbChecksum}`,
    ])
    .map((line) => `${oneLine(line)}\n`)
    .join('');
}
