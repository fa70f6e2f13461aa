// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { errorReport } from '../../errors/report-schema.ts';
import type { Infer } from './infer.ts';
import { advisory, changeCounts, packageChange, packageDetails } from './package.ts';

const text = z.string();
const number = z.number();
const flag = z.boolean();
const texts = z.array(text);

/** A key that a treefile may have, for completion. */
export const treefileKey = z.object({
  name: text,
  /** What its value looks like; `packages` is a list of package names. */
  kind: z.enum(['text', 'flag', 'number', 'list', 'map', 'choice', 'packages', 'repos']),
  /** The possible values of a choice. */
  values: texts,
  /** What it does, one sentence in English; '' when nothing is known. */
  about: text,
});
export interface TreefileKey extends Infer<typeof treefileKey> {}

/** What the reader of treefiles says about a text. */
export const composeCheck = z.object({
  /** In the order of the lines; empty when the treefile can be composed as far as can be told without resolving. */
  problems: z.array(errorReport),
  /** What is ignored: it takes no effect, and isn't in the way. */
  warnings: z.array(errorReport),
  /** Substituted; missing while the treefile can't be read. */
  ref: text.optional(),
  /** Repositories that .repo files beside the treefile define. */
  repos: texts,
  /** Those of them that the treefile takes packages from. */
  usedRepos: texts,
  /** Treefiles that were read: the given one and its includes. Absolute paths. */
  files: texts,
});
export interface ComposeCheck extends Infer<typeof composeCheck> {}

/** A package that can be named in a treefile: the newest build of a name. */
export const availablePackage = z.object({
  name: text,
  /** `[epoch:]version-release`. */
  evr: text,
  repo: text,
  summary: text,
});
export interface AvailablePackage extends Infer<typeof availablePackage> {}

const plannedPackage = packageDetails.extend({
  repo: text,
  downloadBytes: number,
  /** False: it has to be downloaded first. */
  here: flag,
  /** Where the treefile asks for it; missing for what comes as a dependency. */
  named: z.object({ file: text, line: number }).optional(),
});
export interface PlannedPackage extends Infer<typeof plannedPackage> {}

/** What a compose would make now. */
export const composePlan = z.object({
  ref: text,
  version: text,
  /** The input is that of the last commit: no new one would be made. */
  unchanged: flag,
  /** Sorted by name. */
  packages: z.array(plannedPackage),
  repos: z.array(z.object({ id: text, name: text, url: text, timestamp: number })),
  /** The newest commit of `ref` in the target repository. */
  previous: z.object({ checksum: text, version: text, timestamp: number }).optional(),
  /** Against `previous`; empty when there is none. */
  changes: z.array(packageChange),
  advisories: z.array(advisory),
  /** Sum of the installed sizes; missing when the repositories don't tell it of every package. */
  installedBytes: number.optional(),
  /** Still to download. */
  downloadBytes: number,
});
export interface ComposePlan extends Infer<typeof composePlan> {}

/** What a compose made. */
export const composeResult = z.object({
  /** False: nothing has changed since the last commit, and none was made. */
  changed: flag,
  ref: text,
  checksum: text,
  version: text,
  packageCount: number,
});
export interface ComposeResult extends Infer<typeof composeResult> {}

/** A commit of a branch in a repository. */
export const composeRelease = z.object({
  checksum: text,
  version: text,
  timestamp: number,
  packageCount: number,
  /** Against its parent; undefined when the commit doesn't tell. */
  counts: changeCounts.optional(),
});
export interface ComposeRelease extends Infer<typeof composeRelease> {}

/** How far an ordinary user can compose on this machine. */
export const composeAbility = z.object({
  /**
   * `root`, or a user namespace (user_namespaces(7)) with a `range` of ids or a `single` one: then files of other users than root can't be
   * made. `none`: not at all.
   */
  kind: z.enum(['root', 'range', 'single', 'none']),
  /** Why not, in the system's words. */
  detail: text,
});
export interface ComposeAbility extends Infer<typeof composeAbility> {}
