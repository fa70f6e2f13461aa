// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  boolOption,
  hasOption,
  iface,
  listOption,
  pullJobOptions,
  stringOption,
  type Options,
  type osExperimentalInterface,
  type osInterface,
  type Takes,
  type treelineOsInterface,
} from '../../shared/dbus/index.ts';
import { plainRefspec, type HistoryEntry } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { BroughtFile, JobName, JobParams, LayerChange } from '../engine/jobs/index.ts';
import type { Call, Handlers } from './dispatcher.ts';
import type { DaemonConfig } from './options.ts';

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
  /** Handles of what callers sent, which goes when the job is over. */
  readonly uploads?: readonly string[];
  /** What else is different afterwards, in the words of the Changed signal. */
  readonly told?: 'remotes' | 'package-repos';
}

/** A plan of whatever job. */
export type AnyPlan = PlanOf<JobName>;

type BroughtPackages = NonNullable<JobParams<'update.upgrade'>['brought']>;

/** Makes the transaction of a plan and returns its address. */
export type Launch = (call: Call, plan: AnyPlan) => Promise<string>;

/** What of the service's configuration jobs go by. */
export type JobConfig = Pick<DaemonConfig, 'automaticUpdatePolicy' | 'layeringLockedBy' | 'recommends'>;

const osname = (call: Call): string => call.object.osname ?? '';

function upgrade(
  call: Call,
  sysroot: string,
  options: Options,
  { recommends }: JobConfig,
  chosen: { revision?: string; refspec?: string; medium?: string; change?: LayerChange; brought?: BroughtPackages } = {},
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
  const dryRun = boolOption(options, 'dry-run');
  return {
    job: 'update.upgrade',
    params: {
      ...{ sysroot, osname: osname(call), ...pullJobOptions(options), recommends, ...more },
      // who names another base wants it, whatever else a client sends always
      ...(more.refspec || more.revision || more.medium ? { noPullBase: false } : {}),
    },
    title: `${title}${downloadOnly ? ' (download only)' : ''}${dryRun ? ' (dry run)' : ''}`,
    action: downloadOnly || dryRun ? undefined : more.refspec ? 'rebase' : 'deploy',
    reboot: boolOption(options, 'reboot') && !dryRun,
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

const dropping = ['no-layering', 'no-overrides', 'no-initramfs'] as const;
const supportedModifiers = [
  ...['set-refspec', 'set-revision', 'install-packages', 'uninstall-packages'],
  ...['override-remove-packages', 'override-reset-packages', 'override-replace-packages'],
  ...['treeline-install-uploads', 'treeline-install-uploads-replacefiles', 'treeline-override-replace-uploads'],
];

/** What modifiers ask for on top of the base. */
function changeOf(modifiers: Options): LayerChange {
  const lists = {
    install: listOption(modifiers, 'install-packages'),
    uninstall: listOption(modifiers, 'uninstall-packages'),
    overrideRemove: listOption(modifiers, 'override-remove-packages'),
    overrideReset: listOption(modifiers, 'override-reset-packages'),
    overrideReplace: listOption(modifiers, 'override-replace-packages').map((item) => {
      const [from = '', ...packages] = item.split(',');
      return { repo: from.replace(/^repo=/, ''), packages };
    }),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

/** Adding to the base, or changing it, is what LockLayering forbids; taking that back isn't. */
function requireUnlocked({ layeringLockedBy }: JobConfig, change: LayerChange, uploads: readonly string[] = []): void {
  const { install = [], overrideRemove = [], overrideReplace = [] } = change;
  if (layeringLockedBy !== undefined && install.length + overrideRemove.length + overrideReplace.length + uploads.length > 0)
    throw new TreelineError('layer.locked', { subject: layeringLockedBy });
}

/** As rpm-ostree titles them: `install; install: 2; uninstall: 1`. */
function changeTitle(
  { install = [], uninstall = [], overrideRemove = [], overrideReset = [], overrideReplace = [] }: LayerChange,
  { added, replacing }: Pick<Brought, 'added' | 'replacing'> = { added: [], replacing: [] },
): string {
  const counts = {
    install: [...install, ...added],
    uninstall,
    'override replace': [...overrideReplace.flatMap(({ packages }) => packages), ...replacing],
    'override remove': overrideRemove,
    'override reset': overrideReset,
  };
  const told = Object.entries(counts).flatMap(([name, list]) => (list.length > 0 ? [[name, list.length] as const] : []));
  return told.length === 0 ? '' : [told[0]?.[0], ...told.map(([name, count]) => `${name}: ${count}`)].join('; ');
}

/** Handles of uploads: what is to be added, and what is to replace something. */
interface Brought {
  readonly plain: readonly string[];
  readonly forced: readonly string[];
  readonly added: readonly string[];
  readonly replacing: readonly string[];
  readonly all: readonly string[];
}

function broughtBy(modifiers: Options): Brought {
  const plain = listOption(modifiers, 'treeline-install-uploads');
  const forced = listOption(modifiers, 'treeline-install-uploads-replacefiles');
  const replacing = listOption(modifiers, 'treeline-override-replace-uploads');
  return { plain, forced, replacing, added: [...plain, ...forced], all: [...plain, ...forced, ...replacing] };
}

/** Handles become files of a job. */
export type TakeUploads = (call: Call, handles: readonly string[]) => readonly BroughtFile[];

/** The driver of updates is noted by the service itself; `driver` does that. */
function updateDeployment(
  call: Call<Takes<typeof osInterface, 'UpdateDeployment'>>,
  sysroot: string,
  config: JobConfig,
  driver: (name: string) => void,
  take: TakeUploads,
): JobPlan {
  const [modifiers, options] = call.args;
  const foreign = Object.keys(modifiers).find((key) => !supportedModifiers.includes(key) && isAsked(modifiers[key]));
  if (foreign?.endsWith('local-packages') || foreign === 'install-local-fileoverride-packages')
    throw new TreelineError('not-supported', {
      subject: `The modifier “${foreign}”`,
      detail: 'File descriptors don’t reach this service. Package files are sent by OpenUpload of org.treeline.OS1.',
    });
  if (foreign) throw new TreelineError('not-supported', { subject: `The modifier “${foreign}”` });
  const change = changeOf(modifiers);
  const brought = broughtBy(modifiers);
  requireUnlocked(config, change, brought.all);
  const name = stringOption(options, 'register-driver');
  if (name !== '') {
    driver(name);
    // as zincati does at its start: nothing but to be known
    const drops = dropping.some((key) => boolOption(options, key));
    if (
      !drops &&
      Object.keys(change).length + brought.all.length === 0 &&
      stringOption(modifiers, 'set-revision') + stringOption(modifiers, 'set-refspec') === ''
    ) {
      return { job: 'sysroot.load', params: { sysroot }, title: `register-driver ${name}`, options };
    }
  }
  const revision = stringOption(modifiers, 'set-revision');
  const refspec = stringOption(modifiers, 'set-refspec');
  // a chosen commit may be older: whoever may choose it, may go back to it
  const chosen = revision !== '' || refspec !== '';
  const files = take(call, brought.all);
  const [replaceFrom, forcedFrom] = [brought.added.length, brought.plain.length];
  const packages = {
    install: files.slice(0, forcedFrom),
    installForced: files.slice(forcedFrom, replaceFrom),
    replace: files.slice(replaceFrom),
  };
  const made = {
    ...upgrade(call, sysroot, options, config, {
      ...{ revision: revision || undefined, refspec: refspec || undefined, change },
      ...(files.length > 0 ? { brought: packages } : {}),
    }),
    uploads: brought.all,
  };
  const applyLive = boolOption(options, 'apply-live');
  const title = (chosen ? '' : changeTitle(change, brought)) || made.title;
  const titled = { ...made, params: { ...made.params, applyLive }, title };
  return chosen && !hasOption(options, 'allow-downgrade') ? allowDowngrade(titled) : titled;
}

/** An empty list asks for nothing: clients send them. */
const isAsked = (variant: Options[string] | undefined): boolean => !Array.isArray(variant?.value) || variant.value.length > 0;

/** The same change, only looked at; nobody is asked for a password for that. */
function planPackages(call: Call<Takes<typeof treelineOsInterface, 'PlanPackages'>>, sysroot: string, config: JobConfig): JobPlan {
  const [modifiers, options] = call.args;
  const change = changeOf(modifiers);
  requireUnlocked(config, change);
  const made = upgrade(call, sysroot, options, config, { change });
  return {
    ...{ job: made.job, params: { ...made.params, noPullBase: true, dryRun: true }, title: `plan ${changeTitle(change)}`.trim() },
    ...{ looks: true, keepResult: true, options },
  };
}

function packageChange(call: Call<Takes<typeof osInterface, 'PkgChange'>>, sysroot: string, config: JobConfig): JobPlan {
  const [options, install, uninstall] = call.args;
  const change = { install, uninstall };
  requireUnlocked(config, change);
  const made = upgrade(call, sysroot, options, config, { change });
  return { ...made, params: { ...made.params, noPullBase: true }, title: changeTitle(change) || made.title };
}

function initramfs(call: Call<Takes<typeof osInterface, 'SetInitramfsState'>>, sysroot: string, config: JobConfig): JobPlan {
  const [regenerate, args, options] = call.args;
  const made = upgrade(call, sysroot, options, config, { change: { initramfs: { regenerate, args } } });
  const words = [regenerate ? '--enable' : '--disable', ...args.map((each) => `--arg=${each}`)].join(' ');
  return { ...made, params: { ...made.params, noPullBase: true }, title: `initramfs ${words}`, action: 'initramfs', subject: words };
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
        return allowDowngrade(upgrade(call, sysroot, options, config(), { refspec, revision, change }));
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
