// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../shared/domain/index.ts';
import type { TreelineError } from '../../../shared/errors/index.ts';
import { blockedUpdate, misfitsAmong } from './misfit.ts';
import { layeredSpecs, type Requests } from './requests.ts';
import { databaseOn, inBase, solve, type Solving } from './solve.ts';

/** Requests of which only some packages are to be there. */
export function onlySpecs(requests: Requests, isWanted: (spec: string) => boolean): Requests {
  const { packages, local, localFileoverrides } = requests;
  const kept = ({ nevra }: { nevra: string }): boolean => isWanted(nevra);
  return {
    ...requests,
    packages: packages.filter(isWanted),
    local: local.filter(kept),
    localFileoverrides: localFileoverrides.filter(kept),
  };
}

/**
 * Who is at fault when packages and base don't go together: layer.blocks-update, if it is something that was asked for earlier; else the error itself, which is about
 * what is asked for now, or about overrides.
 */
export function blame(solving: Solving, error: TreelineError): TreelineError {
  const { params, store, ports } = solving;
  const { requests, newRequests, base, version, current } = params;
  const earlier = current === undefined ? undefined : store.tryLoadCommit(current)?.parent || current;
  // without another base it is no update
  if (earlier === base) return error;
  const isNew = (spec: string): boolean => newRequests.includes(spec);
  const specs = layeredSpecs(requests);
  const { first, second } = error.report.facts ?? {};
  const found = misfitsAmong([...specs.filter((spec) => !isNew(spec)), ...specs.filter(isNew)], (tried) => {
    const solved = solve(
      solving,
      onlySpecs(requests, (spec) => tried.includes(spec)),
    );
    // files are looked at long after solving
    const clashes =
      error.code === 'package.file-conflict' && solved.resolution.packages.some(({ nevra }) => nevra === first || nevra === second);
    if (!clashes) return solved;
    solved[Symbol.dispose]();
    throw error;
  });
  if (found.size === 0 || [...found.keys()].some(isNew)) return error;
  return blockedUpdate(found, {
    version: version || base.slice(0, 12),
    next: ports.rpm.readRpmdb(databaseOn(solving, base)).map(formatNevra),
    before: (what) => (earlier === undefined ? undefined : inBase(solving, earlier, what)),
  });
}
