// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { TreelineError } from '../../shared/errors/index.ts';
import type { SigningParams } from '../engine/jobs/index.ts';

export interface SigningFlags {
  readonly gpgSign: readonly string[];
  readonly gpgHomedir?: string;
  readonly signEd25519: readonly string[];
}

export const repeated = (value: string, list: readonly string[]): string[] => [...list, value];

export function addSigningOptions(command: Command): Command {
  return command
    .option('--gpg-sign <key>', 'sign with this GPG key (repeatable)', repeated, [])
    .option('--gpg-homedir <path>', 'where GPG finds the keys')
    .option('--sign-ed25519 <file>', 'sign with the base64 ed25519 secret key in this file (repeatable)', repeated, []);
}

export function signingParams({ gpgSign, gpgHomedir, signEd25519 }: SigningFlags): SigningParams {
  return {
    ...(gpgSign.length > 0
      ? { gpgSign: gpgSign.map((keyId) => ({ keyId, ...(gpgHomedir === undefined ? {} : { homedir: gpgHomedir }) })) }
      : {}),
    ...(signEd25519.length > 0 ? { ed25519KeyFiles: signEd25519 } : {}),
  };
}

/** A count given on the command line. Throws usage.invalid. */
export function countOf(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new TreelineError('usage.invalid', { subject: option, detail: `${option}: “${text}” isn’t a number` });
  return Number(text);
}
