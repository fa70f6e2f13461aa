// SPDX-License-Identifier: LGPL-2.1-or-later
import { z } from 'zod';
import type {
  AvailablePackage,
  ComposeAbility,
  ComposeCheck,
  ComposePlan,
  ComposeRelease,
  ComposeResult,
  JobState,
  PlannedPackage,
  TreefileKey,
} from '../domain/index.ts';
import { advisory, errorReport, jobState, object, packageChange } from './schemas.ts';

/** A treefile that was opened before. `token` stands for it; the window never names a path. */
export interface RecentTreefile {
  readonly token: string;
  readonly fileName: string;
  /** For people to read. */
  readonly folder: string;
}

/** The repository that a treefile is composed into. */
export interface ComposeTarget {
  /** For people to read. */
  readonly path: string;
  /** `new`: an empty folder, made a repository with the first compose. */
  readonly state: 'repo' | 'new' | 'missing';
}

/** A treefile that was opened in main's dialog, or again from the list of recent ones. */
export interface OpenTreefile extends RecentTreefile {
  /** As errors name it. */
  readonly path: string;
  readonly text: string;
  /** Changes that were typed and never saved, from another time. */
  readonly draft?: string;
  readonly target?: ComposeTarget;
}

export interface ComposeStart {
  readonly ability: ComposeAbility;
  /** Newest first. */
  readonly recent: readonly RecentTreefile[];
  /** A compose that goes on, begun by a window that was closed since; `compose.run` with its token waits for it. */
  readonly composing?: { readonly token: string; readonly job: JobState };
}

const text = z.string();
const number = z.number();
const flag = z.boolean();
const texts = z.array(text);
const nothing = z.undefined();

const token = z.string().regex(/^[0-9a-f-]{36}$/);
const checksum = z.string().regex(/^[0-9a-f]{64}$/);
/** Of a treefile. Larger ones aren't opened either. */
const content = z.string().max(1024 * 1024);

const recent = { token: text, fileName: text, folder: text };
const target = object<ComposeTarget>({ path: text, state: z.enum(['repo', 'new', 'missing']) });
const openTreefile = object<OpenTreefile>({ ...recent, path: text, text, draft: text.optional(), target: target.optional() });

const start = object<ComposeStart>({
  ability: object<ComposeAbility>({ kind: z.enum(['root', 'range', 'single', 'none']), detail: text }),
  recent: z.array(object<RecentTreefile>(recent)),
  composing: z.object({ token: text, job: jobState }).optional(),
});

const key = object<TreefileKey>({
  name: text,
  kind: z.enum(['text', 'flag', 'number', 'list', 'map', 'choice', 'packages', 'repos']),
  values: texts,
  about: text,
});

const check = object<ComposeCheck>({
  problems: z.array(errorReport),
  warnings: z.array(errorReport),
  ref: text.optional(),
  repos: texts,
  usedRepos: texts,
  files: texts,
});

const available = object<AvailablePackage>({ name: text, evr: text, repo: text, summary: text });

const planned = object<PlannedPackage>({
  name: text,
  epoch: number,
  version: text,
  release: text,
  arch: text,
  summary: text.optional(),
  sourceRpm: text.optional(),
  license: text.optional(),
  installedSizeBytes: number.optional(),
  buildTimeSeconds: number.optional(),
  repo: text,
  downloadBytes: number,
  here: flag,
  named: z.object({ file: text, line: number }).optional(),
});

const plan = object<ComposePlan>({
  ref: text,
  version: text,
  unchanged: flag,
  packages: z.array(planned),
  repos: z.array(z.object({ id: text, name: text, url: text, timestamp: number })),
  previous: z.object({ checksum: text, version: text, timestamp: number }).optional(),
  changes: z.array(packageChange),
  advisories: z.array(advisory),
  installedBytes: number.optional(),
  downloadBytes: number,
});

const result = object<ComposeResult>({ changed: flag, ref: text, checksum: text, version: text, packageCount: number });

const release = object<ComposeRelease>({
  checksum: text,
  version: text,
  timestamp: number,
  packageCount: number,
  counts: z.object({ upgraded: number, downgraded: number, added: number, removed: number }).optional(),
});

/** What the Compose page asks for. A treefile is named by its token, the repository by the treefile it belongs to. */
export const composeCommands = {
  /** Where the page begins. Rejects with compose.not-installed where this app can't compose. */
  'compose.start': { args: z.tuple([]), result: start },
  /** Asks for a file in main's own dialog; undefined when that was closed. */
  'compose.open': { args: z.tuple([]), result: openTreefile.optional() },
  'compose.openRecent': { args: z.tuple([token]), result: openTreefile },
  /** Takes a treefile off the list of recent ones, with changes that weren't saved. */
  'compose.forget': { args: z.tuple([token]), result: z.array(object<RecentTreefile>(recent)) },
  /** Writes the opened file and no other, whole or not at all. Rejects with file.changed unless `overwrite`. */
  'compose.save': { args: z.tuple([token, content, z.strictObject({ overwrite: z.boolean().optional() }).optional()]), result: nothing },
  /** Changes that aren't saved yet, so that closing the window loses nothing; null: there are none any more. */
  'compose.keepDraft': { args: z.tuple([token, content.nullable()]), result: nothing },
  'compose.keys': { args: z.tuple([]), result: z.array(key) },
  'compose.check': { args: z.tuple([token, content]), result: check },
  /** Packages whose names begin with or contain `word`, the best first, at most 60. */
  'compose.complete': { args: z.tuple([token, content, z.string().max(200)]), result: z.array(available) },
  /** Asks for the folder of a repository in main's own dialog; undefined when that was closed. */
  'compose.chooseRepo': { args: z.tuple([token]), result: target.optional() },
  'compose.resolve': { args: z.tuple([token, content]), result: plan },
  /** Composes the treefile as it was saved into its repository; or waits for the end, if that goes on already. */
  'compose.run': { args: z.tuple([token]), result: result },
  'compose.cancel': { args: z.tuple([]), result: flag },
  'compose.releases': { args: z.tuple([token, z.string().min(1).max(500)]), result: z.array(release) },
  'compose.release': {
    args: z.tuple([token, checksum]),
    result: z.object({ packages: z.array(packageChange), advisories: z.array(advisory) }),
  },
} as const;
