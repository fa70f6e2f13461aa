// SPDX-License-Identifier: LGPL-2.1-or-later
import { createTwoFilesPatch } from 'diff';
import type { Advisory } from './schemas/package.ts';
import { imageLines, imagePackageNotes } from './image-report.ts';
import type { UpdateDetails } from './schemas/update.ts';
import { formatEvr } from './evr.ts';
import type { ChangelogEntry, PackageChange } from './schemas/package.ts';
import { timeText } from './time.ts';
import type { EtcEntry, EtcFile, EtcPreview, FileSide, ReviewSummary, TreeDiff } from './schemas/review.ts';

/** Everything that a report can hold. What is missing is left out of it. */
export interface ReviewReportInput {
  readonly summary: ReviewSummary;
  readonly details?: UpdateDetails | undefined;
  readonly etc?: EtcPreview | undefined;
  /** Files of /etc whose texts go into the report as differences. */
  readonly etcFiles?: readonly EtcFile[] | undefined;
  readonly tree?: TreeDiff | undefined;
  /** When the report is made, Unix seconds. */
  readonly at: number;
}

/** A file of /etc as unified differences; empty text where there is none to make. */
export interface EtcFileDiff {
  readonly path: string;
  /** What the vendor changes in the default. */
  readonly vendor: string;
  /** What was changed here. */
  readonly yours: string;
  /** From yours to the new default: what is missed while yours is kept. */
  readonly missed: string;
}

/** Differences of the three texts of a file; see EtcFileDiff. Works with any of them missing. */
export function etcFileDiff({ path, base, yours, vendor }: EtcFile): EtcFileDiff {
  const between = (from: FileSide, to: FileSide, names: readonly [string, string]): string => {
    const [before, after] = [shownText(from), shownText(to)];
    if (before === undefined || after === undefined || before === after) return '';
    return createTwoFilesPatch(`${names[0]}/${path}`, `${names[1]}/${path}`, before, after, undefined, undefined, { context: 3 });
  };
  return {
    path,
    vendor: between(base, vendor, ['default', 'new-default']),
    yours: between(base, yours, ['default', 'yours']),
    missed: between(yours, vendor, ['yours', 'new-default']),
  };
}

/** A file that isn't there is empty; of one without text nothing can be said. */
function shownText(side: FileSide): string | undefined {
  if (!side.exists) return '';
  return side.type === 'symlink' ? `-> ${side.linkTarget ?? ''}\n` : side.text;
}

/** The report for programs, with a line end: all of the input under stable names, differences made. */
export function reviewJson(input: ReviewReportInput): string {
  const { summary, details, etc, etcFiles, tree, at } = input;
  return `${JSON.stringify(
    {
      format: 1,
      kind: 'treeline-review',
      generatedAt: timeText(at),
      summary,
      ...(details ? { update: details } : {}),
      ...(etc ? { etc } : {}),
      ...(etcFiles && etcFiles.length > 0 ? { etcDiffs: etcFiles.map(etcFileDiff) } : {}),
      ...(tree ? { files: tree } : {}),
    },
    null,
    2,
  )}\n`;
}

/** What an update by container image brings, for people, as the report of a review tells it. */
export function updateMarkdown(details: UpdateDetails): string {
  const { fromVersion, toVersion, toChecksum, image } = details;
  const to = plain(toVersion || toChecksum);
  return asText([
    fromVersion === '' ? `# ${to}` : `# ${plain(fromVersion)} → ${to}`,
    '',
    ...(image ? imageLines(image, plain) : []),
    ...sizeLines(details),
    '',
    ...changeLines(details),
  ]);
}

const changeLines = (details: UpdateDetails): string[] => [
  ...packageLines(details),
  ...(details.notTold?.includes('advisories') ? ['## Advisories', '', 'Not known.', ''] : []),
  ...(details.advisories.length > 0 ? advisoryLines(details.advisories) : []),
];

const asText = (lines: readonly string[]): string =>
  `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;

/** The report for people, self-contained. Text from elsewhere (changelogs, advisories, names, files) can't become markup. */
export function reviewMarkdown(input: ReviewReportInput): string {
  const { summary, details, etc, tree, at } = input;
  const lines = [
    `# Review: ${plain(summary.fromVersion || summary.fromId)} → ${plain(summary.toVersion || summary.toChecksum.slice(0, 12))}`,
    '',
    `- From: ${plain(summary.fromVersion)} (${code(summary.fromId)})`,
    `- To: ${plain(summary.toVersion)} (commit ${code(summary.toChecksum)})${summary.staged ? ', staged' : ''}`,
    `- Report made: ${timeText(at)}`,
    ...(details ? signatureLines(details) : []),
    '',
    ...effectLines(summary, details),
    ...(details?.image ? imageLines(details.image, plain) : []),
    ...(details ? changeLines(details) : []),
    ...(etc ? etcLines(etc) : []),
    ...(input.etcFiles ?? []).flatMap((file) => diffLines(etcFileDiff(file))),
    ...(tree ? treeLines(tree) : []),
  ];
  return asText(lines);
}

function signatureLines({ signatures, notTold }: UpdateDetails): string[] {
  if (notTold?.includes('signatures')) return ['- Signatures: not told by the update service'];
  if (signatures.length === 0) return ['- Signatures: none'];
  return signatures.map(
    (s) => `- Signature: ${s.valid ? 'valid' : 'NOT VALID'}, ${s.type} key ${code(s.fingerprint || s.keyId || 'unknown')}`,
  );
}

function effectLines(summary: ReviewSummary, details: UpdateDetails | undefined): string[] {
  const { kernel, initramfs, kernelArgs, boot, backTo } = summary;
  const args = (title: string, list: readonly string[]): string[] => (list.length > 0 ? [`- ${title}: ${list.map(code).join(' ')}`] : []);
  return [
    '## What else changes',
    '',
    kernel.from === kernel.to
      ? `- Kernel: ${plain(kernel.to)}, unchanged`
      : `- Kernel: ${plain(kernel.from)} → ${plain(kernel.to || 'not known yet')}`,
    ...(summary.partial
      ? ['- Initramfs and space in /boot: not known before the list of boot files is fetched']
      : [
          `- Initramfs: ${initramfs.changed ? `changed (${bytes(initramfs.fromBytes)} → ${bytes(initramfs.toBytes)})` : 'unchanged'}`,
          `- /boot: ${bytes(boot.needBytes)} needed, ${bytes(boot.freeBytes)} free${boot.needBytes > boot.freeBytes ? ': NOT ENOUGH' : ''}`,
        ]),
    ...(kernelArgs.added.length + kernelArgs.removed.length === 0 ? ['- Kernel arguments: unchanged'] : []),
    ...args('Kernel arguments added', kernelArgs.added),
    ...args('Kernel arguments removed', kernelArgs.removed),
    ...(details ? sizeLines(details) : []),
    backTo.id === '' ? '- Nothing to go back to afterwards' : `- One can go back to: ${plain(backTo.version)} (${code(backTo.id)})`,
    '',
  ];
}

function sizeLines({ sizes }: UpdateDetails): string[] {
  if (!sizes) return ['- Download and disk: not told by the update service'];
  const { downloadBytes, downloadExact, installedDeltaBytes: delta, freeBytes } = sizes;
  const installed = delta === undefined ? 'not told by this repository' : `${delta < 0 ? '−' : '+'}${bytes(Math.abs(delta))}`;
  return [
    `- Download: ${downloadExact ? bytes(downloadBytes) : downloadBytes > 0 ? `about ${bytes(downloadBytes)}` : 'size not told by this repository'}`,
    `- Installed size: ${installed}, ${bytes(freeBytes)} free`,
  ];
}

const sections = [
  ['upgraded', 'Upgraded'],
  ['downgraded', 'Downgraded'],
  ['added', 'Added'],
  ['removed', 'Removed'],
] as const;

type ImageSource = 'sbom' | 'rechunk' | 'layers';
const isImageSource = (source: UpdateDetails['source']): source is ImageSource =>
  source === 'sbom' || source === 'rechunk' || source === 'layers';

function packageLines(details: UpdateDetails): string[] {
  const { packages, source, image } = details;
  const note: Record<Exclude<UpdateDetails['source'], ImageSource>, string> = {
    'treeline.changes': '',
    rpmdb: 'From the RPM databases of both versions.',
    pkglist: 'Names and versions only: this repository doesn’t tell changelogs without its RPM database.',
    none: 'This repository doesn’t tell its packages.',
  };
  const notes = image ? imagePackageNotes(image, plain) : isImageSource(source) || note[source] === '' ? [] : [note[source]];
  return [
    `## Packages (${packages.length} changed)`,
    '',
    ...notes.flatMap((line) => [line, '']),
    ...(details.releases.length > 1 ? [`Releases in between: ${details.releases.map((r) => plain(r.version)).join(', ')}`, ''] : []),
    ...sections.flatMap(([kind, title]) => {
      const mine = packages.filter((p) => p.kind === kind);
      return mine.length === 0 ? [] : [`### ${title} (${mine.length})`, '', ...mine.flatMap(packageEntry), ''];
    }),
  ];
}

function packageEntry(change: PackageChange): string[] {
  const { from, to } = change;
  const versions = [from, to].flatMap((side) => (side ? [plain(formatEvr(side))] : [])).join(' → ');
  const fixes = change.advisories && change.advisories.length > 0 ? ` [${change.advisories.map(plain).join(', ')}]` : '';
  const head = `- **${plain(change.name)}**${change.arch && `.${plain(change.arch)}`} ${versions}${fixes}${change.summary ? `: ${plain(change.summary)}` : ''}`;
  const log = (change.changelog ?? []).map(changelogText).join('\n\n');
  return log === '' ? [head] : [head, '', ...fenced(log, '  '), ''];
}

const changelogText = (e: ChangelogEntry): string => `* ${timeText(e.timeSeconds).slice(0, 10)} ${e.author}\n${e.text}`;

function advisoryLines(advisories: readonly Advisory[]): string[] {
  return [
    `## Advisories (${advisories.length})`,
    '',
    ...advisories.flatMap((a) => {
      const cves = a.references.filter((r) => r.kind === 'cve').map((r) => plain(r.id));
      return [
        `### ${plain(a.id)}: ${a.kind}${a.kind === 'security' ? `, ${a.severity}` : ''}`,
        '',
        plain(a.title),
        ...(cves.length > 0 ? ['', `CVEs: ${cves.join(', ')}`] : []),
        ...(a.packages.length > 0 ? ['', `Packages: ${a.packages.map(code).join(', ')}`] : []),
        ...(a.description.trim() === '' ? [] : ['', ...fenced(a.description.trim(), '')]),
        '',
      ];
    }),
  ];
}

const kinds: Record<EtcEntry['kind'], string> = {
  'vendor-applied': 'new default applies',
  'yours-kept': 'your change is kept',
  'both-changed': 'both changed',
  'both-same': 'both made the same change',
};
const problems: Record<NonNullable<EtcEntry['problem']>, string> = {
  blocks: 'THE UPDATE CAN’T BE FINISHED: the merge stops here',
  'not-kept': 'your change is lost',
  'through-link': 'written to where the new link leads',
};

function etcLines(etc: EtcPreview): string[] {
  if (!etc.available) return ['## /etc', '', 'Not known before the new defaults are fetched.', ''];
  const hidden = etc.hiddenCount ? [`${etc.hiddenCount} more in folders that only root may list.`, ''] : [];
  if (etc.entries.length === 0) return ['## /etc', '', ...(hidden.length > 0 ? hidden : ['Nothing changes.', ''])];
  const row = (e: EtcEntry): string => {
    const result = `${kinds[e.kind]}${e.kind === 'both-changed' ? `: ${e.outcome === 'yours' ? 'yours stays' : 'the new default stands'}` : ''}`;
    const cells = [code(`/etc/${e.path}`), e.type, e.vendor, e.yours, `${result}${e.problem ? ` (${problems[e.problem]})` : ''}`];
    return `| ${cells.join(' | ')} |`;
  };
  return [
    `## /etc (${etc.entries.length})`,
    '',
    '| Path | Type | Vendor | Here | After the restart |',
    '| --- | --- | --- | --- | --- |',
    ...etc.entries.map(row),
    '',
    ...hidden,
  ];
}

function diffLines({ path, vendor, yours, missed }: EtcFileDiff): string[] {
  const part = (title: string, patch: string): string[] => (patch === '' ? [] : [title, '', ...fenced(patch.trimEnd(), '', 'diff'), '']);
  const body = [
    ...part('What the vendor changes:', vendor),
    ...part('What was changed here:', yours),
    ...part('From yours to the new default:', missed),
  ];
  return [`### ${code(`/etc/${path}`)}`, '', ...(body.length > 0 ? body : ['No text differences.', ''])];
}

function treeLines(tree: TreeDiff): string[] {
  const sign = { added: '+', removed: '-', modified: '~' } as const;
  const rest = tree.total - tree.changes.length;
  return [
    `## Files (${tree.total} changed)`,
    '',
    ...fenced(tree.changes.map((c) => `${sign[c.kind]} ${c.path}${c.type === 'directory' ? '/' : ''}`).join('\n') || 'none', ''),
    ...(rest > 0 ? ['', `… and ${rest} more.`] : []),
    '',
  ];
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** Control characters, and those that turn the direction of text, don't get into a report. */
const visible = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

/** One line of text from elsewhere, as it is: nothing in it is Markdown or HTML. */
function plain(text: string): string {
  return visible(text.replace(/\s+/g, ' ').trim()).replace(/[\\`*_{}[\]<>#|~&!]/g, '\\$&');
}

/** One line in backticks, of which there are more than in the text itself; a bar would end a table's cell. */
function code(text: string): string {
  const line = visible(text.replace(/\s+/g, ' ')).replace(/\|/g, '\\|');
  const ticks = '`'.repeat(longestRun(line) + 1);
  return line === '' ? '–' : ticks.length === 1 ? `\`${line}\`` : `${ticks} ${line} ${ticks}`;
}

function fenced(text: string, indent: string, language = 'text'): string[] {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return [`${fence}${language}`, ...visible(text).split('\n'), fence].map((line) => (line === '' ? '' : indent + line));
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
