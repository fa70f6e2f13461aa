// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { errorReport } from '../../errors/report-schema.ts';
import type { Infer } from './infer.ts';
import { packageSchema } from './package.ts';
import { remoteKey } from './remote.ts';

const text = z.string();
const number = z.number();
const flag = z.boolean();
const texts = z.array(text);

/** A package that a repository has. */
export const foundPackage = packageSchema.extend({
  repo: text,
  summary: text,
  /** What it was found by: the name that was asked for; of a search one of rpm-ostree's groups. */
  key: text.optional(),
});
export interface FoundPackage extends Infer<typeof foundPackage> {}

/** What a search in repositories finds. */
export const packageSearch = z.object({
  packages: z.array(foundPackage),
  /** Repositories that nothing is known of: why. What they have isn't among the packages. */
  unknown: z.array(errorReport),
});
export interface PackageSearch extends Infer<typeof packageSearch> {}

/** A key that packages of a repository may be signed with. */
const packageKey = remoteKey.extend({
  /** The file that holds it. */
  from: text,
});

/** A package repository of a system, as its .repo file says it. Times are Unix seconds. */
export const packageRepo = z.object({
  id: text,
  name: text,
  enabled: flag,
  /** Where it stands, and the line of its section. */
  file: text,
  line: number,
  /** Without passwords. */
  addresses: texts,
  /** Whether its packages must be signed. Missing when that can't be read. */
  gpgcheck: flag.optional(),
  keys: z.array(packageKey),
  /** Keys that are named and aren't used: addresses of keys that nobody has imported, files that aren't there. */
  absentKeys: texts,
  /** When its metadata was last compared with the server's; missing when none was fetched. */
  refreshedAt: number.optional(),
  /** Why it can't be used as it is. */
  problem: errorReport.optional(),
});
export interface PackageRepo extends Infer<typeof packageRepo> {}

export const packageRepos = z.object({
  repos: z.array(packageRepo),
  /** Files that can't be read, and may define more. */
  problems: z.array(errorReport),
});
export interface PackageRepos extends Infer<typeof packageRepos> {}

/** What an address of a repository's keys gives, before anything is trusted. */
export const offeredKeys = z.object({
  from: text,
  /** The file's bytes, base64. */
  key: text,
  keys: z.array(remoteKey),
});
export interface OfferedKeys extends Infer<typeof offeredKeys> {}
