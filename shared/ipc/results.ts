// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { jsonSchemas, type JsonName, type JsonOf } from '../domain/schemas/index.ts';
import type { Infer } from '../domain/schemas/infer.ts';

const text = z.string();
const flag = z.boolean();

/** What the window needs to know about its surroundings, once. */
const appEnvironment = z.object({
  /** BCP 47 tags, best first, of the languages the person reads. */
  languages: z.array(text),
  /** BCP 47 tag whose conventions dates and sizes follow. */
  formatLocale: text,
  appVersion: text,
  runtimeVersions: z.object({ electron: text, chrome: text, node: text }),
});
export interface AppEnvironment extends Infer<typeof appEnvironment> {}

/** A key file that was chosen in main's dialog. The bytes stay in main; `token` stands for them when they are to be trusted. */
const chosenKey = z.object({ token: text, fileName: text, keys: z.array(jsonSchemas.RemoteKey) });
export interface ChosenKey extends Infer<typeof chosenKey> {}

/** What the person set about this app on this account. */
const preferences = z.object({
  notifications: flag,
  tray: flag,
  /** Whether the desktop shows tray icons at all. */
  trayPossible: flag,
});
export interface Preferences extends Infer<typeof preferences> {}

/** A treefile that was opened before. `token` stands for it; the window never names a path. */
const recentTreefile = z.object({
  token: text,
  fileName: text,
  /** For people to read. */
  folder: text,
});
export interface RecentTreefile extends Infer<typeof recentTreefile> {}

/** The repository that a treefile is composed into. */
const composeTarget = z.object({
  /** For people to read. */
  path: text,
  /** `new`: an empty folder, made a repository with the first compose. */
  state: z.enum(['repo', 'new', 'missing']),
});
export interface ComposeTarget extends Infer<typeof composeTarget> {}

/** A treefile that was opened in main's dialog, or again from the list of recent ones. */
const openTreefile = recentTreefile.extend({
  /** As errors name it. */
  path: text,
  text,
  /** Changes that were typed and never saved, from another time. */
  draft: text.optional(),
  target: composeTarget.optional(),
});
export interface OpenTreefile extends Infer<typeof openTreefile> {}

const composeStart = z.object({
  ability: jsonSchemas.ComposeAbility,
  /** Newest first. */
  recent: z.array(recentTreefile),
  /** A compose that goes on, begun by a window that was closed since; `compose.run` with its token waits for it. */
  composing: z.object({ token: text, job: jsonSchemas.JobState }).optional(),
});
export interface ComposeStart extends Infer<typeof composeStart> {}

const appSchemas = {
  AppEnvironment: appEnvironment,
  ChosenKey: chosenKey,
  ChosenPath: z.object({ path: text }),
  ComposeStart: composeStart,
  ComposeTarget: composeTarget,
  ExportedFile: z.object({ fileName: text }),
  Flag: flag,
  OpenTreefile: openTreefile,
  Preferences: preferences,
  RecentTreefile: recentTreefile,
} as const;

/** What main answers: documents of the domain, and what only the app has. */
export const resultSchemas = { ...jsonSchemas, ...appSchemas } as const;

type AppName = keyof typeof appSchemas;
type ResultName = JsonName | AppName;
export type ResultText = ResultName | `${ResultName}[]` | `${ResultName}?`;

type AppOf<Text extends string> = Text extends `${infer Item}[]`
  ? readonly AppOf<Item>[]
  : Text extends `${infer Item}?`
    ? AppOf<Item> | undefined
    : Text extends AppName
      ? Infer<(typeof appSchemas)[Text]>
      : never;
export type ResultOf<Text extends string> = JsonOf<Text> | AppOf<Text>;
