// SPDX-License-Identifier: LGPL-2.1-or-later
export { channelOf, commandNames, commandTable, eventNames, type CommandName, type EventName } from './command-table.ts';
export {
  commands,
  events,
  type CommandArgs,
  type CommandResult,
  type EventPayload,
  type ForwardedCalls,
  type OwnHandlers,
  type Reply,
  type TreelineBridge,
} from './contract.ts';
export type { AppEnvironment, ChosenKey, ComposeStart, ComposeTarget, OpenTreefile, Preferences, RecentTreefile } from './results.ts';
