// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RefreshRepo } from '../../engine/base/ports/resolver.ts';
import { pointersOf, Scope } from '../core/index.ts';
import { context, repo as dnfRepo } from './raw.ts';
import { openSack } from './sack.ts';

/** See the port's description. What libsolv makes of it is kept, so that the next look is quick. */
export const refreshRepo: RefreshRepo = ({ cachedir, releasever, repo }) => {
  using scope = new Scope();
  const opened = openSack({ cachedir, releasever, repos: [repo], excludes: [] }, scope);
  const [item] = pointersOf(context.repos(opened.context));
  return { timestamp: item ? Number(dnfRepo.timestamp(item)) : 0 };
};
