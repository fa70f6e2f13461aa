// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Names of the contract between main process and window. The preload imports this file only, so that it stays small; what each
 * command takes and gives is in ./contract.ts, checked against this list by its type.
 */
export const commandNames = [
  'host.snapshot',
  'host.check',
  'host.upgrade',
  'host.rollback',
  'host.setDefault',
  'host.pin',
  'host.undeploy',
  'host.repair',
  'host.cleanup',
  'host.restart',
  'host.cancel',
  'host.reload',
  'host.updateDetails',
  'host.compare',
  'host.history',
  'host.diskUse',
  'host.bootOnce',
  'host.deploy',
  'host.pause',
  'review.summary',
  'review.etc',
  'review.etcFile',
  'review.fetch',
  'review.treeDiff',
  'review.treeFile',
  'review.preview',
  'review.export',
  'remotes.list',
  'remotes.add',
  'remotes.edit',
  'remotes.remove',
  'remotes.chooseKey',
  'remotes.importKey',
  'remotes.refs',
  'remotes.versions',
  'remotes.rebase',
  'media.list',
  'media.choose',
  'media.upgrade',
  'restart.scheduled',
  'restart.schedule',
  'restart.postpone',
  'restart.cancel',
  'restart.blockers',
  'restart.whatsNew',
  'restart.acknowledge',
  'compose.start',
  'compose.open',
  'compose.openRecent',
  'compose.forget',
  'compose.save',
  'compose.keepDraft',
  'compose.keys',
  'compose.check',
  'compose.complete',
  'compose.chooseRepo',
  'compose.resolve',
  'compose.run',
  'compose.cancel',
  'compose.releases',
  'compose.release',
  'app.preferences',
  'app.setPreferences',
  'app.environment',
  'app.copyText',
] as const;

/** Pushed from main to the window: whole snapshots after each change, the running job in between, and what composing is at. */
export const eventNames = ['host.snapshot', 'host.job', 'compose.job'] as const;

export type CommandName = (typeof commandNames)[number];
export type EventName = (typeof eventNames)[number];

const prefix = 'treeline:';

/** The ipcMain/ipcRenderer channel of a command or an event. */
export function channelOf(name: CommandName | EventName): string {
  return prefix + name;
}
