// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { errorReport } from '../../errors/report-schema.ts';
import type { Infer } from './infer.ts';

const text = z.string();
const number = z.number();

/**
 * Where what is known of an image's packages comes from: `same`: its content is the booted one's; `changes`: Treeline's own referrer; `sbom`; `rpmdb`: its
 * database; `rechunk`: that tool's label; `layers`: what the layers are named after; `none`: it tells nothing.
 */
const imageTier = z.enum(['same', 'changes', 'sbom', 'rpmdb', 'rechunk', 'layers', 'none']);
export type ImageTier = Infer<typeof imageTier>;

/** What can't be known from there. `packages`: there may be changed packages that aren't named at all. */
const unknownOfImage = z.enum([
  'packages',
  'versions',
  'added-or-removed',
  'which-of-a-layer',
  'epochs',
  'architectures',
  'changelogs',
  'advisories',
]);
export type UnknownOfImage = Infer<typeof unknownOfImage>;

/** What is to be said before an image is taken; `from` and `to` are what differs: titles, versions, ISO times. */
const imageWarning = z.object({
  kind: z.enum(['unchanged', 'other-image', 'same-version', 'went-back', 'major-crossed', 'expired']),
  from: text,
  to: text,
});
export interface ImageWarning extends Infer<typeof imageWarning> {}

/** The rule of containers-policy.json(5) that let an image pass. */
const imageTrust = z.object({
  /** `sigstoreSigned`, `insecureAcceptAnything`; several are joined by “ + ”. `none`: there is no policy. */
  requirement: text,
  /** Where in `file` it stands; '' without a policy. */
  scope: text,
  file: text,
  /** SHA-256 of the public key that signed, as hex; several are joined by a space. */
  key: text.optional(),
  /** For people: a sentence without its full stop. */
  text,
});

/** What an update by container image is besides its packages. Texts are the publisher's: untrusted, one line. */
export const imageUpdate = z.object({
  reference: text,
  digest: text,
  /** '' without a booted image to compare with. */
  fromDigest: text,
  tier: imageTier,
  cannotKnow: z.array(unknownOfImage),
  /** Packages of which is only known that what holds them differs: each may have changed, come or gone, or be the same. Sorted. */
  touched: z.array(text),
  title: text.optional(),
  /** Commit of the sources. */
  revision: text.optional(),
  /** http or https. */
  sourceUrl: text.optional(),
  createdSeconds: number.optional(),
  /** Its version, as uname has it, where it is named. */
  kernel: text.optional(),
  /** `new`: those that aren't here; `untold`: those of them of which isn't known which packages they hold. */
  layers: z.object({ total: number, new: number, untold: number }),
  warnings: z.array(imageWarning),
  /** Missing where nobody asked the rules. */
  trust: imageTrust.optional(),
  /** Why a better source than `tier` couldn't be used. */
  problem: errorReport.optional(),
});
export interface ImageUpdate extends Infer<typeof imageUpdate> {}
