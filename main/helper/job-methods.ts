// SPDX-License-Identifier: LGPL-2.1-or-later
import { boolOption, hasOption, listOption, stringOption } from '../../shared/dbus/index.ts';
import { plainRefspec, type HistoryEntry } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { JobName, JobParams } from '../engine/jobs/index.ts';
import type { Call, Handler, Handlers } from './dispatcher.ts';
import { iface } from '../../shared/dbus/index.ts';

/** A method call turned into a worker's job. */
export interface JobPlan<N extends JobName = JobName> {
  readonly job: N;
  readonly params: JobParams<N>;
  /** As rpm-ostree titles its transactions. */
  readonly title: string;
  readonly action?: HistoryEntry['action'];
  /** Restart when something changed. */
  readonly reboot?: boolean;
  /** Restart even if the job changed nothing itself. */
  readonly rebootAlways?: boolean;
  readonly options: unknown;
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
  readonly told?: 'remotes';
}

type Plan = (call: Call, sysroot: string) => JobPlan;
/** Makes the transaction of a plan and returns its address. */
export type Launch = (call: Call, plan: JobPlan) => Promise<string>;

const plan = <N extends JobName>(value: JobPlan<N>): JobPlan => value;
const text = (value: unknown): string => value as string;
const list = (value: unknown): readonly string[] => value as readonly string[];

/** Options that ask for something this version can't do; false or absent is fine (GNOME Software always sends them all). */
function refuse(options: unknown, keys: readonly string[]): void {
  const wanted = keys.find((key) => boolOption(options, key));
  if (wanted) throw new TreelineError('not-supported', { subject: `The option “${wanted}”` });
}

function pullOptions(options: unknown): Partial<JobParams<'update.upgrade'>> {
  refuse(options, ['dry-run', 'no-pull-base']);
  return {
    allowDowngrade: boolOption(options, 'allow-downgrade'),
    downloadOnly: boolOption(options, 'download-only'),
    cacheOnly: boolOption(options, 'cache-only'),
    skipBranchCheck: boolOption(options, 'skip-branch-check'),
    lockFinalization: boolOption(options, 'lock-finalization'),
  };
}

const osname = (call: Call): string => call.object.osname ?? '';

function upgrade(
  call: Call,
  sysroot: string,
  options: unknown,
  chosen: { revision?: string; refspec?: string; medium?: string } = {},
): JobPlan {
  const more = chosen.refspec === undefined ? chosen : { ...chosen, refspec: plainRefspec(chosen.refspec) };
  const title = more.medium
    ? `upgrade from ${more.medium}`
    : more.refspec
      ? `rebase ${more.refspec}`
      : more.revision
        ? `deploy ${more.revision}`
        : 'upgrade';
  const downloadOnly = boolOption(options, 'download-only');
  return plan<'update.upgrade'>({
    job: 'update.upgrade',
    params: { sysroot, osname: osname(call), ...pullOptions(options), ...more },
    title: downloadOnly ? `${title} (download only)` : title,
    action: downloadOnly ? undefined : more.refspec ? 'rebase' : 'deploy',
    reboot: boolOption(options, 'reboot'),
    options,
  });
}

const check = (call: Call, sysroot: string, options: unknown): JobPlan =>
  plan<'update.check'>({ job: 'update.check', params: { sysroot, osname: osname(call) }, title: 'check for update', options, looks: true });

const supportedModifiers = ['set-refspec', 'set-revision'];

/** The driver of updates is noted by the service itself; `driver` does that. */
function updateDeployment(call: Call, sysroot: string, driver: (name: string) => void): JobPlan {
  const [modifiers, options] = call.args;
  const foreign = Object.keys(modifiers as object).find((key) => !supportedModifiers.includes(key));
  if (foreign) throw new TreelineError('not-supported', { subject: `The modifier “${foreign}”` });
  refuse(options, ['apply-live', 'dry-run']);
  const name = stringOption(options, 'register-driver');
  if (name !== '') {
    driver(name);
    // as zincati does at its start: nothing but to be known
    if (
      Object.keys(modifiers as object).length === 0 ||
      stringOption(modifiers, 'set-revision') + stringOption(modifiers, 'set-refspec') === ''
    ) {
      return plan<'sysroot.load'>({ job: 'sysroot.load', params: { sysroot }, title: `register-driver ${name}`, options });
    }
  }
  const revision = stringOption(modifiers, 'set-revision');
  const refspec = stringOption(modifiers, 'set-refspec');
  // a chosen commit may be older: whoever may choose it, may go back to it
  const chosen = revision !== '' || refspec !== '';
  const made = upgrade(call, sysroot, options, { revision: revision || undefined, refspec: refspec || undefined });
  return chosen && !hasOption(options, 'allow-downgrade') ? allowDowngrade(made) : made;
}

const automatic = (made: JobPlan): JobPlan => plan({ ...made, params: { ...made.params, automatic: true } } as JobPlan);

const allowDowngrade = (made: JobPlan): JobPlan => plan({ ...made, params: { ...made.params, allowDowngrade: true } } as JobPlan);

function kernelArgs(call: Call, sysroot: string): JobPlan {
  const [existing, added, replaced, removed, options] = call.args;
  return plan<'sysroot.kargs'>({
    job: 'sysroot.kargs',
    params: {
      sysroot,
      osname: osname(call),
      append: list(added),
      replace: list(replaced),
      remove: list(removed),
      appendIfMissing: listOption(options, 'append-if-missing'),
      deleteIfPresent: listOption(options, 'delete-if-present'),
      finalKargs: hasOption(options, 'final-kernel-args') ? stringOption(options, 'final-kernel-args') : undefined,
      existing: text(existing) || undefined,
      deploymentId: stringOption(options, 'treeline-deployment') || undefined,
      lockFinalization: boolOption(options, 'lock-finalization'),
    },
    title: 'kargs',
    action: 'kargs',
    reboot: boolOption(options, 'reboot'),
    options,
  });
}

function finalize(call: Call, sysroot: string): JobPlan {
  const [options] = call.args;
  return plan<'sysroot.finalize'>({
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
  });
}

const osPlans: Readonly<Record<string, Plan>> = {
  Deploy: (call, sysroot) => allowDowngrade(upgrade(call, sysroot, call.args[1], { revision: text(call.args[0]) })),
  Rebase: (call, sysroot) => {
    const [options, refspec, packages] = call.args;
    if (list(packages).length > 0) throw new TreelineError('not-supported', { subject: 'Rebasing with packages' });
    return allowDowngrade(
      upgrade(call, sysroot, options, { refspec: text(refspec), revision: stringOption(options, 'revision') || undefined }),
    );
  },
  DownloadUpdateRpmDiff: (call, sysroot) => check(call, sysroot, undefined),
  // packages come with the commits: there is no other metadata to refresh
  RefreshMd: (call, sysroot) => check(call, sysroot, call.args[0]),
  Rollback: (call, sysroot) =>
    plan<'sysroot.rollback'>({
      job: 'sysroot.rollback',
      params: { sysroot, osname: osname(call) },
      title: 'rollback',
      action: 'rollback',
      reboot: boolOption(call.args[0], 'reboot'),
      options: call.args[0],
    }),
  ClearRollbackTarget: (call, sysroot) =>
    plan<'sysroot.clear-rollback-target'>({
      job: 'sysroot.clear-rollback-target',
      params: { sysroot, osname: osname(call) },
      title: 'clear rollback',
      action: 'undeploy',
      reboot: boolOption(call.args[0], 'reboot'),
      options: call.args[0],
    }),
  Cleanup: (call, sysroot) =>
    plan<'sysroot.cleanup'>({
      job: 'sysroot.cleanup',
      params: { sysroot, osname: osname(call), elements: list(call.args[0]) },
      title: `cleanup ${list(call.args[0]).join(' ')}`,
      action: 'cleanup',
      options: undefined,
    }),
  KernelArgs: kernelArgs,
  FinalizeDeployment: finalize,
};

const treelineOsPlans: Readonly<Record<string, Plan>> = {
  BootOnce: (call, sysroot) =>
    plan<'sysroot.boot-once'>({
      job: 'sysroot.boot-once',
      params: { sysroot, osname: osname(call), deploymentId: text(call.args[0]) },
      title: `boot-once ${text(call.args[0])}`,
      action: 'boot-once',
      reboot: boolOption(call.args[1], 'reboot'),
      options: call.args[1],
    }),
  Check: (call, sysroot) => check(call, sysroot, call.args[0]),
  SetDefault: (call, sysroot) =>
    plan<'sysroot.set-default'>({
      job: 'sysroot.set-default',
      params: { sysroot, osname: osname(call), deploymentId: text(call.args[0]) },
      title: `set-default ${text(call.args[0])}`,
      action: 'rollback',
      reboot: boolOption(call.args[1], 'reboot'),
      options: call.args[1],
    }),
};

const treelineSysrootPlans: Readonly<Record<string, Plan>> = {
  Pin: (call, sysroot) =>
    plan<'sysroot.pin'>({
      job: 'sysroot.pin',
      params: { sysroot, deploymentId: text(call.args[0]), pinned: call.args[1] === true },
      title: `${call.args[1] === true ? 'pin' : 'unpin'} ${text(call.args[0])}`,
      action: call.args[1] === true ? 'pin' : 'unpin',
      options: call.args[2],
    }),
  RepairOrigin: (call, sysroot) =>
    plan<'sysroot.repair-origin'>({
      job: 'sysroot.repair-origin',
      params: { sysroot, deploymentId: text(call.args[0]), refspec: plainRefspec(text(call.args[1])) },
      title: `repair-origin ${text(call.args[0])}`,
      action: 'repair-origin',
      subject: text(call.args[1]),
      options: call.args[2],
    }),
  Repair: (call, sysroot) =>
    plan<'sysroot.repair'>({
      job: 'sysroot.repair',
      params: { sysroot },
      title: 'repair',
      action: 'repair',
      options: call.args[0],
    }),
  Undeploy: (call, sysroot) =>
    plan<'sysroot.undeploy'>({
      job: 'sysroot.undeploy',
      params: { sysroot, deploymentId: text(call.args[0]) },
      title: `undeploy ${text(call.args[0])}`,
      action: 'undeploy',
      options: call.args[1],
    }),
};

/** Handlers of all methods that start a job and answer with its address. */
export function jobHandlers(
  sysroot: string,
  launch: Launch,
  policy: () => string,
  medium: (path: string) => Promise<string>,
  driver: (name: string) => void,
): Handlers {
  const handlers = (plans: Readonly<Record<string, Plan>>): Record<string, Handler> =>
    Object.fromEntries(Object.entries(plans).map(([name, make]) => [name, async (call) => [await launch(call, make(call, sysroot))]]));
  const upgradeFrom: Handler = async (call) => {
    const path = stringOption(call.args[0], 'treeline-medium');
    return [await launch(call, upgrade(call, sysroot, call.args[0], path ? { medium: await medium(path) } : {}))];
  };
  const update: Handler = async (call) => [await launch(call, updateDeployment(call, sysroot, driver))];
  const trigger: Handler = async (call) => {
    const asked = stringOption(call.args[0], 'mode') || 'auto';
    if (!['auto', 'none', 'check'].includes(asked)) {
      throw new TreelineError('service.bad-argument', { subject: 'mode', detail: `“${asked}” is none of auto, none, check` });
    }
    const mode = asked === 'auto' ? policy() : asked;
    if (mode === 'none') return [false, ''];
    const made = mode === 'check' ? check(call, sysroot, call.args[0]) : automatic(upgrade(call, sysroot, call.args[0]));
    return [true, await launch(call, { ...made, reboot: mode === 'apply', countdown: true })];
  };
  return {
    [iface.os]: { ...handlers(osPlans), Upgrade: upgradeFrom, UpdateDeployment: update, AutomaticUpdateTrigger: trigger },
    [iface.treelineOs]: handlers(treelineOsPlans),
    [iface.treelineSysroot]: handlers(treelineSysrootPlans),
  };
}
