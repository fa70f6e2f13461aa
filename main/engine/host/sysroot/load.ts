// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { TreelineError } from '../../../../shared/errors/index.ts';
import type { SysrootState } from './params.ts';
import type { SysrootPort } from '../../base/ports/sysroot.ts';
import { buildDeployments, prettyName } from './deployments.ts';
import { finalizeFailure } from './finalize-failure.ts';
import type { GpgVerify } from '../../base/trust/signatures.ts';
import { stateDir } from './state-dir.ts';

/** Everything about a sysroot's deployments. One odd origin or damaged commit never hides the rest. `problem`: why changes are refused. */
export function loadState(sysroot: SysrootPort, gpg: GpgVerify, problem?: TreelineError): SysrootState {
  const raw = sysroot.deployments();
  const booted = raw.find((d) => d.booted);
  const shown = booted ?? raw.find((d) => !d.staged);
  const dir = (osname: string): ReturnType<typeof stateDir> => stateDir(sysroot.path, osname, sysroot.isBooted);
  const failure = shown ? finalizeFailure(sysroot, dir(shown.osname)) : undefined;
  return {
    path: sysroot.path,
    bootedOsname: booted?.osname ?? '',
    osnames: osnames(sysroot.path),
    deployments: buildDeployments(sysroot, dir, gpg),
    prettyName: prettyName(sysroot, shown) ?? '',
    ...(failure ? { finalizeFailure: failure } : {}),
    ...(problem ? { problem: problem.report } : {}),
  };
}

/** The stateroots: directories below ostree/deploy. */
function osnames(sysroot: string): string[] {
  try {
    return readdirSync(path.join(sysroot, 'ostree/deploy'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}
