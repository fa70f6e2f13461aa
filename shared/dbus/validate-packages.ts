// SPDX-License-Identifier: LGPL-2.1-or-later
import { hasControl } from './validate.ts';

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

/** Names, globs, NEVRAs, provides or files: each becomes an item of a list in an origin file, and is shown in a password dialog. */
export function requestsProblem(requests: readonly string[]): string | undefined {
  const odd = requests.find((each) => each.trim() === '' || each.length > 512 || hasControl(each));
  return odd === undefined ? undefined : `${shown(odd)} is no package`;
}
