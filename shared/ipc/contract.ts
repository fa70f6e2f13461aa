// SPDX-License-Identifier: LGPL-2.1-or-later
import { z } from 'zod';
import type { ErrorReport } from '../errors/index.ts';
import type { CommandName, EventName } from './channels.ts';
import { composeCommands } from './compose-contract.ts';
import { reviewCommands } from './review-contract.ts';
import { advisory, diskUse, historyEntry, hostSnapshot, jobState, packageChange, updateDetails } from './schemas.ts';

/** What the window needs to know about its surroundings, once. */
export interface AppEnvironment {
  /** BCP 47 tags, best first, of the languages the person reads. */
  readonly languages: readonly string[];
  /** BCP 47 tag whose conventions dates and sizes follow. */
  readonly formatLocale: string;
  readonly appVersion: string;
  readonly runtimeVersions: { readonly electron: string; readonly chrome: string; readonly node: string };
}

const environment: z.ZodType<AppEnvironment> = z.object({
  languages: z.array(z.string()),
  formatLocale: z.string(),
  appVersion: z.string(),
  runtimeVersions: z.object({ electron: z.string(), chrome: z.string(), node: z.string() }),
});

/** `OSNAME-CHECKSUM.SERIAL`, see Deployment.id. */
const deploymentId = z.string().regex(/^[^/\s]{1,200}-[0-9a-f]{64}\.\d{1,9}$/);
const nothing = z.undefined();
const reboot = z.strictObject({ reboot: z.boolean().optional() });
const upgradeOptions = z.strictObject({
  reboot: z.boolean().optional(),
  allowDowngrade: z.boolean().optional(),
  downloadOnly: z.boolean().optional(),
});

interface Command {
  readonly args: z.ZodType<readonly unknown[]>;
  readonly result: z.ZodType;
}

/** Every command with validators for its arguments and its result; names and meaning follow HostClient in main/client/api.ts. */
export const commands = {
  'host.snapshot': { args: z.tuple([]), result: hostSnapshot },
  'host.check': { args: z.tuple([]), result: nothing },
  'host.upgrade': { args: z.tuple([upgradeOptions]), result: jobState },
  'host.rollback': { args: z.tuple([reboot]), result: jobState },
  'host.setDefault': { args: z.tuple([deploymentId, reboot]), result: jobState },
  'host.pin': { args: z.tuple([deploymentId, z.boolean()]), result: jobState },
  'host.undeploy': { args: z.tuple([deploymentId]), result: jobState },
  'host.repair': { args: z.tuple([]), result: jobState },
  'host.cleanup': {
    args: z.tuple([z.array(z.enum(['base', 'pending-deploy', 'rollback-deploy', 'repomd'])).max(4)]),
    result: jobState,
  },
  'host.restart': { args: z.tuple([z.strictObject({ force: z.boolean().optional() }).optional()]), result: nothing },
  'host.cancel': { args: z.tuple([]), result: nothing },
  'host.reload': { args: z.tuple([]), result: nothing },
  'host.updateDetails': { args: z.tuple([]), result: updateDetails },
  'host.compare': {
    args: z.tuple([deploymentId, deploymentId]),
    result: z.object({ packages: z.array(packageChange), advisories: z.array(advisory) }),
  },
  'host.history': { args: z.tuple([z.number().int().min(1).max(10_000)]), result: z.array(historyEntry) },
  'host.diskUse': { args: z.tuple([]), result: diskUse },
  'app.environment': { args: z.tuple([]), result: environment },
  /** Puts plain text on the clipboard; at most 2 MB. */
  'app.copyText': { args: z.tuple([z.string().max(2_000_000)]), result: nothing },
  ...reviewCommands,
  ...composeCommands,
} as const satisfies Record<CommandName, Command>;

export const events = { 'host.snapshot': hostSnapshot, 'host.job': jobState, 'compose.job': jobState } as const satisfies Record<
  EventName,
  z.ZodType
>;

export type CommandArgs<N extends CommandName> = Readonly<z.infer<(typeof commands)[N]['args']>>;
export type CommandResult<N extends CommandName> = z.infer<(typeof commands)[N]['result']>;
export type EventPayload<N extends EventName> = z.infer<(typeof events)[N]>;

/** What crosses the border: an error travels as its report, since Electron would make a bare text of it. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorReport };

/** The frozen object the preload puts on `window.treeline`. */
export interface TreelineBridge {
  invoke<N extends CommandName>(name: N, ...args: CommandArgs<N>): Promise<Reply<CommandResult<N>>>;
  /** Returns the function that ends the subscription. */
  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void;
}
