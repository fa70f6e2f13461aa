// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { TreelineError, messageOf, systemCodeOf } from '../../../../shared/errors/index.ts';

/** EFI variables by which systemd-boot and the running system talk (systemd's “Boot Loader Interface”), as efivarfs shows them. */
const vendor = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
/** Non-volatile, for boot services, at run time (UEFI specification, GetVariable). */
const attributes = 7;
/** EFI_LOADER_FEATURE_ENTRY_ONESHOT */
const oneShotFeature = 1n << 2n;

const place = (root: string, name: string): string => path.join(root, 'sys/firmware/efi/efivars', `${name}-${vendor}`);

/** The value behind four bytes of attributes, undefined when there is none. */
function value(root: string, name: string): Buffer | undefined {
  try {
    return readFileSync(place(root, name)).subarray(4);
  } catch {
    return undefined;
  }
}

const texts = (bytes: Buffer): string[] => bytes.toString('utf16le').split('\0').filter(Boolean);

/** What started the machine, e.g. `systemd-boot 252.19`; '' when it doesn't say. */
export function loaderInfo(root: string): string {
  return texts(value(root, 'LoaderInfo') ?? Buffer.alloc(0))[0] ?? '';
}

/** Why systemd-boot can't be told to start an entry once, undefined if it can. */
export function oneShotProblem(root: string): string | undefined {
  const features = value(root, 'LoaderFeatures');
  if (features && features.length >= 8 && (features.readBigUInt64LE() & oneShotFeature) === 0n) return `${loaderInfo(root)} is too old`;
  return undefined;
}

/**
 * What `bootctl set-oneshot` does. Throws `not-supported` when the boot loader doesn't list the entry (it would pass over it in silence),
 * `boot.variable` when the firmware takes no variable.
 */
export function writeOneShot(root: string, entry: string): void {
  const listed = texts(value(root, 'LoaderEntries') ?? Buffer.alloc(0));
  // older versions list entries without their ending
  const id = [entry, entry.replace(/\.conf$/, '')].find((name) => listed.includes(name)) ?? (listed.length === 0 ? entry : undefined);
  if (id === undefined) {
    const detail = `it doesn’t list ${entry}; it lists ${listed.slice(0, 5).join(', ')}`;
    throw new TreelineError('not-supported', { subject: 'Starting once with systemd-boot', detail });
  }
  const file = place(root, 'LoaderEntryOneShot');
  const text = Buffer.from(`${id}\0`, 'utf16le');
  const bytes = Buffer.concat([Buffer.from([attributes, 0, 0, 0]), text]);
  try {
    removeVariable(file);
    // the kernel takes a variable in one write
    const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o644);
    try {
      writeSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new TreelineError('boot.variable', { subject: path.basename(file), detail: messageOf(error) });
  }
  if (!value(root, 'LoaderEntryOneShot')?.equals(text)) {
    throw new TreelineError('boot.variable', { subject: path.basename(file), detail: 'what is read back isn’t what was written' });
  }
}

function removeVariable(file: string): void {
  if (!existsSync(file)) return;
  try {
    unlinkSync(file);
  } catch (error) {
    if (systemCodeOf(error) !== 'EPERM' || !statSync(file).isFile()) throw error;
    // efivarfs protects variables from a stray rm -rf
    execFileSync('chattr', ['-i', file], { stdio: 'ignore' });
    unlinkSync(file);
  }
}
