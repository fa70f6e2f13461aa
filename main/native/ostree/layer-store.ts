// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parseNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { LayerStore } from '../../engine/base/ports/compose-store.ts';
import type { CommitPort } from '../../engine/base/ports/sysroot.ts';
import type { RpmPackage } from '../../engine/base/ports/rpm.ts';
import { Variant, type VariantValue } from '../core/index.ts';
import { linkSubpath } from './checkout.ts';
import { OstreePackageCache } from './package-cache.ts';
import { Repo } from './repo.ts';
import { Transaction, writeCommitObject } from './write.ts';

/** A sysroot's repository as the place of layers. Everything in it is written through to the disk: deployments are made of it. */
export class OstreeLayerStore extends OstreePackageCache implements LayerStore {
  /** Throws repo.open, not-supported for a repository that isn't `bare`: hard links to its files wouldn't be the files of a deployment. */
  constructor(location: string) {
    super(location, openBare(location));
  }

  /** As rpm-ostree does: with its header a package can be put into another layer without its file. */
  protected override moreMetadata(pkg: RpmPackage): [string, Variant][] {
    const header = headOf(pkg);
    return [
      ['rpmostree.metadata', new Variant('ay', header)],
      ['rpmostree.metadata_sha256', new Variant('s', sha256(header))],
    ];
  }

  headSha256(pkg: RpmPackage): string {
    return sha256(headOf(pkg));
  }

  localPackage(nevra: string, wanted: string): Buffer | undefined {
    const parsed = parseNevra(nevra);
    const pkg = parsed && { ...parsed, nevra, repo: '', path: '', remote: false, isLocal: true, downloadBytes: 0 };
    const cached = pkg && this.lookup({ ...pkg, digest: { algorithm: 'sha256', hex: wanted } });
    return cached && this.headerOf(cached.commit);
  }

  headerOf(commit: string): Buffer | undefined {
    return this.repo.tryLoadCommit(commit)?.value('rpmostree.metadata', 'ay');
  }

  linkPart(commit: string, part: string, target: string): boolean {
    return linkSubpath(this.repo, commit, part, target);
  }

  loadCommit(checksum: string): CommitPort {
    return this.repo.loadCommit(checksum);
  }

  tryLoadCommit(checksum: string): CommitPort | undefined {
    return this.repo.tryLoadCommit(checksum);
  }

  variant(type: string, value: unknown): unknown {
    return new Variant(type, value as VariantValue);
  }

  writeLayer({ base, metadata, root, timeSeconds }: Parameters<LayerStore['writeLayer']>[0]): string {
    using transaction = new Transaction(this.repo);
    const commit = writeCommitObject(this.repo, { parent: base, subject: '', metadata, root, timeSeconds });
    transaction.commit();
    return commit;
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Lead, signature and header of a package file. */
function headOf({ path: file, payload }: RpmPackage): Buffer {
  const bytes = Buffer.alloc(payload.offsetBytes);
  const fd = openSync(file, 'r');
  try {
    for (let at = 0, count; at < bytes.length && (count = readSync(fd, bytes, at, bytes.length - at, at)) > 0;) at += count;
  } finally {
    closeSync(fd);
  }
  return bytes;
}

function openBare(location: string): Repo {
  const repo = Repo.open(location);
  if (repo.mode === 'bare') return repo;
  repo[Symbol.dispose]();
  throw new TreelineError('not-supported', { subject: 'Layering', detail: `${location} is a repository of mode ${repo.mode}, not bare` });
}
