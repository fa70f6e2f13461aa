// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../errors/error.ts';
import type { Advisory } from './advisory.ts';
import type { PackageChange, PackageDetails } from './package.ts';

/** A key that a treefile may have, for completion. */
export interface TreefileKey {
  readonly name: string;
  /** What its value looks like; `packages` is a list of package names. */
  readonly kind: 'text' | 'flag' | 'number' | 'list' | 'map' | 'choice' | 'packages' | 'repos';
  /** The possible values of a choice. */
  readonly values: readonly string[];
  /** What it does, one sentence in English; '' when nothing is known. */
  readonly about: string;
}

/** What the reader of treefiles says about a text. */
export interface ComposeCheck {
  /** In the order of the lines; empty when the treefile can be composed as far as can be told without resolving. */
  readonly problems: readonly ErrorReport[];
  /** What is ignored: it takes no effect, and isn't in the way. */
  readonly warnings: readonly ErrorReport[];
  /** Substituted; missing while the treefile can't be read. */
  readonly ref?: string;
  /** Repositories that .repo files beside the treefile define. */
  readonly repos: readonly string[];
  /** Those of them that the treefile takes packages from. */
  readonly usedRepos: readonly string[];
  /** Treefiles that were read: the given one and its includes. Absolute paths. */
  readonly files: readonly string[];
}

/** A package that can be named in a treefile: the newest build of a name. */
export interface AvailablePackage {
  readonly name: string;
  /** `[epoch:]version-release`. */
  readonly evr: string;
  readonly repo: string;
  readonly summary: string;
}

export interface PlannedPackage extends PackageDetails {
  readonly repo: string;
  readonly downloadBytes: number;
  /** False: it has to be downloaded first. */
  readonly here: boolean;
  /** Where the treefile asks for it; missing for what comes as a dependency. */
  readonly named?: { readonly file: string; readonly line: number };
}

/** What a compose would make now. */
export interface ComposePlan {
  readonly ref: string;
  readonly version: string;
  /** The input is that of the last commit: no new one would be made. */
  readonly unchanged: boolean;
  /** Sorted by name. */
  readonly packages: readonly PlannedPackage[];
  readonly repos: readonly { readonly id: string; readonly name: string; readonly url: string; readonly timestamp: number }[];
  /** The newest commit of `ref` in the target repository. */
  readonly previous?: { readonly checksum: string; readonly version: string; readonly timestamp: number };
  /** Against `previous`; empty when there is none. */
  readonly changes: readonly PackageChange[];
  readonly advisories: readonly Advisory[];
  /** Sum of the installed sizes. */
  /** Missing when the repositories don't tell it of every package. */
  readonly installedBytes?: number;
  /** Still to download. */
  readonly downloadBytes: number;
}

/** What a compose made. */
export interface ComposeResult {
  /** False: nothing has changed since the last commit, and none was made. */
  readonly changed: boolean;
  readonly ref: string;
  readonly checksum: string;
  readonly version: string;
  readonly packageCount: number;
}

/** A commit of a branch in a repository. */
export interface ComposeRelease {
  readonly checksum: string;
  readonly version: string;
  readonly timestamp: number;
  readonly packageCount: number;
  /** Against its parent; undefined when the commit doesn't tell. */
  readonly counts?: { readonly upgraded: number; readonly downgraded: number; readonly added: number; readonly removed: number };
}

/** How far an ordinary user can compose on this machine. */
export interface ComposeAbility {
  /**
   * `root`, or a user namespace (user_namespaces(7)) with a `range` of ids or a `single` one: then files of other users than root can't be
   * made. `none`: not at all.
   */
  readonly kind: 'root' | 'range' | 'single' | 'none';
  /** Why not, in the system's words. */
  readonly detail: string;
}
