// SPDX-License-Identifier: LGPL-2.1-or-later
// Plans of jobs that replace the tree, or tell what would: from upgrade to packages on top of the base.
import {
  boolOption,
  hasOption,
  listOption,
  pairOption,
  pullJobOptions,
  stringOption,
  type Options,
  type osInterface,
  type Takes,
  type treelineOsInterface,
} from '../../shared/dbus/index.ts';
import { plainRefspec } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { BroughtFile, JobParams, LayerChange } from '../engine/jobs/index.ts';
import type { Call } from './dispatcher.ts';
import type { JobPlan } from './job-plan.ts';
import type { DaemonConfig } from './options.ts';

/** What of the service's configuration jobs go by. */
export type JobConfig = Pick<DaemonConfig, 'automaticUpdatePolicy' | 'layeringLockedBy' | 'recommends'>;

export const osname = (call: Call): string => call.object.osname ?? '';

export function upgrade(
  call: Call,
  sysroot: string,
  options: Options,
  { recommends }: JobConfig,
  chosen: Pick<JobParams<'update.upgrade'>, 'revision' | 'refspec' | 'medium' | 'change' | 'brought' | 'customOrigin'> = {},
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

export const check = (call: Call, sysroot: string, options?: Options): JobPlan => ({
  job: 'update.check',
  params: { sysroot, osname: osname(call) },
  title: 'check for update',
  options,
  looks: true,
});

const dropping = ['no-layering', 'no-overrides', 'no-initramfs'] as const;
const supportedModifiers = [
  ...['set-refspec', 'set-revision', 'custom-origin', 'install-packages', 'uninstall-packages'],
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
export function requireUnlocked({ layeringLockedBy }: JobConfig, change: LayerChange, uploads: readonly string[] = []): void {
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

/** What the origin is to tell people. Throws service.bad-argument where the source stays. */
export function customOrigin(options: Options, refspec: string): Pick<JobParams<'update.upgrade'>, 'customOrigin'> {
  const pair = pairOption(options, 'custom-origin');
  if (!pair) return {};
  if (refspec === '')
    throw new TreelineError('service.bad-argument', { subject: 'custom-origin', detail: 'it comes with set-refspec only' });
  const [url, description] = pair;
  return { customOrigin: { url, description } };
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
export function updateDeployment(
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
      ...customOrigin(modifiers, refspec),
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

/** The same change, only looked at; nobody is asked for a password for that, so options that ask for one aren't obeyed. */
export function planPackages(call: Call<Takes<typeof treelineOsInterface, 'PlanPackages'>>, sysroot: string, config: JobConfig): JobPlan {
  const [modifiers, options] = call.args;
  const change = changeOf(modifiers);
  requireUnlocked(config, change);
  const made = upgrade(call, sysroot, {}, config, { change });
  return {
    ...{ job: made.job, params: { ...made.params, noPullBase: true, dryRun: true }, title: `plan ${changeTitle(change)}`.trim() },
    ...{ looks: true, keepResult: true, options },
  };
}

export function packageChange(call: Call<Takes<typeof osInterface, 'PkgChange'>>, sysroot: string, config: JobConfig): JobPlan {
  const [options, install, uninstall] = call.args;
  const change = { install, uninstall };
  requireUnlocked(config, change);
  const made = upgrade(call, sysroot, options, config, { change });
  return { ...made, params: { ...made.params, noPullBase: true }, title: changeTitle(change) || made.title };
}

export function initramfs(call: Call<Takes<typeof osInterface, 'SetInitramfsState'>>, sysroot: string, config: JobConfig): JobPlan {
  const [regenerate, args, options] = call.args;
  const made = upgrade(call, sysroot, options, config, { change: { initramfs: { regenerate, args } } });
  const words = [regenerate ? '--enable' : '--disable', ...args.map((each) => `--arg=${each}`)].join(' ');
  return { ...made, params: { ...made.params, noPullBase: true }, title: `initramfs ${words}`, action: 'initramfs', subject: words };
}

type Upgrade = JobPlan<'update.upgrade'>;
export const automatic = (made: Upgrade): Upgrade => ({ ...made, params: { ...made.params, automatic: true } });
export const allowDowngrade = (made: Upgrade): Upgrade => ({ ...made, params: { ...made.params, allowDowngrade: true } });
