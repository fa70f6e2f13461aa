// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ActionId } from './actions.ts';
import { iface } from './names.ts';
import { boolOption, hasOption, listOption, stringOption, type Options } from './options.ts';
import { args, guarded, read, type AuthFacts, type InterfaceSpec } from './table.ts';
import {
  cleanupProblem,
  deploymentIdProblem,
  etcFilesProblem,
  first,
  initramfsProblem,
  kargsProblem,
  nameProblem,
  optionsProblem as knownOptionsProblem,
  refspecProblem,
  revisionProblem,
} from './validate.ts';
import {
  replacementsProblem,
  repoChoiceProblem,
  repoIdProblem,
  repoSettingsProblem,
  requestLists,
  requestsProblem,
  uploadedName,
  uploadsProblem,
  wordsProblem,
} from './validate-packages.ts';
import { mediumPathProblem } from './validate-review.ts';

const address = 's transaction_address';
const rpmDiff = 'a(sua{sv}) result';
const later = { supported: false };
type RpmOstreeAction = ActionId extends infer A ? (A extends `org.projectatomic.rpmostree1.${infer Name}` ? Name : never) : never;
const action = (name: RpmOstreeAction): ActionId => `org.projectatomic.rpmostree1.${name}`;
const optionsProblem = (options: Options): string | undefined =>
  knownOptionsProblem(options) ?? repoChoiceProblem(chosenRepos(options), stringOption(options, 'releasever'));
const options0 = ([options]: readonly [Options]): string | undefined => optionsProblem(options);

export const sysrootInterface = {
  name: iface.sysroot,
  methods: {
    RegisterClient: guarded('a{sv} options', '', action('client-management'), 'announce a client', {
      problem: options0,
      interactive: false,
    }),
    UnregisterClient: guarded('a{sv} options', '', action('client-management'), 'announce a client', { interactive: false }),
    // looks whether something changed on the disk, which is nothing that anybody needed to be asked about
    Reload: read('', ''),
    ReloadConfig: guarded('', '', action('reload-daemon'), 'reload the configuration'),
    // dropped by newer versions of rpm-ostree; kept because the recordings have it
    CreateOSName: guarded('s name', 'o result', action('deploy'), ([name]) => `create the stateroot ${name}`, {
      ...later,
      problem: ([name]) => nameProblem(name),
    }),
    GetOS: read('s name', 'o object_path', { problem: ([name]) => nameProblem(name) }),
  },
  properties: {
    Booted: 'o',
    Path: 's',
    ActiveTransaction: '(sss)',
    ActiveTransactionPath: 's',
    AutomaticUpdatePolicy: 's',
    Deployments: 'aa{sv}',
  },
  signals: {},
} as const satisfies InterfaceSpec;

/** An update of the configured source is the active user's right, if signatures are demanded; anything further is asked for. */
function upgradeActions(options: Options, facts: AuthFacts): ActionId[] {
  const wanted: ActionId[] = [];
  if (boolOption(options, 'allow-downgrade')) wanted.push(action('deploy'));
  if (!facts.verified) wanted.push('org.treeline.upgrade-unverified');
  if (wanted.length === 0) wanted.push(action('upgrade'));
  return [...wanted, ...droppingActions(options)];
}

/** Options that take from the base what was put onto it: jobs obey them whatever method brings them, so each method asks. */
function droppingActions(options: Options): ActionId[] {
  const wanted: ActionId[] = [];
  if (boolOption(options, 'no-layering') || hasOption(options, 'without-packages')) wanted.push(action('install-uninstall-packages'));
  if (boolOption(options, 'no-overrides')) wanted.push(action('override'));
  if (boolOption(options, 'no-initramfs')) wanted.push(action('bootconfig'));
  // what is put onto the base would come from elsewhere
  if (chosenRepos(options).length > 0 || stringOption(options, 'releasever') !== '') wanted.push(action('install-uninstall-packages'));
  return wanted;
}

const chosenRepos = (options: Options): readonly string[] => [...listOption(options, 'enablerepo'), ...listOption(options, 'disablerepo')];

/** The person who is asked for a password reads what would go. */
const dropped = (options: Options): string =>
  (['no-layering', 'no-overrides', 'no-initramfs'] as const).some((key) => boolOption(options, key))
    ? ', and drop what was put onto the base'
    : '';

const withDropping = (own: ActionId, options: Options, more: readonly ActionId[] = []): readonly ActionId[] => [
  ...new Set<ActionId>([own, ...more, ...droppingActions(options)]),
];

/** What the policy does, for whoever sets it off; the one that applies updates restarts as well. */
function triggerActions(options: Options, facts: AuthFacts): ActionId[] {
  if (stringOption(options, 'mode') === 'check') return ['org.treeline.check'];
  return [...upgradeActions(options, facts), ...(facts.policy === 'apply' ? (['org.treeline.restart'] as const) : [])];
}

const modifierActions: readonly (readonly [RegExp, ActionId])[] = [
  [/^set-refspec$|^custom-origin$/, action('rebase')],
  [/^set-revision$/, action('deploy')],
  [/local|-uploads/, action('install-local-packages')],
  [/^(un)?install-/, action('install-uninstall-packages')],
  [/^override-/, action('override')],
  [/^treefile$/, action('rebase')],
];

function updateDeploymentActions([modifiers, options]: readonly [Options, Options], facts: AuthFacts): ActionId[] {
  const wanted = new Set<ActionId>();
  for (const key of Object.keys(modifiers)) {
    // the first that fits; one that nobody knows changes nothing and is refused later
    const known = modifierActions.find(([pattern]) => pattern.test(key));
    if (known) wanted.add(known[1]);
  }
  if (hasOption(modifiers, 'treeline-override-replace-uploads')) wanted.add(action('override'));
  if (hasOption(options, 'register-driver')) wanted.add(action('deploy'));
  for (const each of droppingActions(options)) wanted.add(each);
  // who may change what starts next may have it at once, but for an update, which anybody at the machine may take
  const atOnce: ActionId[] = boolOption(options, 'apply-live') ? [action('deploy')] : [];
  if (wanted.size === 0) return [...new Set([...upgradeActions(options, facts), ...atOnce])];
  // other packages may come with another base, which is an update then
  const fromSource = !boolOption(options, 'no-pull-base') && !wanted.has(action('rebase')) && !wanted.has(action('deploy'));
  if (fromSource && !facts.verified) wanted.add('org.treeline.upgrade-unverified');
  if (boolOption(options, 'allow-downgrade')) wanted.add(action('deploy'));
  return [...wanted];
}

const uploadLists = ['treeline-install-uploads', 'treeline-install-uploads-replacefiles', 'treeline-override-replace-uploads'] as const;
const uploadsIn = (modifiers: Options): readonly string[] => uploadLists.flatMap((name) => listOption(modifiers, name));

const diffDetails = `${rpmDiff}, a{sv} details`;

export const osInterface = {
  name: iface.os,
  methods: {
    AutomaticUpdateTrigger: guarded(
      'a{sv} options',
      'b enabled, s transaction_address',
      ([options], facts) => triggerActions(options, facts),
      'run the automatic update policy',
      { problem: options0 },
    ),
    GetDeploymentsRpmDiff: read('s deployid0, s deployid1', rpmDiff, {
      problem: ([a, b]) => first(deploymentIdProblem(a, true), deploymentIdProblem(b, true)),
    }),
    Deploy: guarded(
      's revision, a{sv} options',
      address,
      ([, options]) => withDropping(action('deploy'), options),
      ([revision, options]) => `deploy ${revision}${dropped(options)}`,
      {
        problem: ([revision, options]) => first(revisionProblem(revision), optionsProblem(options)),
        details: ([revision]) => ({ revision: revision }),
      },
    ),
    GetCachedDeployRpmDiff: read('s revision, as packages', diffDetails, {
      problem: ([revision]) => revisionProblem(revision, true),
    }),
    DownloadDeployRpmDiff: guarded('s revision, as packages', address, action('repo-refresh'), 'fetch package lists', {
      problem: ([revision]) => revisionProblem(revision),
    }),
    Upgrade: guarded(
      'a{sv} options',
      address,
      ([options], facts) => upgradeActions(options, facts),
      ([options]) => `update the system${dropped(options)}`,
      {
        problem: ([options]) => first(optionsProblem(options), mediumPathProblem(stringOption(options, 'treeline-medium'), true)),
        details: ([options]) => ({ medium: stringOption(options, 'treeline-medium') }),
      },
    ),
    GetCachedUpdateRpmDiff: read('s deployid', diffDetails, { problem: ([id]) => deploymentIdProblem(id, true) }),
    DownloadUpdateRpmDiff: guarded('', address, action('repo-refresh'), 'look for an update'),
    Rollback: guarded('a{sv} options', address, action('rollback'), 'go back to the previous version', { problem: options0 }),
    ClearRollbackTarget: guarded('a{sv} options', address, action('rollback'), 'delete the previous version', { problem: options0 }),
    Rebase: guarded(
      'a{sv} options, s refspec, as packages',
      address,
      ([options, , packages]) => withDropping(action('rebase'), options, packages.length > 0 ? [action('install-uninstall-packages')] : []),
      ([options, refspec, packages]) => [`switch the system to ${refspec}${dropped(options)}`, ...few('install', packages)].join(' and '),
      {
        problem: ([options, refspec, packages]) =>
          first(
            optionsProblem(options),
            refspecProblem(refspec),
            revisionProblem(stringOption(options, 'revision'), true),
            requestsProblem(packages),
          ),
        details: ([, refspec, packages]) => ({ refspec: refspec, added: packages.join(' ') }),
      },
    ),
    GetCachedRebaseRpmDiff: read('s refspec, as packages', diffDetails, { problem: ([refspec]) => refspecProblem(refspec) }),
    DownloadRebaseRpmDiff: guarded('s refspec, as packages', address, action('repo-refresh'), 'fetch package lists', {
      problem: ([refspec]) => refspecProblem(refspec),
    }),
    PkgChange: guarded(
      'a{sv} options, as packages_added, as packages_removed',
      address,
      ([options]) => withDropping(action('install-uninstall-packages'), options),
      ([options, added, removed]) => `${packagesIntent(added, removed)}${dropped(options)}`,
      {
        problem: ([options, added, removed]) => first(optionsProblem(options), requestsProblem([...added, ...removed])),
        details: ([, added, removed]) => ({ added: added.join(' '), removed: removed.join(' ') }),
      },
    ),
    SetInitramfsState: guarded(
      'b regenerate, as args, a{sv} options',
      address,
      ([, , options]) => withDropping(action('bootconfig'), options),
      ([regenerate, , options]) =>
        `${regenerate ? 'make the initramfs on this machine' : 'use the initramfs that comes with the system'}${dropped(options)}`,
      {
        problem: ([regenerate, list, options]) => first(optionsProblem(options), initramfsProblem(regenerate, list)),
        details: ([regenerate, list]) => ({ regenerate: String(regenerate), 'initramfs-args': list.join(' ') }),
      },
    ),
    InitramfsEtc: guarded(
      'as track, as untrack, b untrack_all, b force_sync, a{sv} options',
      address,
      action('bootconfig'),
      ([track, untrack, untrackAll]) => filesIntent(track, untrack, untrackAll),
      {
        problem: ([track, untrack, , , options]) => first(optionsProblem(options), etcFilesProblem([...track, ...untrack])),
        details: ([track, untrack, untrackAll, forceSync]) => ({
          track: track.join(' '),
          untrack: untrackAll ? 'all' : untrack.join(' '),
          'force-sync': String(forceSync),
        }),
      },
    ),
    KernelArgs: guarded(
      's existing_kernel_arg_string, as kernel_args_added, as kernel_args_replaced, as kernel_args_removed, a{sv} options',
      address,
      action('bootconfig'),
      ([, , , , options]) =>
        hasOption(options, 'final-kernel-args')
          ? `set the kernel arguments to “${stringOption(options, 'final-kernel-args')}”`
          : 'change the kernel arguments',
      {
        problem: ([, added, replaced, removed, options]) =>
          first(
            optionsProblem(options),
            kargsProblem([added, replaced, removed, listOption(options, 'append-if-missing'), listOption(options, 'delete-if-present')]),
            deploymentIdProblem(stringOption(options, 'treeline-deployment'), true),
          ),
        details: ([, added, replaced, removed, options]) => ({
          'kargs-added': added.join(' '),
          'kargs-replaced': replaced.join(' '),
          'kargs-removed': removed.join(' '),
          'kargs-added-if-missing': listOption(options, 'append-if-missing').join(' '),
          'kargs-removed-if-present': listOption(options, 'delete-if-present').join(' '),
          // all of them, where the caller names the whole line
          'kargs-final': stringOption(options, 'final-kernel-args'),
          deployment: stringOption(options, 'treeline-deployment'),
        }),
      },
    ),
    GetDeploymentBootConfig: read('s deployid, b is_pending', 'a{sv} bootconfig', {
      problem: ([id]) => (/^\d{1,4}$/.test(id) ? undefined : deploymentIdProblem(id, true)),
    }),
    Cleanup: guarded('as elements', address, action('cleanup'), ([elements]) => `clean up ${elements.join(', ')}`, {
      problem: ([elements]) => cleanupProblem(elements),
      details: ([elements]) => ({ elements: elements.join(' ') }),
    }),
    RefreshMd: guarded('a{sv} options', address, action('repo-refresh'), 'refresh package metadata', { problem: options0 }),
    ModifyYumRepo: guarded(
      's repo_id, a{ss} settings',
      address,
      action('repo-modify'),
      ([id, { enabled }]) => `${enabled === '0' ? 'disable' : 'enable'} the package repository ${id}`,
      {
        problem: ([id, settings]) => first(repoIdProblem(id), repoSettingsProblem(settings)),
        details: ([id, { enabled = '' }]) => ({ repository: id, enabled }),
      },
    ),
    ListRepos: read('', 'aa{sv} repos'),
    UpdateDeployment: guarded('a{sv} modifiers, a{sv} options', address, updateDeploymentActions, deploymentIntent, {
      problem: ([modifiers, options]) =>
        first(
          optionsProblem(modifiers),
          optionsProblem(options),
          hasOption(modifiers, 'set-refspec') ? refspecProblem(stringOption(modifiers, 'set-refspec')) : undefined,
          revisionProblem(stringOption(modifiers, 'set-revision'), true),
          requestsProblem(requestLists.flatMap((name) => listOption(modifiers, name))),
          uploadsProblem(uploadsIn(modifiers)),
          replacementsProblem(listOption(modifiers, 'override-replace-packages')),
        ),
      details: ([modifiers]) => ({
        refspec: stringOption(modifiers, 'set-refspec'),
        revision: stringOption(modifiers, 'set-revision'),
        added: listOption(modifiers, 'install-packages').join(' '),
        removed: listOption(modifiers, 'uninstall-packages').join(' '),
        files: uploadsIn(modifiers).map(uploadedName).join(' '),
        replaced: listOption(modifiers, 'override-replace-packages').join(' '),
      }),
    }),
    FinalizeDeployment: guarded('a{sv} options', address, action('finalize-deployment'), 'finish the staged deployment and restart', {
      problem: options0,
    }),
    WhatProvides: read('as provides', 'aa{sv} packages', { problem: ([words]) => wordsProblem(words) }),
    GetPackages: read('as names', 'aa{sv} packages', { problem: ([words]) => wordsProblem(words) }),
    Search: read('as names', 'aa{sv} packages', { problem: ([words]) => wordsProblem(words) }),
  },
  properties: {
    BootedDeployment: 'a{sv}',
    DefaultDeployment: 'a{sv}',
    RollbackDeployment: 'a{sv}',
    CachedUpdate: 'a{sv}',
    HasCachedUpdateRpmDiff: 'b',
    Name: 's',
  },
  signals: {},
} as const satisfies InterfaceSpec;

function deploymentIntent([modifiers]: readonly [Options, Options]): string {
  const replaced = listOption(modifiers, 'treeline-override-replace-uploads').map(uploadedName);
  const added = uploadsIn(modifiers)
    .map(uploadedName)
    .filter((name) => !replaced.includes(name));
  const parts = [...few('install the package file', added), ...few('replace packages of the system by', replaced)];
  return parts.join(' and ') || 'change what is deployed next';
}

const few = (verb: string, list: readonly string[]): string[] =>
  list.length === 0 ? [] : [`${verb} ${list[0]}${list.length > 1 ? ` and ${list.length - 1} more` : ''}`];

function packagesIntent(added: readonly string[], removed: readonly string[]): string {
  return [...few('install', added), ...few('remove', removed)].join(' and ') || 'change packages';
}

function filesIntent(track: readonly string[], untrack: readonly string[], untrackAll: boolean): string {
  const parts = [
    ...few('put', track).map((text) => `${text} into the initramfs`),
    ...(untrackAll ? ['leave all files of /etc out of the initramfs'] : few('leave', untrack).map((text) => `${text} out of it`)),
  ];
  return parts.join(' and ') || 'put the files of /etc into the initramfs as they are now';
}

export const osExperimentalInterface = {
  name: iface.osExperimental,
  methods: {
    Moo: read('b utf8', 's result'),
    // target, replace: as rpm-ostree's command sends them, which names the booted commit for --reset. With dry-run (ours) nothing is changed, and the messages tell
    LiveFs: guarded('a{sv} options', address, action('deploy'), 'change the running system', {
      problem: ([options]) => first(optionsProblem(options), revisionProblem(stringOption(options, 'target'), true)),
      details: ([options]) => ({ target: stringOption(options, 'target'), replace: String(boolOption(options, 'replace')) }),
    }),
    DownloadPackages: guarded('as queries, s source', '', action('install-uninstall-packages'), 'download packages', later),
  },
  properties: {},
  signals: {},
} as const satisfies InterfaceSpec;

/** Served on the private socket of a job only; whoever may connect there may call it. */
export const transactionInterface = {
  name: iface.transaction,
  methods: { Cancel: read('', ''), Start: read('', 'b started') },
  properties: { Title: 's', InitiatingClientDescription: 's' },
  signals: {
    Finished: args('b success, s error_message'),
    Message: args('s text'),
    TaskBegin: args('s text'),
    TaskEnd: args('s text'),
    PercentProgress: args('s text, u percentage'),
    DownloadProgress: args('(tt) time, (uu) outstanding, (uuu) metadata, (uuut) delta, (uu) content, (tt) transfer'),
    SignatureProgress: args('av signature, s commit'),
    ProgressEnd: [],
  },
} as const satisfies InterfaceSpec;
