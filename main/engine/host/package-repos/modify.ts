// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile, readRegularFile } from '../../../files/index.ts';
import { didYouMean } from '../../base/names/nearest-key.ts';
import { toRepo } from '../../base/package-repos/repo-definition.ts';
import { Tree } from '../../base/tree/index.ts';
import { definedRepos, mainOptions } from './repo-sections-of.ts';

/**
 * Change settings of a repository in the file where it stands; comments, order and all else stay as they are, byte for byte. As with rpm-ostree only `enabled` may be
 * changed, to 0 or 1: an address or a key changed so would change whom the system believes. False: it says so already. Throws rpmmd.repo-not-found,
 * repo-file.refused-setting, and what is wrong with a repository that is to be enabled.
 */
export function modifyPackageRepo(root: string, id: string, settings: Readonly<Record<string, string>>): { readonly changed: boolean } {
  const enabled = wanted(id, settings);
  using tree = new Tree(root, { deployed: true });
  const { sections, problems } = definedRepos(tree);
  const found = sections.get(id);
  if (!found) {
    if (problems[0]) throw problems[0];
    throw new TreelineError('rpmmd.repo-not-found', { subject: id, facts: { hint: didYouMean(id, sections.keys()) } });
  }
  const { section, file } = found;
  if (enabled === '1') toRepo(section, file, mainOptions(tree));
  const place = tree.find('changedRepo', file.slice(1));
  if (!place) throw new TreelineError('file.changed', { subject: file });
  const onMachine = path.join(tree.root, place.path);
  // one byte is one character: what isn't UTF-8 stays, too
  const before = readRegularFile(onMachine).toString('latin1');
  const after = withOption(before, section.line, 'enabled', enabled);
  if (after === before) return { changed: false };
  atomicFile(onMachine, Buffer.from(after, 'latin1'), { keepAttributes: true });
  return { changed: true };
}

function wanted(id: string, settings: Readonly<Record<string, string>>): '0' | '1' {
  const refused = (key: string, detail: string): TreelineError =>
    new TreelineError('repo-file.refused-setting', { subject: id, key, detail });
  const other = Object.keys(settings).find((key) => key !== 'enabled');
  if (other !== undefined) throw refused(other, 'isn’t one that is changed here');
  const { enabled } = settings;
  if (enabled !== '0' && enabled !== '1') throw refused('enabled', 'is either 0 or 1');
  return enabled;
}

/** The text of a .repo file with an option of the section whose header is at `line` (from 1): in its place, else behind the section's last option. */
export function withOption(text: string, line: number, key: string, value: string): string {
  const lines = text.split('\n');
  const end = lines.findIndex((each, i) => i >= line && /^\[[^\]]+\]\s*$/.test(each));
  const own = lines.slice(line, end < 0 ? undefined : end);
  const ending = lines[line - 1]?.endsWith('\r') ? '\r' : '';
  const isKey = (each: string): boolean => each.slice(0, Math.max(0, each.indexOf('='))).trim() === key && !/^\s/.test(each);
  const kept: string[] = [];
  let written = false;
  let dropping = false;
  for (const each of own) {
    const continued = /^\s+\S/.test(each) && !/^\s*[#;]/.test(each);
    dropping = isKey(each) || (dropping && continued);
    if (!dropping) kept.push(each);
    else if (!written) {
      written = true;
      kept.push(`${key}=${value}${ending}`);
    }
  }
  if (!written) {
    const last = kept.findLastIndex((each) => each.trim() !== '' && !/^\s*[#;]/.test(each));
    kept.splice(last + 1, 0, `${key}=${value}${ending}`);
  }
  return [...lines.slice(0, line), ...kept, ...(end < 0 ? [] : lines.slice(end))].join('\n');
}
