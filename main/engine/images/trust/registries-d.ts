// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import type { RegistryImage } from '../registry-port.ts';
import type { TrustPlaces } from './policy.ts';
import { registryScopes } from './scopes.ts';

/** The part of containers-registries.d(5) that says where signatures in sigstore's format are. */
const namespaceSchema = z.looseObject({ 'use-sigstore-attachments': z.boolean().nullish() });
const fileSchema = z
  .looseObject({
    'default-docker': namespaceSchema.nullish(),
    docker: z.record(z.string(), namespaceSchema.nullish()).nullish(),
  })
  .nullable();

/** Whether signatures are looked for that lie in the registry beside the image. */
export interface AttachmentSettings {
  readonly use: boolean;
  /** Where it would be said. */
  readonly directory: string;
  /** The file that says so. */
  readonly file?: string;
}

/**
 * What registries.d says about an image: `use-sigstore-attachments` of the most specific scope that has it, then of `default-docker`; nobody said so is no. Throws
 * file.unreadable naming the file.
 */
export function attachmentSettings(image: RegistryImage, { registriesDirectories }: TrustPlaces): AttachmentSettings {
  const directory = registriesDirectories.find((each) => existsSync(each)) ?? registriesDirectories.at(-1) ?? '';
  const said = new Map<string, { readonly use: boolean | undefined; readonly file: string }>();
  const names = existsSync(directory) ? readdirSync(directory).sort() : [];
  for (const file of names.filter((name) => name.endsWith('.yaml')).map((name) => path.join(directory, name)))
    for (const [scope, use] of scopesIn(file)) {
      const before = said.get(scope);
      if (before) throw unreadable(file, `${scope === '' ? 'default-docker' : `docker: “${scope}”`} stands in ${before.file}, too`);
      said.set(scope, { use, file });
    }
  for (const scope of [...registryScopes(image), '']) {
    const { use, file = '' } = said.get(scope) ?? {};
    if (use !== undefined) return { use, directory, file };
  }
  return { use: false, directory };
}

const unreadable = (subject: string, detail: string): TreelineError => new TreelineError('file.unreadable', { subject, detail });

/** Scopes of a file; '' is `default-docker`. */
function scopesIn(file: string): [scope: string, use: boolean | undefined][] {
  const document = parseDocument(readRegularFile(file, { limitBytes: 1 << 20 }).toString());
  const [error] = document.errors;
  if (error) throw unreadable(file, `it isn’t YAML (line ${error.linePos?.[0].line ?? '?'})`);
  const read = fileSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? null);
  if (!read.success) throw unreadable(file, z.prettifyError(read.error));
  const { docker, 'default-docker': usual } = read.data ?? {};
  const all = Object.entries({ ...docker, '': usual }).filter(([scope]) => scope !== '' || usual);
  return all.map(([scope, settings]) => [scope, settings?.['use-sigstore-attachments'] ?? undefined]);
}
