// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import type { RegistryPlaces } from './settings.ts';

/** What a connection to a host is made with, in PEM. */
export interface HostCertificates {
  readonly ca: readonly string[];
  readonly client?: { readonly cert: string; readonly key: string };
}

/** Missing, or of somebody else: the next place counts. */
const namesIn = (directory: string): readonly string[] | undefined => {
  try {
    return readdirSync(directory).sort();
  } catch {
    return undefined;
  }
};

/**
 * containers-certs.d(5): `*.crt` are CAs, taken beside those of the machine, `NAME.cert` and `NAME.key` what this machine shows of itself. `host` with its port, as in the
 * image's name. Throws file.unreadable naming the file that is missing or can't be read.
 */
export function certificatesOf({ certDirectories, trustedCertificates }: RegistryPlaces, host: string): HostCertificates {
  const bundle = trustedCertificates.find((file) => existsSync(file));
  const ca = bundle === undefined ? [...rootCertificates] : [read(bundle)];
  // a host of an address can't lead elsewhere, one of a settings file neither
  const directory = /[/\0]|^\.\.?$/.test(host)
    ? undefined
    : certDirectories.map((each) => path.join(each, host)).find((each) => namesIn(each) !== undefined);
  if (directory === undefined) return { ca };
  const names = namesIn(directory) ?? [];
  ca.push(...names.filter((name) => name.endsWith('.crt')).map((name) => read(path.join(directory, name))));
  for (const name of names.filter((each) => each.endsWith('.key')))
    if (!names.includes(name.replace(/key$/, 'cert'))) throw missing(path.join(directory, name.replace(/key$/, 'cert')), name);
  const cert = names.find((name) => name.endsWith('.cert'));
  if (cert === undefined) return { ca };
  const key = cert.replace(/cert$/, 'key');
  if (!names.includes(key)) throw missing(path.join(directory, key), cert);
  return { ca, client: { cert: read(path.join(directory, cert)), key: read(path.join(directory, key)) } };
}

const read = (file: string): string => readRegularFile(file).toString();

const missing = (file: string, other: string): TreelineError =>
  new TreelineError('file.unreadable', { subject: file, detail: `it isn’t there, and ${other} needs it` });
