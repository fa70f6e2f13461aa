// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import * as z from 'zod';
import { readRegularFile, parseJson } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RegistryImage } from '../registry-port.ts';

/** The parts of containers-auth.json(5) that are used here; Docker's config.json is the same. */
const authSchema = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() })).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().optional(),
});

/** What a registry is told about who asks. Never a part of an error or of anything shown. */
export type Login =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  /** None, because a program keeps it that isn't asked. */
  | { readonly kind: 'helper'; readonly helper: string; readonly file: string };

/** `https://index.docker.io/v1/` and the like are what `docker login` writes. */
function plainKey(key: string): string {
  const plain = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const host = plain.split('/', 1)[0] ?? '';
  if (host === 'index.docker.io' || host === 'registry-1.docker.io') return 'docker.io';
  // an address isn't a namespace: only its host counts
  return plain === key ? key : host;
}

function loginOf(text: string, file: string, keys: readonly string[]): Login | undefined {
  const read = authSchema.safeParse(parseJson(text, file));
  // the schema's words would quote nothing, but its keys are hosts: the file's name is enough
  if (!read.success) throw new TreelineError('file.unreadable', { subject: file, detail: 'it isn’t what `skopeo login` writes' });
  const byKey = <T>(table: Readonly<Record<string, T>> | null | undefined): T | undefined => {
    const known = new Map(Object.entries(table ?? {}).map(([key, value]) => [plainKey(key), value]));
    return keys.map((key) => known.get(key)).find((value) => value !== undefined);
  };
  const helper = byKey(read.data.credHelpers);
  if (helper !== undefined) return { kind: 'helper', helper, file };
  const found = byKey(read.data.auths);
  if (found?.identitytoken !== undefined && found.identitytoken !== '') return { kind: 'token', token: found.identitytoken };
  if (found?.auth !== undefined && found.auth !== '') {
    const [, user, password] = /^([^:]*):([^]*)$/.exec(Buffer.from(found.auth, 'base64').toString()) ?? [];
    if (user === undefined || password === undefined)
      throw new TreelineError('file.unreadable', { subject: file, detail: 'an “auth” isn’t the base64 of USER:PASSWORD' });
    // some write a NUL behind it
    return { kind: 'password', user, password: password.replace(/\0+$/, '') };
  }
  const store = read.data.credsStore;
  return store === undefined || store === '' ? undefined : { kind: 'helper', helper: store, file };
}

/** The login for an image: that of its repository, of a namespace above, or of its host, from the first file that has one. Throws file.unreadable naming the file. */
export function findLogin(authFiles: readonly string[], { host, name }: RegistryImage): Login | undefined {
  const parts = [host, ...name.split('/')];
  const keys = parts.map((_, i) => parts.slice(0, parts.length - i).join('/'));
  let helper: Login | undefined;
  for (const file of authFiles.filter((each) => existsSync(each))) {
    const login = loginOf(readRegularFile(file).toString(), file, keys);
    if (login && login.kind !== 'helper') return login;
    helper ??= login;
  }
  return helper;
}
