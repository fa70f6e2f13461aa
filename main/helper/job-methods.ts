// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  boolOption,
  hasOption,
  iface,
  listOption,
  pullJobOptions,
  stringOption,
  type FlagName,
  type Options,
  type osInterface,
  type Takes,
} from '../../shared/dbus/index.ts';
import { plainRefspec, type HistoryEntry, type PullJobOptions } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { JobName, JobParams } from '../engine/jobs/index.ts';
import type { Call, Handlers } from './dispatcher.ts';

/** A method call turned into a worker's job. */
export type JobPlan<N extends JobName = JobName> = { [Job in N]: PlanOf<Job> }[N];

export interface PlanOf<N extends JobName> {
  readonly job: N;
  readonly params: JobParams<N>;
  /** As rpm-ostree titles its transactions. */
  readonly title: string;
  readonly action?: HistoryEntry['action'];
  /** Restart when something changed. */
  readonly reboot?: boolean;
  /** Restart even if the job changed nothing itself. */
  readonly rebootAlways?: boolean;
  readonly options?: Options | undefined;
  /** With `reboot`: nobody asked for it himself, so who is logged in gets a countdown. */
  readonly countdown?: boolean;
  /** Keep what it answers for JobResult. */
  readonly keepResult?: boolean;
  /** Keep it besides for the `GetCached*RpmDiff` methods. */
  readonly previewKey?: string;
  /** Changes nothing, so it may be ended for somebody who comes first. */
  readonly looks?: true;
  /** What the history says it was about. */
  readonly subject?: string;
  /** What else is different afterwards, in the words of the Changed signal. */
  readonly told?: 'remotes' | 'package-repos';
}

/** A plan of whatever job. */
export type AnyPlan = PlanOf<JobName>;

/** Makes the transaction of a plan and returns its address. */
export type Launch = (call: Call, plan: AnyPlan) => Promise<string>;

/** Options that ask for something this version can't do; false or absent is fine (GNOME Software always sends them all). */
function refuse(options: Options, keys: readonly FlagName[]): void {
  const wanted = keys.find((key) => boolOption(options, key));
  if (wanted) throw new TreelineError('not-supported', { subject: `The option “${wanted}”` });
}

function pullOptions(options: Options): PullJobOptions {
  refuse(options, ['dry-run', 'no-pull-base']);
  return pullJobOptions(options);
}

const osname = (call: Call): string => call.object.osname ?? '';

function upgrade(
  call: Call,
  sysroot: string,
  options: Options,
  chosen: { revision?: string; refspec?: string; medium?: string } = {},
): JobPlan<'update.upgrade'> {
  const more = chosen.refspec === undefined ? chosen : { ...chosen, refspec: plainRefspec(chosen.refspec) };
  const title = more.medium
    ? `upgrade from ${more.medium}`
    : more.refspec
      ? `rebase ${more.refspec}`
      : more.revision
        ? `deploy ${more.revision}`
        : 'upgrade';
  const downloadOnly = boolOption(options, 'download-only');
  return {
    job: 'update.upgrade',
    params: { sysroot, osname: osname(call), ...pullOptions(options), ...more },
    title: downloadOnly ? `${title} (download only)` : title,
    action: downloadOnly ? undefined : more.refspec ? 'rebase' : 'deploy',
    reboot: boolOption(options, 'reboot'),
    options,
  };
}

const check = (call: Call, sysroot: string, options?: Options): JobPlan => ({
  job: 'update.check',
  params: { sysroot, osname: osname(call) },
  title: 'check for update',
  options,
  looks: true,
});

const supportedModifiers = ['set-refspec', 'set-revision'];

/** The driver of updates is noted by the service itself; `driver` does that. */
function updateDeployment(
  call: Call<Takes<typeof osInterface, 'UpdateDeployment'>>,
  sysroot: string,
  driver: (name: string) => void,
): JobPlan {
  const [modifiers, options] = call.args;
  const foreign = Object.keys(modifiers).find((key) => !supportedModifiers.includes(key));
  if (foreign) throw new TreelineError('not-supported', { subject: `The modifier “${foreign}”` });
  refuse(options, ['apply-live', 'dry-run']);
  const name = stringOption(options, 'register-driver');
  if (name !== '') {
    driver(name);
    // as zincati does at its start: nothing but to be known
    if (Object.keys(modifiers).length === 0 || stringOption(modifiers, 'set-revision') + stringOption(modifiers, 'set-refspec') === '') {
      return { job: 'sysroot.load', params: { sysroot }, title: `register-driver ${name}`, options };
    }
  }
  const revision = stringOption(modifiers, 'set-revision');
  const refspec = stringOption(modifiers, 'set-refspec');
  // a chosen commit may be older: whoever may choose it, may go back to it
  const chosen = revision !== '' || refspec !== '';
  const made = upgrade(call, sysroot, options, { revision: revision || undefined, refspec: refspec || undefined });
  return chosen && !hasOption(options, 'allow-downgrade') ? allowDowngrade(made) : made;
}

type Upgrade = JobPlan<'update.upgrade'>;
const automatic = (made: Upgrade): Upgrade => ({ ...made, params: { ...made.params, automatic: true } });
const allowDowngrade = (made: Upgrade): Upgrade => ({ ...made, params: { ...made.params, allowDowngrade: true } });

function kernelArgs(call: Call<Takes<typeof osInterface, 'KernelArgs'>>, sysroot: string): JobPlan {
  const [existing, added, replaced, removed, options] = call.args;
  return {
    job: 'sysroot.kargs',
    params: {
      sysroot,
      osname: osname(call),
      append: added,
      replace: replaced,
      remove: removed,
      appendIfMissing: listOption(options, 'append-if-missing'),
      deleteIfPresent: listOption(options, 'delete-if-present'),
      finalKargs: hasOption(options, 'final-kernel-args') ? stringOption(options, 'final-kernel-args') : undefined,
      existing: existing || undefined,
      deploymentId: stringOption(options, 'treeline-deployment') || undefined,
      lockFinalization: boolOption(options, 'lock-finalization'),
    },
    title: 'kargs',
    action: 'kargs',
    reboot: boolOption(options, 'reboot'),
    options,
  };
}

function initramfsEtc(call: Call<Takes<typeof osInterface, 'InitramfsEtc'>>, sysroot: string): JobPlan {
  const [track, untrack, untrackAll, forceSync, options] = call.args;
  const changes = [...(untrackAll ? ['-all'] : untrack.map((file) => `-${file}`)), ...track.map((file) => `+${file}`)];
  return {
    job: 'sysroot.initramfs-etc',
    params: {
      sysroot,
      osname: osname(call),
      track,
      untrack,
      untrackAll,
      forceSync,
      lockFinalization: boolOption(options, 'lock-finalization'),
    },
    title: 'initramfs-etc',
    action: 'initramfs-etc',
    subject: changes.join(' ') || 'force-sync',
    reboot: boolOption(options, 'reboot'),
    options,
  };
}

function finalize(call: Call<Takes<typeof osInterface, 'FinalizeDeployment'>>, sysroot: string): JobPlan {
  const [options] = call.args;
  return {
    job: 'sysroot.finalize',
    params: {
      sysroot,
      osname: osname(call),
      checksum: stringOption(options, 'checksum') || undefined,
      allowMissingChecksum: boolOption(options, 'allow-missing-checksum'),
      allowUnlocked: boolOption(options, 'allow-unlocked'),
    },
    title: 'finalize-deployment',
    rebootAlways: true,
    options,
  };
}

/** Handlers of all methods that start a job and answer with its address. */
export function jobHandlers(
  sysroot: string,
  launch: Launch,
  policy: () => string,
  medium: (path: string) => Promise<string>,
  driver: (name: string) => void,
): Handlers {
  /** Most methods: a plan from the call, and the address of its transaction. */
  const start =
    <Args extends readonly unknown[]>(plan: (call: Call<Args>) => JobPlan | Promise<JobPlan>) =>
    async (call: Call<Args>): Promise<readonly [string]> => [await launch(call, await plan(call))];
  const os = (call: Call): { sysroot: string; osname: string } => ({ sysroot, osname: osname(call) });
  return {
    [iface.os]: {
      Deploy: start((call) => allowDowngrade(upgrade(call, sysroot, call.args[1], { revision: call.args[0] }))),
      Rebase: start((call) => {
        const [options, refspec, packages] = call.args;
        if (packages.length > 0) throw new TreelineError('not-supported', { subject: 'Rebasing with packages' });
        return allowDowngrade(upgrade(call, sysroot, options, { refspec, revision: stringOption(options, 'revision') || undefined }));
      }),
      DownloadUpdateRpmDiff: start((call) => check(call, sysroot)),
      Rollback: start((call) => ({
        job: 'sysroot.rollback',
        params: os(call),
        title: 'rollback',
        action: 'rollback',
        reboot: boolOption(call.args[0], 'reboot'),
        options: call.args[0],
      })),
      ClearRollbackTarget: start((call) => ({
        job: 'sysroot.clear-rollback-target',
        params: os(call),
        title: 'clear rollback',
        action: 'undeploy',
        reboot: boolOption(call.args[0], 'reboot'),
        options: call.args[0],
      })),
      Cleanup: start((call) => ({
        job: 'sysroot.cleanup',
        params: { ...os(call), elements: call.args[0] },
        title: `cleanup ${call.args[0].join(' ')}`,
        action: 'cleanup',
      })),
      InitramfsEtc: start((call) => initramfsEtc(call, sysroot)),
      KernelArgs: start((call) => kernelArgs(call, sysroot)),
      FinalizeDeployment: start((call) => finalize(call, sysroot)),
      Upgrade: start(async (call) => {
        const path = stringOption(call.args[0], 'treeline-medium');
        return upgrade(call, sysroot, call.args[0], path ? { medium: await medium(path) } : {});
      }),
      UpdateDeployment: start((call) => updateDeployment(call, sysroot, driver)),
      AutomaticUpdateTrigger: async (call) => {
        const asked = stringOption(call.args[0], 'mode') || 'auto';
        if (!['auto', 'none', 'check'].includes(asked)) {
          throw new TreelineError('service.bad-argument', { subject: 'mode', detail: `“${asked}” is none of auto, none, check` });
        }
        const mode = asked === 'auto' ? policy() : asked;
        if (mode === 'none') return [false, ''];
        const made = mode === 'check' ? check(call, sysroot, call.args[0]) : automatic(upgrade(call, sysroot, call.args[0]));
        return [true, await launch(call, { ...made, reboot: mode === 'apply', countdown: true })];
      },
    },
    [iface.treelineOs]: {
      Check: start((call) => check(call, sysroot, call.args[0])),
      BootOnce: start((call) => ({
        job: 'sysroot.boot-once',
        params: { ...os(call), deploymentId: call.args[0] },
        title: `boot-once ${call.args[0]}`,
        action: 'boot-once',
        reboot: boolOption(call.args[1], 'reboot'),
        options: call.args[1],
      })),
      SetDefault: start((call) => ({
        job: 'sysroot.set-default',
        params: { ...os(call), deploymentId: call.args[0] },
        title: `set-default ${call.args[0]}`,
        action: 'rollback',
        reboot: boolOption(call.args[1], 'reboot'),
        options: call.args[1],
      })),
    },
    [iface.treelineSysroot]: {
      Pin: start(({ args: [deploymentId, pinned, options] }) => {
        const action = pinned ? 'pin' : 'unpin';
        return { job: 'sysroot.pin', params: { sysroot, deploymentId, pinned }, title: `${action} ${deploymentId}`, action, options };
      }),
      RepairOrigin: start(({ args: [deploymentId, refspec, options] }) => ({
        job: 'sysroot.repair-origin',
        params: { sysroot, deploymentId, refspec: plainRefspec(refspec) },
        title: `repair-origin ${deploymentId}`,
        action: 'repair-origin',
        subject: refspec,
        options,
      })),
      Repair: start(({ args: [options] }) => ({ job: 'sysroot.repair', params: { sysroot }, title: 'repair', action: 'repair', options })),
      Undeploy: start(({ args: [deploymentId, options] }) => ({
        job: 'sysroot.undeploy',
        params: { sysroot, deploymentId },
        title: `undeploy ${deploymentId}`,
        action: 'undeploy',
        options,
      })),
    },
  };
}
