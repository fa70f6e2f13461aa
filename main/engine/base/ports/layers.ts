// SPDX-License-Identifier: LGPL-2.1-or-later
import type { LayerPackage, Progress } from '../../../../shared/domain/index.ts';
import type { JobContext } from './job.ts';
import type { Provided } from './resolver.ts';

/** An override that changes nothing of this base. */
export interface IdleOverride {
  /** Name or NEVRA, as it was asked for. */
  readonly spec: string;
  /** The package of the base that is the same version; missing: the base hasn't any of that name. */
  readonly by?: string;
}

/** A package file that somebody brought. */
export interface BroughtFile {
  readonly path: string;
  /** As its owner calls it. */
  readonly name: string;
}

/** How what an origin asks for on top of its base is to change: the modifiers of rpm-ostree's UpdateDeployment. */
export interface LayerChange {
  /** Names, globs, NEVRAs, provides or file paths. */
  readonly install?: readonly string[];
  readonly uninstall?: readonly string[];
  /** Requests that are left out where they don't fit the base, and kept. */
  readonly setAside?: readonly string[];
  /** Packages that lie in the repository already. */
  readonly installLocal?: readonly { readonly nevra: string; readonly sha256: string }[];
  /** The same; their files may replace others'. */
  readonly installLocalForced?: readonly { readonly nevra: string; readonly sha256: string }[];
  /** Names of packages of the base. */
  readonly overrideRemove?: readonly string[];
  readonly overrideReset?: readonly string[];
  readonly overrideReplace?: readonly { readonly repo: string; readonly packages: readonly string[] }[];
  readonly overrideReplaceLocal?: readonly { readonly nevra: string; readonly sha256: string }[];
  readonly noLayering?: boolean;
  readonly noOverrides?: boolean;
  readonly noInitramfs?: boolean;
  readonly initramfs?: { readonly regenerate: boolean; readonly args: readonly string[] };
  /** What is there or gone already is no error. */
  readonly idempotent?: boolean;
}

/** How a layer is to be made. */
export interface LayerOptions {
  readonly cacheOnly?: boolean;
  readonly downloadOnly?: boolean;
  readonly dryRun?: boolean;
  /** Also take what packages recommend. Default true. */
  readonly recommends?: boolean;
  /** IDs or globs of repositories that are used this time although they are switched off, and that aren't. */
  readonly enablerepo?: readonly string[];
  readonly disablerepo?: readonly string[];
  /** Value of $releasever. Default: the base's. */
  readonly releasever?: string;
}

export interface LayerRequest extends LayerOptions {
  readonly osname: string;
  /** Checksum; whole, in the repository. With `database` only looked at, and it needn't be. */
  readonly base: string;
  /** What it is called. */
  readonly version: string;
  /** Directory with the base's RPM database in its place, and its os-release. */
  readonly database?: string;
  /** Of the deployment to come. */
  readonly originText: string;
  /** Commit of the deployment that it takes over from: when the tree would be the same one, it is. */
  readonly current: string;
  /** Those of the requests that are asked for just now; without `allowInactive` the base may not fulfil them already. */
  readonly newRequests: readonly string[];
  readonly allowInactive: boolean;
}

/** What a layer adds to its base, and takes away. */
export interface LayerContent {
  readonly added: readonly LayerPackage[];
  /** Of the base, by what has taken its place; without: gone. */
  readonly replaced: readonly { readonly before: string; readonly after?: string }[];
  /** Requests that the base fulfils. */
  readonly inactive: readonly Provided[];
  /** Requests that don't fit the base and were left out, as somebody had decided. */
  readonly setAside: readonly string[];
}

export interface LayerOutcome extends LayerContent {
  readonly idle: readonly IdleOverride[];
  /** Commit to deploy: the layer's, or the base's when nothing comes onto it. '': only looked, or only downloaded. */
  readonly checksum: string;
}

/** `done`: share of making the layer. */
export type LayerProgress = (done: number, more: Partial<Progress>) => void;

/** What is on top of a base: packages, overrides, an initramfs of the machine's own. */
export interface LayerPort {
  /** Whether an origin asks for a tree of this machine's own. */
  wanted(originText: string): boolean;
  /** The origin after a change. Throws `layer.already-requested`, `layer.not-requested`, `layer.no-override`. */
  change(originText: string, change: LayerChange): string;
  /** Keep packages of files in the repository, for a change to name them. Throws `package.*` naming the file. */
  keep(files: readonly BroughtFile[], context: JobContext): Promise<readonly { readonly nevra: string; readonly sha256: string }[]>;
  /** The origin of what was made: it remembers which requests were left out. */
  settle(originText: string, made: LayerContent): string;
  /** The tree that an origin asks for. Throws what resolving, downloading and composing throw, `layer.base-would-change`, `layer.inactive`, `layer.blocks-update`. */
  make(request: LayerRequest, context: JobContext, progress: LayerProgress): Promise<LayerOutcome>;
}
