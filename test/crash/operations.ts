// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PlainHost } from '../../main/demo/plain-releases.ts';
import type { Step } from '../native/simulated-session.ts';
import { halfLayered, halfLive, makeLayeredHost } from './layered-host.ts';

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
  /** What the machine does when it goes on after a cut, shell words print what is wrong; missing: it updates to release 3. */
  readonly again?: { readonly steps: readonly Step[]; readonly version: string };
}

/** Where simulated sessions find service-files.ts as a bundle. */
export const serviceFilesInside = '/run/treeline-sim/service-files.mjs';

const install: Step = ['update.upgrade', { ...os, noPullBase: true, change: { install: ['plain'] }, idempotentLayering: true }];
const layering = {
  host: makeLayeredHost,
  before: [[edit]],
  versions: ['1'],
  wrongIn: halfLayered,
  again: { steps: [install], version: '1' },
};

/** Keep what is staged as a branch, and let go of it: what comes into the running system later, and needn't be made while that is recorded. */
const keepAs = (branch: string): readonly Step[] => [
  `ostree --repo=/sysroot/ostree/repo refs --create=${branch} $(ostree admin status | sed -n 's/.* plain \\([0-9a-f]*\\)[.].*(staged).*/\\1/p')`,
  ['sysroot.cleanup', { ...os, elements: ['pending-deploy'] }],
];
const live = (target: string): Step => ['sysroot.apply-live', { ...os, target, allowReplacement: true }];
const is = (words: string, text: string): Step => `[ "$(${words})" = '${text}' ] || { echo 'not ${text}:'; ${words}; }`;
const runs = (version: string): Step =>
  is("sed -n 's/^VERSION_ID=//p' /usr/lib/os-release; cat /usr/share/app", `${version}\napp ${version}`);
const runningLayer = (there: boolean): Step =>
  is('cat /usr/share/plain /usr/share/plain-post /usr/share/helper 2>/dev/null', there ? 'plainmade\nhelper' : '');
const applying = {
  host: makeLayeredHost,
  before: [[edit, install, ...keepAs('layered'), upgrade, ...keepAs('next')]],
  powerCut: true,
  versions: ['1'],
};

/** Everything of ours that writes to a sysroot or to the service's state. */
export const operations: Readonly<Record<string, Operation>> = {
  check: { before: [[edit]], recorded: () => [['update.check', os]], versions: ['1'] },
  stage: { before: [[edit]], recorded: () => [upgrade], powerCut: true, versions: ['1'] },
  finalize: { before: [[edit]], recorded: () => [upgrade, 'sync'], versions: ['1', '3'] },
  install: { ...layering, recorded: () => [install], powerCut: true },
  'install-finalize': { ...layering, recorded: () => [install, 'sync'] },
  // what starts next is what started before, whole; what came into /etc, which stays, is whole, too; and the same again, or the way back, goes through
  live: {
    ...applying,
    recorded: ({ commits }) => [live('layered'), runningLayer(true), live(commits[0] ?? ''), runningLayer(false)],
    wrongIn: (deployment, done) => [...halfLayered(deployment, false), ...halfLive(deployment, done)],
    again: { steps: [runningLayer(false), live('layered'), runningLayer(true), upgrade], version: '3' },
  },
  'live-replace': {
    ...applying,
    recorded: () => [live('next'), runs('3')],
    again: { steps: [runs('1'), live('next'), runs('3'), upgrade], version: '3' },
  },
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
