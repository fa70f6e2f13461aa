// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ArgumentName } from './arguments.ts';
import type { ResultText } from './results.ts';

interface Command {
  /** Each by the name of its validator in ./arguments.ts, strict; with `?`, it may be left out. */
  readonly args: readonly (ArgumentName | `${ArgumentName}?`)[];
  /** What comes back, by the name of its validator in ./results.ts; `X[]`: a list of them, `X?`: maybe nothing. */
  readonly result: ResultText;
  /** The method of the service's client (main/client/api.ts) that does it with the same arguments; without, main/app has a handler. */
  readonly client?: string;
}

/**
 * All that the window can ask of main, and what it is made of: names, validators, and who does it. What isn't in this list doesn't exist: the preload passes no
 * other name, main registers no other channel. The preload imports this file only, so that it stays small.
 */
export const commandTable = {
  'host.snapshot': { args: [], result: 'HostSnapshot' },
  'host.check': { args: [], result: 'Nothing', client: 'checkForUpdate' },
  'host.upgrade': { args: ['upgradeOptions'], result: 'JobState', client: 'upgrade' },
  'host.upgradeRemoving': { args: ['removedPackages', 'upgradeOptions'], result: 'JobState', client: 'updateDeployment' },
  'host.planUpdate': { args: [], result: 'UpdatePlan', client: 'planUpdate' },
  'host.rollback': { args: ['reboot'], result: 'JobState', client: 'rollback' },
  'host.setDefault': { args: ['deploymentId', 'reboot'], result: 'JobState', client: 'setDefault' },
  'host.pin': { args: ['deploymentId', 'flag'], result: 'JobState', client: 'pin' },
  'host.undeploy': { args: ['deploymentId'], result: 'JobState', client: 'undeploy' },
  'host.repair': { args: [], result: 'JobState', client: 'repair' },
  'host.cleanup': { args: ['cleanupElements'], result: 'JobState', client: 'cleanup' },
  'host.restart': { args: ['force?'], result: 'Nothing', client: 'restart' },
  'host.cancel': { args: [], result: 'Nothing', client: 'cancel' },
  'host.reload': { args: [], result: 'Nothing', client: 'reload' },
  'host.updateDetails': { args: [], result: 'UpdateDetails', client: 'updateDetails' },
  'host.compare': { args: ['deploymentId', 'deploymentId'], result: 'PackageComparison', client: 'compare' },
  'host.history': { args: ['historyLimit'], result: 'HistoryEntry[]', client: 'history' },
  'host.diskUse': { args: [], result: 'DiskUse', client: 'diskUse' },
  'host.bootOnce': { args: ['deploymentId', 'reboot'], result: 'JobState', client: 'bootOnce' },
  'host.deploy': { args: ['revision', 'reboot'], result: 'JobState', client: 'deploy' },
  'host.kernelArgs': { args: ['kernelArgsChange'], result: 'JobState', client: 'kernelArgs' },
  'host.initramfs': { args: ['initramfsChange'], result: 'JobState', client: 'setInitramfs' },
  /** Until the restart. Only adds, unless it is told to replace. */
  'host.applyLive': { args: ['liveChange'], result: 'JobState', client: 'liveFs' },
  'host.pause': { args: [], result: 'Nothing', client: 'pause' },

  'review.summary': { args: ['checksum?'], result: 'ReviewSummary', client: 'reviewSummary' },
  'review.etc': { args: ['checksum?'], result: 'EtcPreview', client: 'etcPreview' },
  'review.etcFile': { args: ['etcPath', 'checksum?'], result: 'EtcFile', client: 'etcFile' },
  'review.etcDrift': { args: [], result: 'EtcDrift', client: 'etcDrift' },
  'review.etcOwnFile': { args: ['etcPath'], result: 'EtcOwnFile', client: 'etcOwnFile' },
  /** Asks for a password; what is there is kept beside it. */
  'review.restoreEtc': { args: ['etcPath'], result: 'EtcRestored', client: 'restoreEtc' },
  'review.fetch': { args: ['checksum?'], result: 'JobState', client: 'fetchReview' },
  'review.treeDiff': { args: ['checksum', 'checksum', 'treeDiffOptions'], result: 'TreeDiff', client: 'treeDiff' },
  'review.treeFile': { args: ['checksum', 'checksum', 'treePath'], result: 'TreeFile', client: 'treeFile' },
  'review.preview': { args: ['previewTarget'], result: 'UpdateDetails' },
  /** Asks where to, in main's own dialog, and writes the report there; undefined when that was closed. */
  'review.export': { args: ['reportFormat', 'checksum?'], result: 'ExportedFile?' },

  'packages.list': { args: ['deploymentId'], result: 'DeployedPackages', client: 'deploymentPackages' },
  'packages.info': { args: ['deploymentId', 'packageName'], result: 'PackageInfo?', client: 'packageInfo' },
  /** In what was fetched of the repositories before. */
  'packages.search': { args: ['searchWords'], result: 'PackageSearch', client: 'findPackages' },
  /** In each repository, by the exact name. */
  'packages.versions': { args: ['packageName'], result: 'PackageSearch', client: 'packageVersions' },
  'packages.plan': { args: ['packageChange'], result: 'PackagePlan', client: 'planPackages' },
  /** On the base that is there: what was planned, and nothing else. */
  'packages.apply': { args: ['packageChange', 'sameBase'], result: 'JobState', client: 'updateDeployment' },
  'packages.repos': { args: [], result: 'PackageRepos', client: 'packageRepos' },
  'packages.refresh': { args: ['refreshOptions'], result: 'JobState', client: 'refreshMd' },
  'packages.modifyRepo': { args: ['repoId', 'repoSettings'], result: 'JobState', client: 'modifyPackageRepo' },
  /** To look at: nothing is trusted by it. */
  'packages.offeredKeys': { args: ['repoId'], result: 'OfferedKeys[]', client: 'offeredKeys' },
  /** Those keys whose fingerprints the person said yes to; the service compares, and asks for a password. */
  'packages.importKey': { args: ['repoId', 'packageKey', 'fingerprints'], result: 'RemoteKey[]', client: 'importPackageKey' },

  'remotes.list': { args: [], result: 'Remote[]', client: 'remotes' },
  'remotes.add': { args: ['remoteName', 'remoteUrl', 'newRemote'], result: 'Remote', client: 'addRemote' },
  'remotes.edit': { args: ['remoteName', 'remoteChange'], result: 'Remote', client: 'editRemote' },
  'remotes.remove': { args: ['remoteName', 'force'], result: 'Nothing', client: 'removeRemote' },
  'remotes.chooseKey': { args: [], result: 'ChosenKey?' },
  'remotes.importKey': { args: ['remoteName', 'keyToken'], result: 'RemoteKey[]' },
  'remotes.refs': { args: ['remoteName'], result: 'RemoteRef[]', client: 'remoteRefs' },
  'remotes.versions': { args: ['refspec', 'versionsLimit'], result: 'RemoteVersion[]', client: 'remoteVersions' },
  'remotes.rebase': { args: ['refspec', 'rebaseOptions'], result: 'JobState', client: 'rebase' },

  /** `flag`: look again even though nothing was plugged in or out since the last time. */
  'media.list': { args: ['flag?'], result: 'Medium[]' },
  /** A folder or a delta file that the person points at; undefined when the dialog was closed. */
  'media.choose': { args: ['mediumKind'], result: 'ChosenPath?' },
  /** Only a path that media.list or media.choose gave. */
  'media.upgrade': { args: ['mediumPath', 'reboot'], result: 'JobState' },

  'restart.scheduled': { args: [], result: 'ScheduledRestart?', client: 'scheduledRestart' },
  'restart.schedule': { args: ['restartTime'], result: 'ScheduledRestart', client: 'scheduleRestart' },
  'restart.postpone': { args: ['postponeSeconds'], result: 'ScheduledRestart', client: 'postponeRestart' },
  'restart.cancel': { args: [], result: 'Nothing', client: 'cancelScheduledRestart' },
  'restart.blockers': { args: [], result: 'RestartBlocker[]', client: 'restartBlockers' },
  'restart.whatsNew': { args: [], result: 'WhatsNew?', client: 'whatsNew' },
  'restart.acknowledge': { args: [], result: 'Nothing', client: 'acknowledgeWhatsNew' },

  // the Compose page: a treefile is named by its token, the repository by the treefile it belongs to
  /** Where the page begins. Rejects with compose.not-installed where this app can't compose. */
  'compose.start': { args: [], result: 'ComposeStart' },
  /** Asks for a file in main's own dialog; undefined when that was closed. */
  'compose.open': { args: [], result: 'OpenTreefile?' },
  'compose.openRecent': { args: ['token'], result: 'OpenTreefile' },
  /** Takes a treefile off the list of recent ones, with changes that weren't saved. */
  'compose.forget': { args: ['token'], result: 'RecentTreefile[]' },
  /** Writes the opened file and no other, whole or not at all. Rejects with file.changed unless `overwrite`. */
  'compose.save': { args: ['token', 'content', 'saveOptions?'], result: 'Nothing' },
  /** Changes that aren't saved yet, so that closing the window loses nothing; null: there are none any more. */
  'compose.keepDraft': { args: ['token', 'draft'], result: 'Nothing' },
  'compose.keys': { args: [], result: 'TreefileKey[]' },
  'compose.check': { args: ['token', 'content'], result: 'ComposeCheck' },
  /** Packages whose names begin with or contain the word, the best first, at most 60. */
  'compose.complete': { args: ['token', 'content', 'completedWord'], result: 'AvailablePackage[]' },
  /** Asks for the folder of a repository in main's own dialog; undefined when that was closed. */
  'compose.chooseRepo': { args: ['token'], result: 'ComposeTarget?' },
  'compose.resolve': { args: ['token', 'content'], result: 'ComposePlan' },
  /** Composes the treefile as it was saved into its repository; or waits for the end, if that goes on already. */
  'compose.run': { args: ['token'], result: 'ComposeResult' },
  'compose.cancel': { args: [], result: 'Flag' },
  'compose.releases': { args: ['token', 'branch'], result: 'ComposeRelease[]' },
  'compose.release': { args: ['token', 'checksum'], result: 'PackageComparison' },

  'app.preferences': { args: [], result: 'Preferences' },
  'app.setPreferences': { args: ['preferencesChange'], result: 'Preferences' },
  'app.environment': { args: [], result: 'AppEnvironment' },
  /** Puts plain text on the clipboard; at most 2 MB. */
  'app.copyText': { args: ['copiedText'], result: 'Nothing' },
} as const satisfies Record<string, Command>;

/** Pushed from main to the window: whole snapshots after each change, the running job in between, and what composing is at. */
export const eventTable = { 'host.snapshot': 'HostSnapshot', 'host.job': 'JobState', 'compose.job': 'JobState' } as const satisfies Record<
  string,
  ResultText
>;

export type CommandName = keyof typeof commandTable;
export type EventName = keyof typeof eventTable;

export const isCommand = (name: string): name is CommandName => Object.hasOwn(commandTable, name);
export const isEvent = (name: string): name is EventName => Object.hasOwn(eventTable, name);
export const commandNames: readonly CommandName[] = Object.keys(commandTable).filter(isCommand);
export const eventNames: readonly EventName[] = Object.keys(eventTable).filter(isEvent);

const prefix = 'treeline:';

/** The ipcMain/ipcRenderer channel of a command or an event. */
export function channelOf(name: CommandName | EventName): string {
  return prefix + name;
}
