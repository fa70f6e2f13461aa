// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PlainHost } from '../../main/demo/plain-releases.ts';
import type { Step } from '../native/simulated-session.ts';
import { halfLayered, makeLayeredHost } from './layered-host.ts';

const os = { sysroot: '/', osname: 'plain' } as const;
const change = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] } as const;
const upgrade: Step = ['update.upgrade', os];
/** A change of /etc that must get through every update. */
const edit: Step = 'echo mine > /etc/plain.d/user-edits.conf';
const updated: readonly (readonly Step[])[] = [[edit, upgrade]];

export interface Operation {
  /** Sessions before what is recorded: each a start and an orderly shutdown. */
  readonly before: readonly (readonly Step[])[];
  /** The recorded session; what it staged is finalized at its end, unless `powerCut`. */
  readonly recorded: (host: PlainHost) => readonly Step[];
  readonly powerCut?: boolean;
  /** Versions that may be started after a cut. */
  readonly versions: readonly string[];
  /** A host of other kind than makePlainHost(). */
  readonly host?: (directory: string) => Promise<PlainHost>;
  /** What else is wrong with the deployment that would be started; `done`: the machine went on, and did `again`. */
  readonly wrongIn?: (deployment: string, done: boolean) => string[];
  /** What the machine does when it goes on after a cut; missing: it updates to release 3. */
  readonly again?: { readonly step: Step; readonly version: string };
}

/** Where simulated sessions find service-files.ts as a bundle. */
export const serviceFilesInside = '/run/treeline-sim/service-files.mjs';

const install: Step = ['update.upgrade', { ...os, noPullBase: true, change: { install: ['plain'] }, idempotentLayering: true }];
const layering = {
  host: makeLayeredHost,
  before: [[edit]],
  versions: ['1'],
  wrongIn: halfLayered,
  again: { step: install, version: '1' },
};

/** Everything of ours that writes to a sysroot or to the service's state. */
export const operations: Readonly<Record<string, Operation>> = {
  check: { before: [[edit]], recorded: () => [['update.check', os]], versions: ['1'] },
  stage: { before: [[edit]], recorded: () => [upgrade], powerCut: true, versions: ['1'] },
  finalize: { before: [[edit]], recorded: () => [upgrade, 'sync'], versions: ['1', '3'] },
  install: { ...layering, recorded: () => [install], powerCut: true },
  'install-finalize': { ...layering, recorded: () => [install, 'sync'] },
  rollback: { before: updated, recorded: () => [['sysroot.rollback', os]], versions: ['1', '3'] },
  kargs: { before: updated, recorded: () => [['sysroot.kargs', { ...os, ...change, append: ['extra=1'] }]], versions: ['3'] },
  pin: {
    before: updated,
    recorded: ({ commits }) => [['sysroot.pin', { sysroot: '/', deploymentId: `plain-${commits[0] ?? ''}.0`, pinned: true }]],
    versions: ['3'],
  },
  cleanup: { before: updated, recorded: () => [['sysroot.cleanup', { ...os, elements: ['rollback-deploy', 'base'] }]], versions: ['3'] },
  service: { before: [[edit]], recorded: () => [`/run/treeline-sim/app/node ${serviceFilesInside}`], versions: ['1'] },
};
