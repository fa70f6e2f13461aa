// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { camelName, optionTable, windowNames, type WindowOptions } from '../domain/index.ts';

const plainText = /^[^\u0000-\u001f\u007f]*$/;
const word = (max: number) => z.string().min(1).max(max).regex(plainText);
const noDots = (path: string): boolean => !path.split('/').some((part) => part === '..' || part === '.');
const flag = z.boolean();
const checksum = z.string().regex(/^[0-9a-f]{64}$/);
/** The service says which names and addresses it takes, and why not; only what can't be meant is stopped here. */
const remoteUrl = word(2000);
const refspec = word(500);
const revision = word(200);
const mediumPath = word(4096);
/** Of a treefile. Larger ones aren't opened either. */
const content = z.string().max(1024 * 1024);
const kernelLine = z.string().max(8192).regex(plainText);
/** Of packages that are to be there, or not to. */
const requests = z.array(word(512)).max(200).optional();
const treePath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\/[^\0]*$/)
  .refine(noDots);

const optionValue = { b: flag, s: word(500), as: z.array(word(500)).max(100), '(ss)': z.tuple([word(500), word(500)]) } as const;

/** Those of the options of an upgrade that the window may send: the table of options says which. */
function upgradeOptions(): z.ZodType<WindowOptions> {
  const table: Readonly<Record<string, { readonly type: keyof typeof optionValue }>> = optionTable;
  const shape = windowNames.map((name) => [camelName(name), optionValue[table[name]?.type ?? 'b'].optional()] as const);
  return z.strictObject(Object.fromEntries(shape));
}

/** What the window may send, by name. Everything is refused that these don't let through. */
export const argumentSchemas = {
  flag,
  checksum,
  refspec,
  revision,
  remoteUrl,
  mediumPath,
  content,
  treePath,
  /** `OSNAME-CHECKSUM.SERIAL`, see Deployment.id. */
  deploymentId: z.string().regex(/^[^/\s]{1,200}-[0-9a-f]{64}\.\d{1,9}$/),
  reboot: z.strictObject({ reboot: flag.optional() }),
  force: z.strictObject({ force: flag.optional() }),
  upgradeOptions: upgradeOptions(),
  removedPackages: z.strictObject({ uninstallPackages: z.array(word(500)).min(1).max(100) }),
  rebaseOptions: z.strictObject({ revision: revision.optional(), reboot: flag.optional() }),
  cleanupElements: z.array(z.enum(['base', 'pending-deploy', 'rollback-deploy', 'repomd'])).max(4),
  historyLimit: z.number().int().min(1).max(10_000),
  versionsLimit: z.number().int().min(1).max(1000),
  /** Below /etc, without a leading slash. */
  etcPath: z
    .string()
    .min(1)
    .max(4096)
    .regex(/^[^/\0][^\0]*$/)
    .refine(noDots),
  treeDiffOptions: z.strictObject({ limit: z.number().int().min(1).max(200_000), prefix: treePath.optional() }),
  previewTarget: z.strictObject({
    refspec: refspec.optional(),
    revision: revision.optional(),
    medium: mediumPath.optional(),
    fetchRpmdb: flag.optional(),
  }),
  reportFormat: z.enum(['markdown', 'json']),
  /** Whole lines: what was seen, and what is to be. */
  kernelArgsChange: z.strictObject({ existing: kernelLine, final: kernelLine, deploymentId: word(300) }),
  initramfsChange: z.strictObject({ regenerate: flag, args: z.array(word(4096)).max(100) }),
  /** `target`: what was started, to take everything back, or what was interrupted. */
  liveChange: z.strictObject({ target: checksum.optional(), replace: flag.optional() }),
  packageName: word(512),
  searchWords: z.array(word(200)).min(1).max(20),
  packageChange: z.strictObject({
    installPackages: requests,
    uninstallPackages: requests,
    overrideRemovePackages: requests,
    overrideResetPackages: requests,
    /** `repo=ID,NAME` */
    overrideReplacePackages: requests,
  }),
  sameBase: z.strictObject({ noPullBase: z.literal(true) }),
  refreshOptions: z.strictObject({ force: flag.optional(), skipUnavailable: flag.optional() }),
  /** The service says what is an id, a key and a fingerprint; a key is a file's bytes in base64. */
  repoId: word(200),
  repoSettings: z.strictObject({ enabled: flag }),
  packageKey: z
    .string()
    .max(400_000)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/),
  fingerprints: z.array(word(128)).min(1).max(50),
  remoteName: word(255),
  newRemote: z.strictObject({ gpgVerify: flag }),
  remoteChange: z.strictObject({ url: remoteUrl.optional(), gpgVerify: flag.optional() }),
  keyToken: z.uuid(),
  mediumKind: z.enum(['folder', 'file']),
  /** Unix seconds. */
  restartTime: z.number().int().min(0).max(253_402_300_799),
  postponeSeconds: z
    .number()
    .int()
    .min(60)
    .max(7 * 86_400),
  token: z.string().regex(/^[0-9a-f-]{36}$/),
  saveOptions: z.strictObject({ overwrite: flag.optional() }),
  draft: content.nullable(),
  completedWord: z.string().max(200),
  branch: z.string().min(1).max(500),
  preferencesChange: z.strictObject({ notifications: flag.optional(), tray: flag.optional() }),
  copiedText: z.string().max(2_000_000),
} as const;

export type ArgumentName = keyof typeof argumentSchemas;

type Argument<Text extends string> = Text extends `${infer Name}?`
  ? Name extends ArgumentName
    ? [value?: z.infer<(typeof argumentSchemas)[Name]>]
    : never
  : Text extends ArgumentName
    ? [value: z.infer<(typeof argumentSchemas)[Text]>]
    : never;
/** Arguments by the names of their validators. */
export type Arguments<Names extends readonly string[]> = Names extends readonly [
  infer Head extends string,
  ...infer Tail extends readonly string[],
]
  ? [...Argument<Head>, ...Arguments<Tail>]
  : [];
