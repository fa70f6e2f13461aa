// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobResult } from '../engine/jobs/index.ts';
import { sizeText } from './output/progress.ts';
import { dateText } from './output/status.ts';

const short = (checksum: string): string => (checksum === '' ? 'nothing' : checksum.slice(0, 12));
/** Printed line by line, so that a name with a line break in it makes no second one. */
const lines = (...all: readonly string[]): readonly string[] => all;
const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

export function summaryText({ refs, deltas, signed }: JobResult<'repo.summary'>): readonly string[] {
  const rows = Object.entries(refs).map(([ref, checksum]) => `${ref}  ${checksum}`);
  return lines(
    ...rows,
    `Summary: ${plural(rows.length, 'branch').replace('branchs', 'branches')}, ${plural(deltas, 'delta')}, ${signed ? 'signed' : 'not signed'}`,
  );
}

export function deltaText({ made, kept, dropped }: JobResult<'repo.delta'>): readonly string[] {
  return lines(
    ...made.map(({ from, to, bytes }) => `${short(from)} -> ${short(to)}  ${sizeText(bytes)}`),
    `Deltas: ${made.length} written, ${kept} there already${dropped > 0 ? `, ${dropped} removed` : ''}`,
  );
}

export function promoteText(to: string, { changed, checksum, version, before, rebound }: JobResult<'repo.promote'>): readonly string[] {
  const name = version === '' ? checksum : `${checksum} (${version})`;
  if (!changed) return lines(`No change: ${to} stays at ${name}`);
  return lines(
    `${to} => ${name}`,
    ...(before === '' ? [] : [`Before: ${before}`]),
    ...(rebound ? ['Bound to its new branch: another commit with the same files'] : []),
  );
}

export function pruneText(report: JobResult<'repo.prune'>): readonly string[] {
  const rows = report.commitsDropped.map(({ checksum, version, timestamp, ref }) =>
    ['-', short(checksum), version, dateText(timestamp), ref === '' ? '(on no branch)' : ref].filter((t) => t !== '').join('  '),
  );
  const verb = report.dryRun ? 'would go' : 'removed';
  return lines(
    ...rows,
    `Commits: ${report.commitsDropped.length} ${verb}, ${report.commitsKept} kept`,
    `Objects: ${report.objectsPruned} of ${report.objectsTotal} ${verb}${report.deltasDropped > 0 ? `, ${plural(report.deltasDropped, 'delta')}` : ''}`,
    `${report.dryRun ? 'Would free' : 'Freed'}: ${sizeText(report.bytes)} (${report.bytes} bytes)`,
  );
}

export function mirrorText({ refs, changed, deltas, sameSummary }: JobResult<'repo.mirror'>): readonly string[] {
  return lines(
    ...Object.entries(refs).map(([ref, checksum]) => `${changed.includes(ref) ? '*' : ' '} ${ref}  ${checksum}`),
    ...changed.filter((ref) => !Object.hasOwn(refs, ref)).map((ref) => `- ${ref}`),
    changed.length === 0 ? 'Up to date' : `Branches: ${changed.length} changed${deltas > 0 ? `, ${plural(deltas, 'delta')} copied` : ''}`,
    `Summary: ${sameSummary ? 'the source’s own, with its signature' : 'written here'}`,
  );
}

export function verifyText({ commits, summary, deltas, ok }: JobResult<'repo.verify'>): readonly string[] {
  const signatures = (list: (typeof commits)[number]['signatures']): string =>
    list.length === 0
      ? 'not signed'
      : list
          .map((s) => `${s.type} ${s.keyId === '' ? 'unknown key' : s.keyId}: ${s.valid ? 'good' : s.keyMissing ? 'key not here' : 'bad'}`)
          .join(', ');
  const rows = commits.flatMap((c) => [
    [c.state.padEnd(7), short(c.checksum), c.version, c.refs.join(' '), `${c.objects} objects`, signatures(c.signatures)]
      .filter((t) => t !== '')
      .join('  '),
    ...c.problems.map((p) => `          ${p}`),
  ]);
  const bad = deltas.filter((d) => d.problem !== undefined);
  return lines(
    ...rows,
    summary.present ? `Summary: ${signatures(summary.signatures)}` : 'Summary: none',
    ...summary.problems.map((p) => `          ${p}`),
    `Deltas: ${deltas.length - bad.length} good, ${bad.length} bad`,
    ...bad.map((d) => `          ${short(d.from)} -> ${short(d.to)}: ${d.problem ?? ''}`),
    ok ? 'All good' : 'Faults found',
  );
}
