// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { TreelineError } from '../../errors/index.ts';
import { errorReport } from '../../errors/report-schema.ts';
import * as compose from './compose.ts';
import * as deployed from './deployed-package.ts';
import * as host from './host.ts';
import type { Infer } from './infer.ts';
import * as packages from './package.ts';
import * as repos from './package-repo.ts';
import * as remote from './remote.ts';
import * as review from './review.ts';
import * as update from './update.ts';

/**
 * What crosses the border of a process as JSON, by the names that the tables of D-Bus (shared/dbus) and of the window (shared/ipc) use. What a newer service
 * tells besides is left out. Whoever only needs the types imports those of shared/domain: this file loads the validators.
 */
export const jsonSchemas = {
  Advisory: packages.advisory,
  AvailablePackage: compose.availablePackage,
  CheckState: update.checkState,
  ComposeAbility: compose.composeAbility,
  ComposeCheck: compose.composeCheck,
  ComposePlan: compose.composePlan,
  ComposeRelease: compose.composeRelease,
  ComposeResult: compose.composeResult,
  DeployedPackages: deployed.deployedPackages,
  DiskUse: host.diskUse,
  ErrorReport: errorReport,
  EtcDrift: review.etcDrift,
  EtcFile: review.etcFile,
  EtcOwnFile: review.etcOwnFile,
  EtcRestored: review.etcRestored,
  EtcPreview: review.etcPreview,
  FinalizeFailure: update.finalizeFailure,
  HistoryEntry: host.historyEntry,
  HostSnapshot: host.hostSnapshot,
  HostState: host.hostState,
  JobState: host.jobState,
  Medium: remote.medium,
  /** Something was done, and what is told of it is of no interest. */
  Nothing: z.unknown().transform((): undefined => undefined),
  PackageChange: packages.packageChange,
  OfferedKeys: repos.offeredKeys,
  PackageComparison: packages.packageComparison,
  PackageInfo: deployed.packageInfo,
  PackagePlan: deployed.packagePlan,
  UpdatePlan: deployed.updatePlan,
  PackageRepos: repos.packageRepos,
  PackageSearch: repos.packageSearch,
  Remote: remote.remote,
  RemoteKey: remote.remoteKey,
  RemoteRef: remote.remoteRef,
  RemoteVersion: remote.remoteVersion,
  RestartBlocker: host.restartBlocker,
  ReviewSummary: review.reviewSummary,
  ScheduledRestart: host.scheduledRestart,
  TreeDiff: review.treeDiff,
  TreeFile: review.treeFile,
  TreefileKey: compose.treefileKey,
  UpdateDetails: update.updateDetails,
  WhatsNew: host.whatsNew,
} as const;

export type JsonName = keyof typeof jsonSchemas;
type JsonTypes = { readonly [N in JsonName]: Infer<(typeof jsonSchemas)[N]> };

/** The type that a table's text names: `UpdateDetails`, `Remote[]`, `WhatsNew?` (undefined where there is none). */
export type JsonOf<Text extends string> = Text extends `${infer Item}[]`
  ? readonly JsonOf<Item>[]
  : Text extends `${infer Item}?`
    ? JsonOf<Item> | undefined
    : Text extends JsonName
      ? JsonTypes[Text]
      : never;

/** `UpdateDetails`, `Remote[]`, `WhatsNew?`, out of a set of schemas by name. Throws a RangeError for a name that isn't there. */
export function schemaNamed(schemas: Readonly<Record<string, z.ZodType>>, text: string): z.ZodType {
  if (text.endsWith('[]')) return z.array(schemaNamed(schemas, text.slice(0, -2)));
  if (text.endsWith('?')) return schemaNamed(schemas, text.slice(0, -1)).optional();
  const schema = Object.hasOwn(schemas, text) ? schemas[text] : undefined;
  if (!schema) throw new RangeError(`there is no schema ${text}`);
  return schema;
}

/**
 * A JSON document of another process, by its name in a table; '' is what isn't there. Throws internal.protocol when it isn't one or doesn't fit. `subject`: what was
 * asked.
 */
export function parseJson<const Text extends string>(name: Text, text: unknown, subject: string): JsonOf<Text> {
  const schema = named.get(name) ?? schemaNamed(jsonSchemas, name);
  named.set(name, schema);
  const checked = schema.safeParse(text === '' ? undefined : decoded(text, subject));
  // that schema's type is what the name says
  if (checked.success) return checked.data as JsonOf<Text>;
  throw new TreelineError('internal.protocol', { subject, detail: `${subject}: ${issuesText(checked.error.issues)}` });
}

function decoded(text: unknown, subject: string): unknown {
  try {
    return JSON.parse(String(text));
  } catch (error) {
    throw new TreelineError('internal.protocol', {
      subject,
      detail: `${subject}: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
}

/** Lists are compiled once, too. */
const named = new Map<string, z.ZodType>();

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What doesn't fit, for an error's detail: the first three places. */
export function issuesText(issues: readonly Issue[], whole = 'value'): string {
  return issues
    .slice(0, 3)
    .map((issue) => `${issue.path.map(String).join('.') || whole}: ${issue.message}`)
    .join('; ');
}
