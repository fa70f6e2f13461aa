// SPDX-License-Identifier: LGPL-2.1-or-later
import { z } from 'zod';
import type { RemoteKey } from '../domain/index.ts';
import {
  etcFile,
  etcPreview,
  medium,
  remote,
  remoteKey,
  remoteRef,
  remoteVersion,
  restartBlocker,
  reviewSummary,
  scheduledRestart,
  treeDiff,
  treeFile,
  whatsNew,
} from './review-schemas.ts';
import { jobState, updateDetails } from './schemas.ts';

/** A key file that was chosen in main's dialog. The bytes stay in main; `token` stands for them when they are to be trusted. */
export interface ChosenKey {
  readonly token: string;
  readonly fileName: string;
  readonly keys: readonly RemoteKey[];
}

/** What the person set about this app on this account. */
export interface Preferences {
  readonly notifications: boolean;
  readonly tray: boolean;
  /** Whether the desktop shows tray icons at all. */
  readonly trayPossible: boolean;
}

const plainText = /^[^\u0000-\u001f\u007f]*$/;
const word = (max: number) => z.string().min(1).max(max).regex(plainText);
const checksum = z.string().regex(/^[0-9a-f]{64}$/);
/** `OSNAME-CHECKSUM.SERIAL`, see Deployment.id. */
const deploymentId = z.string().regex(/^[^/\s]{1,200}-[0-9a-f]{64}\.\d{1,9}$/);
const noDots = (path: string): boolean => !path.split('/').some((part) => part === '..' || part === '.');
/** Below /etc, without a leading slash. */
const etcPath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^/\0][^\0]*$/)
  .refine(noDots);
const treePath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\/[^\0]*$/)
  .refine(noDots);
/** The service says which names and addresses it takes, and why not; only what can't be meant is stopped here. */
const remoteName = word(255);
const remoteUrl = word(2000);
const refspec = word(500);
const reboot = z.strictObject({ reboot: z.boolean().optional() });
const optionalChecksum = z.tuple([checksum.optional()]);
const target = z.strictObject({
  refspec: refspec.optional(),
  revision: word(200).optional(),
  medium: word(4096).optional(),
  fetchRpmdb: z.boolean().optional(),
});
const nothing = z.undefined();
const preferences: z.ZodType<Preferences> = z.object({ notifications: z.boolean(), tray: z.boolean(), trayPossible: z.boolean() });

/** Names and meaning follow ReviewClient, RemotesClient and RestartClient in main/client/review-api.ts. */
export const reviewCommands = {
  'review.summary': { args: optionalChecksum, result: reviewSummary },
  'review.etc': { args: optionalChecksum, result: etcPreview },
  'review.etcFile': { args: z.tuple([etcPath, checksum.optional()]), result: etcFile },
  'review.fetch': { args: optionalChecksum, result: jobState },
  'review.treeDiff': {
    args: z.tuple([checksum, checksum, z.strictObject({ limit: z.number().int().min(1).max(200_000), prefix: treePath.optional() })]),
    result: treeDiff,
  },
  'review.treeFile': { args: z.tuple([checksum, checksum, treePath]), result: treeFile },
  'review.preview': { args: z.tuple([target]), result: updateDetails },
  /** Asks where to, in main's own dialog, and writes the report there; undefined when that was closed. */
  'review.export': {
    args: z.tuple([z.enum(['markdown', 'json']), checksum.optional()]),
    result: z.object({ fileName: z.string() }).optional(),
  },

  'remotes.list': { args: z.tuple([]), result: z.array(remote) },
  'remotes.add': { args: z.tuple([remoteName, remoteUrl, z.strictObject({ gpgVerify: z.boolean() })]), result: remote },
  'remotes.edit': {
    args: z.tuple([remoteName, z.strictObject({ url: remoteUrl.optional(), gpgVerify: z.boolean().optional() })]),
    result: remote,
  },
  'remotes.remove': { args: z.tuple([remoteName, z.strictObject({ force: z.boolean().optional() })]), result: nothing },
  'remotes.chooseKey': {
    args: z.tuple([]),
    result: z.object({ token: z.string(), fileName: z.string(), keys: z.array(remoteKey) }).optional() as z.ZodType<ChosenKey | undefined>,
  },
  'remotes.importKey': { args: z.tuple([remoteName, z.uuid()]), result: z.array(remoteKey) },
  'remotes.refs': { args: z.tuple([remoteName]), result: z.array(remoteRef) },
  'remotes.versions': { args: z.tuple([refspec, z.number().int().min(1).max(1000)]), result: z.array(remoteVersion) },
  'remotes.rebase': {
    args: z.tuple([refspec, z.strictObject({ revision: word(200).optional(), reboot: z.boolean().optional() })]),
    result: jobState,
  },

  /** `fresh`: look again even though nothing was plugged in or out since the last time. */
  'media.list': { args: z.tuple([z.boolean().optional()]), result: z.array(medium) },
  /** A folder or a delta file that the person points at; undefined when the dialog was closed. */
  'media.choose': { args: z.tuple([z.enum(['folder', 'file'])]), result: z.object({ path: z.string() }).optional() },
  /** Only a path that media.list or media.choose gave. */
  'media.upgrade': { args: z.tuple([word(4096), reboot]), result: jobState },

  'restart.scheduled': { args: z.tuple([]), result: scheduledRestart.optional() },
  'restart.schedule': { args: z.tuple([z.number().int().min(0).max(253_402_300_799)]), result: scheduledRestart },
  'restart.postpone': {
    args: z.tuple([
      z
        .number()
        .int()
        .min(60)
        .max(7 * 86_400),
    ]),
    result: scheduledRestart,
  },
  'restart.cancel': { args: z.tuple([]), result: nothing },
  'restart.blockers': { args: z.tuple([]), result: z.array(restartBlocker) },
  'restart.whatsNew': { args: z.tuple([]), result: whatsNew.optional() },
  'restart.acknowledge': { args: z.tuple([]), result: nothing },

  'host.bootOnce': { args: z.tuple([deploymentId, reboot]), result: jobState },
  'host.deploy': { args: z.tuple([word(200), reboot]), result: jobState },
  'host.pause': { args: z.tuple([]), result: nothing },

  'app.preferences': { args: z.tuple([]), result: preferences },
  'app.setPreferences': {
    args: z.tuple([z.strictObject({ notifications: z.boolean().optional(), tray: z.boolean().optional() })]),
    result: preferences,
  },
} as const;
