// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { attributesOf } from './owners.ts';

const minor = /version 4\.(\d+)/.exec(execFileSync('rpmbuild', ['--version'], { encoding: 'utf8' }))?.[1];
/** Whether rpm takes what is between quotes as it is: 4.20 does, 4.18 doesn't. */
const quotesGlobs = minor === undefined || Number(minor) >= 20;

/** Directories that base-files has; other packages don't list them, as packages of RPM distributions don't. */
const common = new Set([
  ...['usr', 'etc', 'var', 'root', 'home', 'opt', 'srv', 'mnt', 'media', 'boot', 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64'],
  ...['usr/share', 'usr/include', 'usr/libexec', 'usr/src', 'usr/games', 'usr/local', 'usr/share/doc', 'usr/share/man', 'usr/share/info'],
  ...['usr/share/locale', 'usr/share/lintian', 'usr/share/lintian/overrides', 'usr/share/bash-completion', 'usr/lib/x86_64-linux-gnu'],
  ...['usr/share/bash-completion/completions', 'usr/lib/systemd', 'usr/lib/systemd/system', 'usr/lib/udev', 'usr/lib/udev/rules.d'],
  ...['usr/lib/tmpfiles.d', 'usr/lib/sysusers.d', 'usr/lib/modules', 'etc/default', 'etc/pam.d', 'etc/security'],
  ...['var/lib', 'var/cache', 'var/log', 'var/spool', 'var/tmp', 'var/backups', 'var/local', 'var/mail', 'var/opt'],
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((section) => `usr/share/man/man${section}`),
]);

/** Lines of a %files section for everything below `root`. `conffiles`: absolute paths. */
export function fileLines(name: string, root: string, conffiles: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  const visit = (relative: string): void => {
    for (const entry of readdirSync(path.join(root, relative)).sort()) {
      const inner = relative === '' ? entry : `${relative}/${entry}`;
      const stats = lstatSync(path.join(root, inner));
      const directory = stats.isDirectory();
      if (!directory || name === 'base-files' || !common.has(inner)) lines.push(fileLine(inner, stats, directory, conffiles));
      if (directory) visit(inner);
    }
  };
  visit('');
  return lines;
}

function fileLine(file: string, stats: { uid: number; gid: number }, directory: boolean, conffiles: ReadonlySet<string>): string {
  const own = attributesOf(file, stats.uid, stats.gid);
  const attr = own ? `%attr(${own.mode === undefined ? '-' : own.mode.toString(8)}, ${own.user}, ${own.group}) ` : '';
  const caps = own?.caps === undefined ? '' : `%caps(${own.caps}) `;
  const doc = /^usr\/share\/(doc|man|info)\//.test(file) ? '%doc ' : '';
  const kind = directory ? '%dir ' : conffiles.has(`/${file}`) ? '%config(noreplace) ' : doc;
  // where glob characters can't be quoted, one question mark matches one of them
  const named = quotesGlobs ? file.replace(/[\\"]/g, '\\$&') : file.replace(/[\\*?[\]{}]/g, '?');
  return `${attr}${caps}${kind}"/${named.replace(/%/g, '%%')}"`;
}
