// SPDX-License-Identifier: LGPL-2.1-or-later
import { hasControl } from './validate.ts';
import { uploadLimits } from './wire/limits.ts';

const shown = (text: unknown): string => JSON.stringify(String(text).slice(0, 120));

/** The id of a package repository; what dnf takes. */
export const repoIdProblem = (text: unknown): string | undefined =>
  typeof text === 'string' && /^[A-Za-z0-9_.:-]{1,200}$/.test(text) && /[A-Za-z0-9]/.test(text)
    ? undefined
    : `${shown(text)} is no id of a repository`;

/** As with rpm-ostreed only `enabled` may be changed: an address or a key would change whom the system believes. */
export function repoSettingsProblem(settings: Readonly<Record<string, string>>): string | undefined {
  const keys = Object.keys(settings);
  if (keys.length === 0) return 'no setting was named';
  const other = keys.find((key) => key !== 'enabled');
  if (other !== undefined) return `${shown(other)} isn’t a setting that is changed here: only “enabled” is`;
  const { enabled } = settings;
  return enabled === '0' || enabled === '1' ? undefined : `enabled is 0 or 1, not ${shown(enabled)}`;
}

/** Names, provides, files or words to look for. */
export function wordsProblem(words: readonly string[]): string | undefined {
  if (words.length > 256) return 'at most 256 words at once';
  const odd = words.find((word) => word === '' || hasControl(word));
  return odd === undefined ? undefined : `${shown(odd)} is nothing to look for`;
}

/** Modifiers that are lists of words which are to stand in an origin, or to be taken from it. */
export const requestLists = ['install-packages', 'uninstall-packages', 'override-remove-packages', 'override-reset-packages'] as const;

/** Names, globs, NEVRAs, provides or files: each becomes an item of a list in an origin file, and is shown in a password dialog. */
export function requestsProblem(requests: readonly string[]): string | undefined {
  const odd = requests.find((each) => each.trim() === '' || each.length > 512 || hasControl(each));
  return odd === undefined ? undefined : `${shown(odd)} is no package`;
}

/** What a sent file is called: a plain file name. */
const uploadName = '[A-Za-z0-9_+~^][A-Za-z0-9._+~^-]{0,199}';

export const uploadNameProblem = (name: string): string | undefined =>
  new RegExp(`^${uploadName}$`).test(name) ? undefined : `${shown(name)} is no name of a file`;

export const uploadProblem = (handle: string): string | undefined =>
  new RegExp(`^[0-9a-f]{32}:${uploadName}$`).test(handle) ? undefined : `${shown(handle)} is no handle of an upload`;

/** The name in a handle. */
export const uploadedName = (handle: string): string => handle.slice(handle.indexOf(':') + 1);

export function uploadsProblem(handles: readonly string[]): string | undefined {
  if (handles.length > uploadLimits.ofUser) return `at most ${uploadLimits.ofUser} files at once`;
  return handles.map(uploadProblem).find((each) => each !== undefined);
}

export const uploadSizeProblem = (sizeBytes: bigint): string | undefined =>
  sizeBytes > 0n && sizeBytes <= BigInt(uploadLimits.bytesOfUser) ? undefined : `a file of ${sizeBytes} bytes`;

export const chunkProblem = (chunk: string): string | undefined =>
  chunk.length > 0 && chunk.length <= Math.ceil(uploadLimits.chunkBytes / 3) * 4 && /^[A-Za-z0-9+/]+={0,2}$/.test(chunk)
    ? undefined
    : 'a chunk is base64 of at most 256 KiB';

/** `repo=ID,NAME,NAME`, as an origin has it. */
export function replacementsProblem(items: readonly string[]): string | undefined {
  const odd = items.find((item) => {
    const [from = '', ...names] = item.split(',');
    return (
      !from.startsWith('repo=') ||
      repoIdProblem(from.slice(5)) !== undefined ||
      names.length === 0 ||
      names.some((name) => name.trim() === '')
    );
  });
  return odd === undefined ? requestsProblem(items) : `${shown(odd)} names no repository and package: repo=ID,NAME`;
}

/** IDs or globs of repositories, and a release. */
export function repoChoiceProblem(ids: readonly string[], releasever: string): string | undefined {
  const odd = ids.find((id) => !/^[A-Za-z0-9_.:*?[\]-]{1,200}$/.test(id));
  if (odd !== undefined) return `${shown(odd)} is no id of a repository`;
  return /^[A-Za-z0-9_.+~-]{0,64}$/.test(releasever) ? undefined : `${shown(releasever)} is no release`;
}
