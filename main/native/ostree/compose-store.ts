// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync } from 'node:fs';
import type { ComposeStore } from '../../engine/base/ports/compose-store.ts';
import { Variant, type VariantValue } from '../core/index.ts';
import { OstreePackageCache } from './package-cache.ts';
import { Repo } from './repo.ts';
import { OstreeTargetRepo } from './target-repo.ts';
import { sepolicyOf } from './write.ts';

/** libostree, as compose sees it. */
export const composeStore: ComposeStore = {
  variant: (type, value) => new Variant(type, value as VariantValue, 'network'),
  openCache: (path) => new OstreePackageCache(path),
  openTarget: (path) => new OstreeTargetRepo(path),
  createTarget: (path) => {
    mkdirSync(path, { recursive: true });
    Repo.create(path, 'archive')[Symbol.dispose]();
    return new OstreeTargetRepo(path);
  },
  sepolicyName: sepolicyOf,
};
