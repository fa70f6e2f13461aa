// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { errorReport } from '../../errors/report-schema.ts';
import type { Infer } from './infer.ts';
import { changelogEntry, packageDetails, packageSchema } from './package.ts';

const text = z.string();
const number = z.number();
const texts = z.array(text);

/** A package of a deployment, and what it is there for. */
export const deployedPackage = packageDetails.extend({
  /** `replaced`: it stands in the place of one of the base. */
  part: z.enum(['base', 'layered', 'local', 'replaced']),
  /** That one. */
  replaces: packageSchema.optional(),
  /** Of a layered one: somebody asked for it, by this request. Missing: it came along. */
  request: text.optional(),
});
export interface DeployedPackage extends Infer<typeof deployedPackage> {}

export const deployedPackages = z.object({
  deploymentId: text,
  packages: z.array(deployedPackage),
  /** Packages of the base that were left out. */
  removed: z.array(packageDetails),
  /** Requests of which nothing is in the tree: the base fulfils them, or they were kept without effect. */
  inactive: texts,
});
export interface DeployedPackages extends Infer<typeof deployedPackages> {}

/** All that a tree's database says of one of its packages. */
export const packageInfo = packageDetails.extend({
  description: text,
  url: text,
  /** Newest first. */
  changelog: z.array(changelogEntry),
  files: z.array(z.object({ path: text, type: z.enum(['file', 'directory', 'link', 'other']), sizeBytes: number })),
  /** What it asks for, as written. */
  requires: texts,
  /** Names of the tree's packages that fulfil that, and of those that ask for something of this one. */
  needs: texts,
  neededBy: texts,
});
export interface PackageInfo extends Infer<typeof packageInfo> {}

/** A package that would come onto the base. */
const layerPackage = packageDetails.extend({
  repo: text.optional(),
  /** 0: it is here already. */
  downloadBytes: number.optional(),
  /** Names of others of them that ask for it. */
  neededBy: texts.optional(),
});
export interface LayerPackage extends Infer<typeof layerPackage> {}

/** All that is on top of a base. */
const layerContent = z.object({
  added: z.array(layerPackage),
  /** Of the base, by NEVRA. Without `after`: left out. */
  replaced: z.array(z.object({ before: text, after: text.optional() })),
  inactive: z.array(z.object({ spec: text, by: text })),
  /** Requests that don't fit and are left out, as somebody decided. */
  setAside: texts,
});

/** What a change of requests would give. Without `layer`: nothing is on top of the base. */
export const packagePlan = z.object({ layer: layerContent.optional() });
export interface PackagePlan extends Infer<typeof packagePlan> {}

/** What becomes of this machine's own packages with an update. Neither `layer` nor `problem`: there are none. */
export const updatePlan = z.object({
  /** The base to come. */
  checksum: text,
  layer: layerContent.optional(),
  /** Why they don't go together. */
  problem: errorReport.optional(),
});
export interface UpdatePlan extends Infer<typeof updatePlan> {}
