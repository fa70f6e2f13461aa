// SPDX-License-Identifier: LGPL-2.1-or-later
import { realpathSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { errorText, type ErrorReport } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { loadTreefile, type Treefile } from './treefile.ts';

/** Whom a person composes for: the ids as the machine has them, not those of a user namespace. */
export interface Composer {
  readonly uid: number;
  readonly gid: number;
}

const anybodyWrites = 0o002;
const groupWrites = 0o020;
const sticky = 0o1000;

/**
 * What of a treefile somebody else has written or may change: it decides what runs as root (programs of finalize.d, scripts, packages' own). `treefile.foreign-owner` for
 * files, and directories on the way, of neither the composer nor root; `treefile.others-may-write` for those that a group or everybody may write to. Looks at the
 * treefile, its includes, and the programs and files that they name. Files that aren't there are left out. Throws what reading a treefile throws.
 */
export function foreignFiles(file: string, composer: Composer): ErrorReport[] {
  const treefile = loadTreefile(file, undefined, { packages: false });
  const found = new Map<string, ErrorReport>();
  for (const named of namedBy(treefile)) {
    const report = judge(named, composer);
    if (report) found.set(`${report.code} ${report.subject}`, report);
  }
  return [...found.values()];
}

/** Lines for a terminal. A treefile that can't be read has none: why is said by what reads it next. */
export function foreignWarnings(file: string, composer: Composer): string[] {
  try {
    return foreignFiles(file, composer).map((report) => `warning: ${errorText(report).explanation} ${errorText(report).next}`);
  } catch {
    return [];
  }
}

const namedBy = (treefile: Treefile): string[] => [
  ...new Set([
    ...treefile.files.map((each) => each.path),
    ...treefile.finalize,
    ...treefile.postprocess.flatMap((step) => ('script' in step ? [step.script] : [])),
    ...treefile.addFiles.map(({ source }) => source),
  ]),
];

function judge(named: string, composer: Composer): ErrorReport | undefined {
  let file: string;
  try {
    file = realpathSync(named);
  } catch {
    return undefined;
  }
  for (let at = file; ; at = path.dirname(at)) {
    const stats = statSync(at, { throwIfNoEntry: false });
    if (stats && stats.uid !== 0 && stats.uid !== composer.uid)
      return { code: 'treefile.foreign-owner', file: named, subject: at, facts: { owner: nameOf(stats.uid) } };
    // of a directory further up, a sticky one's entries are their owners' alone
    const replaceable = at === file || at === path.dirname(file) || !stats || (stats.mode & sticky) === 0;
    if (stats && replaceable && othersMayWrite(stats, composer)) return { code: 'treefile.others-may-write', file: named, subject: at };
    if (at === '/') return undefined;
  }
}

/** As this machine has it; the number where it knows none. */
function nameOf(uid: number): string {
  try {
    const line = readRegularFile('/etc/passwd')
      .toString()
      .split('\n')
      .map((each) => each.split(':'))
      .find(([, , id]) => id === String(uid));
    return line?.[0] ?? `uid ${uid}`;
  } catch {
    return `uid ${uid}`;
  }
}

/** Not the group that a person is alone in: many systems give everybody one (user private groups), and a umask of 002. */
const othersMayWrite = ({ mode, gid }: Stats, composer: Composer): boolean =>
  (mode & anybodyWrites) !== 0 || ((mode & groupWrites) !== 0 && gid !== 0 && gid !== composer.gid);
