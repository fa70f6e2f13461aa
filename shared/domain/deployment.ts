import type { ErrorReport } from '../errors/error.ts';
import type { Signature } from './changes.ts';

/** One bootable (or staged) tree of a sysroot. `id` is rpm-ostree's `OSNAME-CHECKSUM.SERIAL`. */
export interface Deployment {
  readonly id: string;
  readonly osname: string;
  readonly checksum: string;
  readonly serial: number;
  readonly bootChecksum: string;
  /** Place in the boot order; a staged deployment is 0. */
  readonly index: number;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  /** The one the machine goes back to: the first non-booted, non-pending after the booted one. */
  readonly rollback: boolean;
  readonly finalizationLocked: boolean;
  readonly unlocked: 'none' | 'development' | 'hotfix' | 'transient' | 'unknown';
  readonly version: string;
  /** Commit time, Unix seconds. */
  readonly timestamp: number;
  /** Time of deployment, Unix seconds (mtime of the deployment directory); 0 when unknown. */
  readonly deployedAt: number;
  readonly origin: Origin;
  readonly signatures: readonly Signature[];
  /** True if the remote of the origin demands verification. */
  readonly verified: boolean;
  /** Why nobody can tell what the remote demands; nothing is taken from it until that is mended. */
  readonly remoteProblem?: ErrorReport;
  /** Missing when the service doesn't tell them. */
  readonly kernelArgs?: readonly string[];
  /** Keys of the boot loader entry (title, version, options, linux, initrd, ...). */
  readonly bootConfig: Readonly<Record<string, string>>;
  readonly commitMeta: CommitMeta;
  /** Whether the commit object could be read; false = damaged repository, everything but the ids is empty. */
  readonly commitPresent: boolean;
}

/**
 * What the next operation of a stateroot builds on: it takes over source, tree and kernel arguments, whatever of them it isn't asked to change. The
 * newest one: staged, else pending, else booted, else (of a stateroot that doesn't run) the default one. It is what rpm-ostree calls the origin merge
 * deployment; /etc is merged from libostree's merge deployment all the same. `deployments`: staged first, then boot order. undefined: it has none.
 */
export function newestDeployment<D extends { readonly osname: string }>(deployments: readonly D[], osname: string): D | undefined {
  return deployments.find((each) => each.osname === osname);
}

/** What a person compares with: the booted deployment of a stateroot, else the default one, else what is staged. */
export function comparedDeployment<D extends { readonly osname: string; readonly booted: boolean; readonly staged: boolean }>(
  deployments: readonly D[],
  osname: string,
): D | undefined {
  const own = deployments.filter((each) => each.osname === osname);
  return own.find((each) => each.booted) ?? own.find((each) => !each.staged) ?? own[0];
}

/** The keys of commit metadata that other tools read. */
export interface CommitMeta {
  readonly version?: string;
  readonly inputhash?: string;
  /** a(sssss): name, epoch, version, release, arch. */
  readonly pkglist?: readonly (readonly [string, string, string, string, string])[];
  readonly rpmmdRepos?: readonly { readonly id: string; readonly timestamp: number }[];
  readonly clientlayer?: boolean;
}

/** The origin file of a deployment, with what is wrong about it instead of an exception (field reports 11, 12). */
export interface Origin {
  readonly refspec: string;
  readonly remote: string;
  readonly ref: string;
  readonly containerImageReference?: string;
  readonly customUrl?: string;
  readonly customDescription?: string;
  readonly overrideCommit?: string;
  readonly unconfiguredState?: string;
  readonly requestedPackages: readonly string[];
  readonly problem?: 'missing' | 'unreadable' | 'no-ref' | 'ambiguous' | 'remote-missing';
  /** What the library says is wrong with an unreadable one. */
  readonly problemDetail?: string;
}
