// SPDX-License-Identifier: LGPL-2.1-or-later
import { Option, type Command } from 'commander';
import type { EtcFile, EtcPreview, TreeDiff, UpdateDetails } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { reviewJson, reviewMarkdown, type ReviewReportInput } from '../engine/host/review/report.ts';
import { action, type Session } from './session/session.ts';
import { standardOutput } from './output/terminal.ts';

interface DiffFlags {
  readonly format: 'markdown' | 'json';
  readonly etc?: boolean;
  readonly files?: boolean;
  readonly fetch?: boolean;
}

/** Most files listed; a whole new kernel alone is some thousand. */
const listedFiles = 2000;
/** Most differences of texts; more are for the window, file by file. */
const shownTexts = 200;

/** `treeline diff`: what the staged (or found) update changes, as the report that the window exports. */
export function registerDiff(program: Command): void {
  program
    .command('diff')
    .argument('[commit]', 'checksum of a commit; default: what is staged, else the update that was found')
    .description('Show everything that an update changes: a report for reading before a restart')
    .addOption(new Option('-F, --format <format>', 'output format').choices(['markdown', 'json']).default('markdown'))
    .option('--etc', 'what the merge of /etc will do, with differences of what both sides changed')
    .option('--files', 'the files that differ between both trees')
    .option('--fetch', 'fetch what isn’t here yet of it: the new defaults of /etc')
    .action(action((session: Session, commit: string | undefined, flags: DiffFlags) => diff(session, commit, flags)));
}

async function diff(session: Session, commit: string | undefined, flags: DiffFlags): Promise<number> {
  const { client } = session;
  if (commit !== undefined && !/^[0-9a-f]{64}$/.test(commit)) {
    throw new TreelineError('usage.invalid', { detail: `“${commit}” isn’t the checksum of a commit (64 hexadecimal digits)` });
  }
  if (flags.fetch) {
    const job = await client.fetchReview(commit);
    if (job.phase !== 'succeeded') throw TreelineError.fromReport(job.error ?? { code: 'job.cancelled', subject: job.title });
  }
  const summary = await client.reviewSummary(commit);
  const details = await detailsOf(session, summary.toChecksum);
  const etc = flags.etc ? await client.etcPreview(summary.toChecksum) : undefined;
  const input: ReviewReportInput = {
    summary,
    details,
    etc,
    etcFiles: etc ? await changedOnBothSides(session, etc) : undefined,
    tree: flags.files ? await files(session, summary.fromId, summary.toChecksum) : undefined,
    at: Math.floor(Date.now() / 1000),
  };
  standardOutput.printText(flags.format === 'json' ? reviewJson(input) : reviewMarkdown(input));
  return 0;
}

/** The pending update's, or those of the commit that was asked for. */
async function detailsOf(session: Session, checksum: string): Promise<UpdateDetails | undefined> {
  const pending = await session.client.updateDetails().catch(unlessNone);
  return pending?.toChecksum === checksum ? pending : await session.client.preview({ revision: checksum }).catch(unlessNone);
}

function unlessNone(error: unknown): undefined {
  if (error instanceof TreelineError && error.code === 'update.none') return undefined;
  throw error;
}

/** Texts of what needs a decision: where the new default won't apply, or yours gets lost. */
async function changedOnBothSides(session: Session, etc: EtcPreview): Promise<EtcFile[]> {
  const wanted = etc.entries
    .filter((e) => (e.kind === 'both-changed' || e.problem !== undefined) && e.type !== 'directory')
    .slice(0, shownTexts);
  const texts: EtcFile[] = [];
  for (const { path } of wanted) texts.push(await session.client.etcFile(path, etc.toChecksum));
  return texts;
}

/** `fromId` is OSNAME-CHECKSUM.SERIAL. */
function files(session: Session, fromId: string, to: string): Promise<TreeDiff> {
  const from = /-([0-9a-f]{64})\.\d+$/.exec(fromId)?.[1];
  if (from === undefined) throw new TreelineError('deployment.not-found', { subject: fromId });
  return session.client.treeDiff(from, to, { limit: listedFiles });
}
