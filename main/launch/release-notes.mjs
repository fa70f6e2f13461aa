// SPDX-License-Identifier: LGPL-2.1-or-later
import semver from 'semver';
import { LaunchError } from './console.mjs';

/**
 * Why `version` can't be released: no version by Semantic Versioning, or not after all that are tagged.
 * @param {string} version
 * @param {readonly string[]} tags `v1.2.3` each
 * @returns {string | undefined} a sentence with the next step
 */
export function releaseProblem(version, tags) {
  if (semver.valid(version) !== version) return `${version} is no version: MAJOR.MINOR.PATCH, like 1.2.3 or 1.2.3-rc.1.`;
  const newest = tags
    .filter((tag) => semver.valid(tag))
    .sort(semver.compare)
    .at(-1);
  if (newest === undefined || semver.gt(version, newest)) return undefined;
  return `${newest.slice(1)} has been released already; the next version has to be newer.`;
}

/**
 * What is unreleased becomes the section of `version`, below an empty one for what comes next (Keep a Changelog 1.1.0).
 * @param {string} changelog its text @param {string} date YYYY-MM-DD
 * @returns {{ changelog: string, section: string }} the new text, and what the section says
 */
export function releasedChangelog(changelog, version, date) {
  const heading = /^## \[Unreleased\][^\S\n]*\n/m.exec(changelog);
  if (!heading) throw new LaunchError('CHANGELOG.md has no line "## [Unreleased]": put it above what is new.');
  if (changelog.includes(`\n## [${version}]`)) throw new LaunchError(`CHANGELOG.md has a section of ${version} already.`);
  const start = heading.index + heading[0].length;
  const next = changelog.slice(start).search(/^## /m);
  const end = next < 0 ? changelog.length : start + next;
  const section = changelog.slice(start, end).trim();
  if (!/^\s*- \S/m.test(section)) throw new LaunchError('CHANGELOG.md lists nothing under [Unreleased]: there is nothing to release.');
  const rest = changelog.slice(end);
  return { changelog: `${changelog.slice(0, start)}\n## [${version}] - ${date}\n\n${section}\n${rest && `\n${rest}`}`, section };
}
