// SPDX-License-Identifier: LGPL-2.1-or-later
export { channelOf, commandNames, eventNames, type CommandName, type EventName } from './channels.ts';
export {
  commands,
  events,
  type AppEnvironment,
  type CommandArgs,
  type CommandResult,
  type EventPayload,
  type Reply,
  type TreelineBridge,
} from './contract.ts';
export { reviewCommands, type ChosenKey, type Preferences } from './review-contract.ts';
export { composeCommands, type ComposeStart, type ComposeTarget, type OpenTreefile, type RecentTreefile } from './compose-contract.ts';
