// SPDX-License-Identifier: LGPL-2.1-or-later
import { baseOf, noLayering, type Deployment, type LiveChange, type PackageChange } from '../../../shared/domain/index.ts';
import * as f from './page-fixtures.ts';

const { checksum, version, timestamp } = baseOf(f.booted);

/** What runs, with packages on top that wait for the restart. */
export const withMore: Deployment = {
  ...f.staged,
  version,
  origin: { ...f.staged.origin, layering: { ...noLayering, packages: ['htop', 'strace'] } },
  layer: { base: { checksum, version, timestamp }, packages: ['htop', 'strace'], modules: [], meta: {} },
};

const packages: readonly PackageChange[] = ['htop', 'strace'].map((name) => {
  const to = { name, arch: 'x86_64', epoch: 0, version: '1.0', release: '1.fc43' };
  return { name, arch: 'x86_64', kind: 'added', to };
});

/** What runs, after something was brought into it. */
export const liveDeployment = (live: LiveChange): Deployment => ({
  ...f.booted,
  index: 1,
  unlocked: 'transient',
  live: { packages, ...live },
});
