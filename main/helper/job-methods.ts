// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  boolOption,
  hasOption,
  iface,
  listOption,
  stringOption,
  type osExperimentalInterface,
  type osInterface,
  type Takes,
} from '../../shared/dbus/index.ts';
import { plainRefspec } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { Call, Handlers } from './dispatcher.ts';
import type { JobPlan, Launch } from './job-plan.ts';
import {
  allowDowngrade,
  automatic,
  check,
  customOrigin,
  initramfs,
  osname,
  packageChange,
  planPackages,
  requireUnlocked,
  updateDeployment,
  upgrade,
  type JobConfig,
  type TakeUploads,
} from './update-plans.ts';

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

function applyLive(call: Call<Takes<typeof osExperimentalInterface, 'LiveFs'>>, sysroot: string): JobPlan {
  const [options] = call.args;
  const dryRun = boolOption(options, 'dry-run');
  return {
    job: 'sysroot.apply-live',
    params: {
      ...{ sysroot, osname: osname(call), dryRun },
      target: stringOption(options, 'target') || undefined,
      allowReplacement: boolOption(options, 'replace'),
    },
    title: `apply-live${dryRun ? ' (dry run)' : ''}`,
    action: dryRun ? undefined : 'apply-live',
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
  config: () => JobConfig,
  medium: (path: string) => Promise<string>,
  driver: (name: string) => void,
  take: TakeUploads,
): Handlers {
  /** Most methods: a plan from the call, and the address of its transaction. */
  const start =
    <Args extends readonly unknown[]>(plan: (call: Call<Args>) => JobPlan | Promise<JobPlan>) =>
    async (call: Call<Args>): Promise<readonly [string]> => [await launch(call, await plan(call))];
  const os = (call: Call): { sysroot: string; osname: string } => ({ sysroot, osname: osname(call) });
  return {
    [iface.os]: {
      Deploy: start((call) => allowDowngrade(upgrade(call, sysroot, call.args[1], config(), { revision: call.args[0] }))),
      Rebase: start((call) => {
        const [options, refspec, packages] = call.args;
        const change = packages.length > 0 ? { install: packages } : {};
        requireUnlocked(config(), change);
        const revision = stringOption(options, 'revision') || undefined;
        return allowDowngrade(upgrade(call, sysroot, options, config(), { refspec, revision, change, ...customOrigin(options, refspec) }));
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
        return upgrade(call, sysroot, call.args[0], config(), path ? { medium: await medium(path) } : {});
      }),
      UpdateDeployment: start((call) => updateDeployment(call, sysroot, config(), driver, take)),
      SetInitramfsState: start((call) => initramfs(call, sysroot, config())),
      PkgChange: start((call) => packageChange(call, sysroot, config())),
      AutomaticUpdateTrigger: async (call) => {
        const asked = stringOption(call.args[0], 'mode') || 'auto';
        if (!['auto', 'none', 'check'].includes(asked)) {
          throw new TreelineError('service.bad-argument', { subject: 'mode', detail: `“${asked}” is none of auto, none, check` });
        }
        const mode = asked === 'auto' ? config().automaticUpdatePolicy : asked;
        if (mode === 'none') return [false, ''];
        const made = mode === 'check' ? check(call, sysroot, call.args[0]) : automatic(upgrade(call, sysroot, call.args[0], config()));
        return [true, await launch(call, { ...made, reboot: mode === 'apply', countdown: true })];
      },
    },
    [iface.osExperimental]: { LiveFs: start((call) => applyLive(call, sysroot)) },
    [iface.treelineOs]: {
      Check: start((call) => check(call, sysroot, call.args[0])),
      PlanPackages: start((call) => planPackages(call, sysroot, config())),
      PlanUpdate: start((call) => ({
        ...{ job: 'update.plan', params: { ...os(call), recommends: config().recommends }, title: 'plan update' },
        ...{ looks: true, keepResult: true, options: call.args[0] },
      })),
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
