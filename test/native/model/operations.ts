// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobName, JobParams } from '../../../main/engine/jobs/index.ts';
import type { Random } from '../../fuzz/mutate.ts';
import * as model from './model.ts';
import { branches, layerable, osname, remote, type Branch } from './universe.ts';

export type ModelJob = { [N in JobName]: readonly [N, JobParams<N>] }[JobName];

export interface Operation {
  readonly outcome: (all: readonly model.Deployment[]) => model.Outcome;
  /** What does it on a host; a start otherwise. `idOf`: of a deployment. */
  readonly job?: (all: readonly model.Deployment[], idOf: (deployment: model.Deployment) => string) => ModelJob;
  readonly restart?: { readonly powerCut: boolean };
}

const os = { sysroot: '/', osname } as const;
type Change = NonNullable<JobParams<'update.upgrade'>['change']>;
const changing =
  (change: Change, more: object = {}) =>
  (): ModelJob => ['update.upgrade', { ...os, noPullBase: true, change, ...more }];
const upgrading = (more: object) => (): ModelJob => ['update.upgrade', { ...os, allowDowngrade: true, ...more }];
const noKargs = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
const kargLists: Readonly<Record<string, string>> = {
  ...{
    append: 'append',
    replace: 'replace',
    delete: 'remove',
    'append-if-missing': 'appendIfMissing',
    'delete-if-present': 'deleteIfPresent',
  },
};

const dropping = (what: string): object => ({
  noLayering: what.includes('l'),
  noOverrides: what.includes('o'),
  noInitramfs: what.includes('i'),
});
/** What is only looked at, or fetched, is refused as if it were done. */
const looking =
  (only: boolean, outcome: Operation['outcome']): Operation['outcome'] =>
  (all) => {
    const done = outcome(all);
    return only && typeof done !== 'string' ? all : done;
  };

/** An operation as people write it, e.g. `install plain --idempotent`. Deployments are named by their place in the list, which goes round. */
export function parseOperation(text: string): Operation {
  const [name = '', ...words] = text.split(' ');
  const [word = ''] = words.filter((each) => !each.startsWith('--'));
  const flag = (each: string): boolean => words.includes(`--${each}`);
  const at = (all: readonly model.Deployment[]): model.Deployment => all[Number(word) % all.length] as model.Deployment;
  const option = (each: string): string => words.find((given) => given.startsWith(`--${each}=`))?.slice(each.length + 3) ?? '';
  const idempotent = flag('idempotent');
  switch (name) {
    case 'upgrade': {
      const dropped = option('reset');
      const downloadOnly = flag('download-only');
      return {
        outcome: looking(downloadOnly, (all) => model.rebase(all, model.newest(all).branch, model.dropped(dropped))),
        job: upgrading({ ...dropping(dropped), downloadOnly }),
      };
    }
    case 'rebase': {
      const spec = option('install');
      const branch = word as Branch;
      const refspec = `${remote}:${branches[branch]}`;
      return spec === ''
        ? { outcome: (all) => model.rebase(all, branch), job: upgrading({ refspec }) }
        : { outcome: (all) => model.rebaseWith(all, branch, spec), job: upgrading({ refspec, change: { install: [spec] } }) };
    }
    case 'deploy':
      return { outcome: (all) => model.deploy(all, word), job: upgrading({ revision: `version=${word}` }) };
    case 'kargs': {
      const [, how = '', arg = ''] = /^--([a-z-]+)=(.*)$/.exec(words[0] ?? '') ?? [];
      const source = (all: readonly model.Deployment[]): model.Deployment => (word === '' ? (all[0] as model.Deployment) : at(all));
      return {
        outcome: (all) => model.changeKargs(all, source(all).wanted, how, arg),
        job: (all, idOf) => [
          'sysroot.kargs',
          { ...os, ...noKargs, [kargLists[how] ?? '']: [arg], ...(word === '' ? {} : { deploymentId: idOf(at(all)) }) },
        ],
      };
    }
    case 'install': {
      const allowInactive = flag('allow-inactive');
      const [dryRun, downloadOnly] = [flag('dry-run'), flag('download-only')];
      return {
        outcome: looking(dryRun || downloadOnly, (all) => model.install(all, word, { idempotent, allowInactive })),
        job: changing({ install: [word] }, { idempotentLayering: idempotent, allowInactiveRequests: allowInactive, dryRun, downloadOnly }),
      };
    }
    case 'swap': {
      const [gone = '', spec = ''] = words;
      return { outcome: (all) => model.swap(all, gone, spec), job: changing({ uninstall: [gone], install: [spec] }) };
    }
    case 'uninstall':
      return {
        outcome: (all) => model.uninstall(all, word, { idempotent }),
        job: changing({ uninstall: [word] }, { idempotentLayering: idempotent }),
      };
    case 'override-remove':
      return { outcome: (all) => model.overrideRemove(all, word), job: changing({ overrideRemove: [word] }) };
    case 'override-reset':
      return { outcome: (all) => model.overrideReset(all, word), job: changing({ overrideReset: [word] }) };
    case 'reset':
      return { outcome: (all) => model.replaceTree(all, model.dropped(word)), job: changing({}, dropping(word)) };
    case 'track':
    case 'untrack': {
      const on = name === 'track';
      const none = { track: [], untrack: [], untrackAll: false, forceSync: false };
      return {
        outcome: (all) => model.track(all, word, on),
        job: () => ['sysroot.initramfs-etc', { ...os, ...none, [name]: [word] }],
      };
    }
    case 'initramfs': {
      const args = words.slice(1);
      const on = word === 'enable';
      return {
        outcome: (all) => model.replaceTree(all, { initramfs: on ? args : undefined }),
        job: changing({ initramfs: { regenerate: on, args: on ? args : [] } }),
      };
    }
    case 'rollback':
      return { outcome: model.rollback, job: () => ['sysroot.rollback', os] };
    case 'set-default':
      return {
        outcome: (all) => model.setDefault(all, at(all)),
        job: (all, idOf) => ['sysroot.set-default', { ...os, deploymentId: idOf(at(all)) }],
      };
    case 'pin':
    case 'unpin': {
      const pinned = name === 'pin';
      return {
        outcome: (all) => model.pin(all, at(all), pinned),
        job: (all, idOf) => ['sysroot.pin', { sysroot: '/', deploymentId: idOf(at(all)), pinned }],
      };
    }
    case 'undeploy':
      return {
        outcome: (all) => model.undeploy(all, at(all)),
        job: (all, idOf) => ['sysroot.undeploy', { sysroot: '/', deploymentId: idOf(at(all)) }],
      };
    case 'cleanup': {
      const element = word === 'base' ? 'base' : `${word}-deploy`;
      return { outcome: (all) => model.cleanup(all, word), job: () => ['sysroot.cleanup', { ...os, elements: [element] }] };
    }
    case 'restart':
    case 'power-cut': {
      const powerCut = name === 'power-cut';
      return { outcome: (all) => model.restart(all, { powerCut }), restart: { powerCut } };
    }
    default:
      throw new RangeError(text);
  }
}

const specs = Object.keys(layerable);
const overridable = ['leaf', 'tool', 'extra', 'needed', 'helper'];
const args = ['a=1', 'a=2', 'b', 'quiet', 'from1', 'from2=a', 'from2=b', 'all', 'a=1=3', 'root=LABEL=other'];

/** What a random sequence is made of, by how often. */
const kinds: readonly (readonly [weight: number, text: (pick: <T>(list: readonly T[]) => T) => string])[] = [
  [8, (pick) => `upgrade${pick(['', '', '', '', ' --reset=l', ' --reset=oi', ' --download-only'])}`],
  [5, (pick) => `rebase ${pick(['stable', 'testing'])}${pick(['', '', '', ` --install=${pick(specs)}`])}`],
  [5, (pick) => `deploy ${pick(['1', '2', 't1', 't2'])}`],
  [10, (pick) => `kargs --${pick(Object.keys(kargLists))}=${pick(args)}${pick(['', '', '', '', ` ${pick([1, 2, 3])}`])}`],
  [
    10,
    (pick) =>
      `install ${pick(specs)}${pick(['', '', ' --idempotent', ' --allow-inactive', ' --allow-inactive', ' --dry-run', ' --download-only'])}`,
  ],
  [6, (pick) => `uninstall ${pick(specs)}${pick(['', ' --idempotent'])}`],
  [3, (pick) => `swap ${pick(specs)} ${pick(specs)}`],
  [6, (pick) => `override-remove ${pick(overridable)}`],
  [4, (pick) => `override-reset ${pick(overridable)}`],
  [3, (pick) => `reset ${pick(['l', 'o', 'i', 'lo', 'loi'])}`],
  [3, (pick) => `initramfs enable${pick(['', ' -v', ' -I /etc/x'])}`],
  [2, () => 'initramfs disable'],
  [3, (pick) => `${pick(['track', 'track', 'untrack'])} ${pick(['/etc/machine.conf', '/etc/passwd'])}`],
  [8, () => 'rollback'],
  [3, (pick) => `set-default ${pick([0, 1, 2, 3])}`],
  [6, (pick) => `${pick(['pin', 'pin', 'unpin'])} ${pick([0, 1, 2, 3])}`],
  [2, (pick) => `undeploy ${pick([0, 1, 2, 3])}`],
  [5, (pick) => `cleanup ${pick(['pending', 'rollback', 'base'])}`],
  [14, () => 'restart'],
  [2, () => 'power-cut'],
];

export function randomSequence(random: Random, length: number): string[] {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const urn = kinds.flatMap(([weight, text]) => Array<typeof text>(weight).fill(text));
  return Array.from({ length }, () => pick(urn)(pick));
}
