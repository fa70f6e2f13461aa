// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import {
  comparedDeployment,
  isImageReference,
  lossesOf,
  lossText,
  newestDeployment,
  type Layering,
  type Origin,
} from '../../../../shared/domain/index.ts';
import type { RawDeployment, RepoPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { baseChecksum } from '../sysroot/layer.ts';
import { originOf } from '../sysroot/origin.ts';
import { parseOriginImage, type OriginImage } from '../../images/image-names.ts';

/** Where updates of a stateroot come from, and what they are compared with. */
export interface Source {
  /** newestDeployment(): whose origin and kernel arguments are taken over, and which version isn't to be gone back from. */
  readonly newest: RawDeployment;
  /** Whose /etc is merged: libostree's merge deployment, the booted one or the default one. */
  readonly merge: RawDeployment;
  /** What a person compares with: the booted, else the default deployment. */
  readonly base: RawDeployment;
  /** Commits of `base` and `newest` as versions are compared by: of a client layer its base. */
  readonly baseChecksum: string;
  readonly newestChecksum: string;
  /** Of `newest`. */
  readonly origin: Origin;
  /** '' of a branch of the system's own repository, and of an image. */
  readonly remote: string;
  readonly ref: string;
  /** Of an image as an origin names it. */
  readonly refspec: string;
  /** Of a system that comes as a container image. */
  readonly image?: OriginImage;
}

export interface ImageSource extends Source {
  readonly image: OriginImage;
}

export const isImage = (source: Source): source is ImageSource => source.image !== undefined;

/** Whether updates come from where the newest deployment's come from. */
export const isSameSource = ({ refspec, origin }: Pick<Source, 'refspec' | 'origin'>): boolean =>
  refspec === (origin.containerImageReference ?? origin.refspec);

/** Throws `deployment.not-found`, `origin.invalid`, `origin.remote-missing`, `usage.invalid`. `refspec`: rebase target, `[REMOTE:]REF` or an image. */
export function updateSource(sysroot: SysrootPort, osname: string, refspec?: string): Source {
  const merge = sysroot.mergeDeployment(osname);
  if (!merge) throw new TreelineError('deployment.not-found', { subject: osname });
  const newest = newestDeployment(sysroot.deployments(), osname) ?? merge;
  const base = comparedDeployment(sysroot.deployments(), osname) ?? merge;
  const origin = originOf(newest, (name) => sysroot.repo.hasRemote(name));
  const wanted = refspec === undefined || refspec === '' ? fromOrigin(newest, origin) : fromRefspec(refspec, origin);
  if (wanted.remote !== '' && !sysroot.repo.hasRemote(wanted.remote)) {
    throw new TreelineError('origin.remote-missing', { subject: wanted.remote });
  }
  const commits = { baseChecksum: baseChecksum(sysroot.repo, base.checksum), newestChecksum: baseChecksum(sysroot.repo, newest.checksum) };
  return { newest, merge, base, ...commits, origin, ...wanted };
}

/**
 * Refuse what would replace the tree by one without the packages, overrides or settings that the newest deployment's origin asks for.
 * Throws `update.would-lose` naming each of them.
 */
export function requireNothingLost({ newest, origin }: Pick<Source, 'newest' | 'origin'>): void {
  const losses = lossesOf(origin);
  if (losses.length === 0) return;
  throw new TreelineError('update.would-lose', {
    subject: newest.id,
    detail: lossText(losses),
    facts: { undo: undoCommands(origin.layering) },
  });
}

/** rpm-ostree's commands that take it back; '' where there is none. */
function undoCommands(layering: Layering): string {
  const packages = [...layering.packages, ...layering.localPackages, ...layering.localFileoverrides];
  const overrides = layering.removals.length + layering.replacements.length + layering.localReplacements.length > 0;
  return [
    ...(packages.length > 0 ? [`rpm-ostree uninstall ${packages.join(' ')}`] : []),
    ...(overrides ? ['rpm-ostree override reset --all'] : []),
  ].join('; ');
}

const problems: Record<NonNullable<Origin['problem']>, string> = {
  missing: 'it has no origin file',
  unreadable: 'its origin file can’t be read',
  'no-ref': 'its origin names no branch',
  ambiguous: 'its origin names both a branch and a container image',
  'remote-missing': '',
};

/** ostree_validate_rev: letters and digits are Unicode's. */
const possible = /^[\p{L}\p{N}_][-._\p{L}\p{N}]*(\/[\p{L}\p{N}_][-._\p{L}\p{N}]*)*$/u;

/** Refs become files below refs/heads and refs/remotes, each part a name (NAME_MAX). */
export const isRefName = (ref: string): boolean => possible.test(ref) && ref.split('/').every((part) => Buffer.byteLength(part) <= 255);

type Place = Pick<Source, 'remote' | 'ref' | 'refspec' | 'image'>;

const branchOf = (remote: string, ref: string): Place => ({ remote, ref, refspec: remote === '' ? ref : `${remote}:${ref}` });

const imageAt = (refspec: string): Place => ({ remote: '', ref: '', refspec, image: parseOriginImage(refspec) });

function fromOrigin(newest: RawDeployment, origin: Origin): Place {
  if (origin.problem && origin.problem !== 'remote-missing') {
    throw new TreelineError('origin.invalid', { subject: newest.id, detail: problems[origin.problem] });
  }
  if (origin.unconfiguredState !== undefined) {
    throw new TreelineError('origin.invalid', { subject: newest.id, detail: origin.unconfiguredState });
  }
  if (origin.containerImageReference !== undefined) return imageAt(origin.containerImageReference);
  if (!isRefName(origin.ref)) {
    throw new TreelineError('origin.invalid', {
      subject: newest.id,
      detail: `its origin names “${origin.refspec}”, which can’t be a branch`,
    });
  }
  return branchOf(origin.remote, origin.ref);
}

function fromRefspec(refspec: string, origin: Origin): Place {
  if (isImageReference(refspec)) return imageAt(refspec);
  const colon = refspec.indexOf(':');
  const remote = colon < 0 ? origin.remote : refspec.slice(0, colon);
  // `REMOTE:` keeps the branch
  const ref = refspec.slice(colon + 1) || origin.ref;
  if (!isRefName(ref)) {
    throw new TreelineError('repo.ref-not-found', { subject: refspec, facts: { repo: remote } });
  }
  return branchOf(remote, ref);
}

/** `REVISION` of `deploy`: what rpm-ostree takes. */
export type Revision = { readonly kind: 'newest' } | { readonly kind: 'checksum' | 'version'; readonly value: string };

export function parseRevision(text: string | undefined): Revision {
  if (text === undefined || text === '' || text === ':') return { kind: 'newest' };
  const explicit = /^(revision|version)=(.*)$/s.exec(text);
  // an image's digest
  const value = (explicit?.[2] ?? text).replace(/^sha256:(?=[0-9a-f]{64}$)/, '');
  if (explicit?.[1] === 'version') return { kind: 'version', value };
  if (/^[0-9a-f]{64}$/.test(value)) return { kind: 'checksum', value };
  if (explicit) throw new TreelineError('repo.revision-not-found', { subject: text, detail: 'A revision is 64 hexadecimal digits.' });
  return { kind: 'version', value };
}

/** Options of a remote that fetching needs; verification stays with root. */
const fetchOptions = [
  'url',
  'contenturl',
  'metalink',
  'proxy',
  'http2',
  'tls-permissive',
  'tls-client-cert-path',
  'tls-client-key-path',
  'tls-ca-path',
  'branches',
  'custom-backend',
] as const;

export function remoteFetchOptions(repo: RepoPort, remote: string): Record<string, string> {
  const pairs = fetchOptions.map((option) => [option, repo.remoteOption(remote, option)] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [(typeof fetchOptions)[number], string] => pair[1] !== undefined));
}
