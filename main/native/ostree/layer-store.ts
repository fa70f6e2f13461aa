// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import type { LayerStore } from '../../engine/base/ports/compose-store.ts';
import { Variant, type VariantValue } from '../core/index.ts';
import { OstreePackageCache } from './package-cache.ts';
import { Repo } from './repo.ts';
import { Transaction, writeCommitObject } from './write.ts';

/** A sysroot's repository as the place of layers. Everything in it is written through to the disk: deployments are made of it. */
export class OstreeLayerStore extends OstreePackageCache implements LayerStore {
  /** Throws repo.open, not-supported for a repository that isn't `bare`: hard links to its files wouldn't be the files of a deployment. */
  constructor(location: string) {
    super(location, openBare(location));
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

function openBare(location: string): Repo {
  const repo = Repo.open(location);
  if (repo.mode === 'bare') return repo;
  repo[Symbol.dispose]();
  throw new TreelineError('not-supported', { subject: 'Layering', detail: `${location} is a repository of mode ${repo.mode}, not bare` });
}
