// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { DebFile } from './apt-root.ts';
import { specChangelog } from './changelog.ts';
import { inParallel, run } from './commands.ts';
import { parseControl, type Control } from './control.ts';
import { fileLines } from './file-list.ts';
import { doMaintainerWork } from './maintainer-work.ts';
import { buildRpms } from './rpmbuild.ts';
import { specOf, type Unpacked } from './spec.ts';
import { isLink, mergeUsr } from './usr-merge.ts';

interface Described extends DebFile {
  readonly control: Control;
}

/** One Debian source package in one version, with those of its binary packages that are wanted. */
interface Source {
  readonly key: string;
  readonly name: string;
  readonly packages: readonly Described[];
}

/**
 * Convert Debian packages to RPMs. A source's RPMs are kept in a folder of their own below `out` and made only once. Returns the RPM of each
 * Debian package by its path. `say` hears how far it is.
 */
export async function convertAll(debs: readonly DebFile[], out: string, say: (text: string) => void): Promise<Map<string, string>> {
  const sources = await groupBySource(debs);
  const madeOf = (source: Source): Record<string, string> => {
    const file = path.join(out, source.key, 'done');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
  };
  // another package of the same source may have come to those that are wanted
  const missing = sources.filter((source) => source.packages.some(({ name }) => !(name in madeOf(source))));
  let done = 0;
  await inParallel(2, missing, async (source) => {
    await convertSource(source, path.join(out, source.key));
    if (++done % 20 === 0 || done === missing.length) say(`${done} of ${missing.length} source packages converted`);
  });
  const rpms = new Map<string, string>();
  for (const source of sources) {
    const made = madeOf(source);
    for (const deb of source.packages) rpms.set(deb.path, path.join(out, source.key, made[deb.name] ?? ''));
  }
  return rpms;
}

async function groupBySource(debs: readonly DebFile[]): Promise<Source[]> {
  const described: Described[] = [];
  await inParallel(2, debs, async (deb) => {
    described.push({ ...deb, control: parseControl(await run('dpkg-deb', ['--field', deb.path])) });
  });
  const groups = new Map<string, Described[]>();
  for (const deb of described.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const [, name = deb.name, version = deb.control['Version'] ?? ''] =
      /^(\S+)(?: \(([^)]+)\))?/.exec(deb.control['Source'] ?? deb.name) ?? [];
    const key = `${name}_${version.replace(/[:~+]/g, '-')}`;
    groups.set(key, [...(groups.get(key) ?? []), deb]);
  }
  return [...groups].map(([key, packages]) => ({ key, name: key.slice(0, key.indexOf('_')), packages }));
}

async function convertSource(source: Source, out: string): Promise<void> {
  const work = `${out}.work`;
  for (const directory of [work, out]) rmSync(directory, { recursive: true, force: true });
  const buildroot = path.join(work, 'buildroot');
  mkdirSync(buildroot, { recursive: true });
  let changelog = '';
  const unpacked: Unpacked[] = [];
  for (const deb of source.packages) {
    const root = path.join(work, deb.name);
    const control = path.join(work, `${deb.name}.control`);
    await run('dpkg-deb', ['--extract', deb.path, root]);
    await run('dpkg-deb', ['--control', deb.path, control]);
    mergeUsr(root);
    changelog ||= changelogOf(root, deb.name);
    doMaintainerWork(deb.name, root);
    const read = (name: string): string => (existsSync(path.join(control, name)) ? readFileSync(path.join(control, name), 'utf8') : '');
    const conffiles = new Set(
      read('conffiles')
        .split('\n')
        .filter((line) => line.startsWith('/')),
    );
    if (deb.name === 'base-passwd') for (const name of ['passwd', 'group', 'shadow']) conffiles.add(`/etc/${name}`);
    unpacked.push({
      control: deb.control,
      files: fileLines(deb.name, root, conffiles),
      ldconfig: /ldconfig/.test(read('triggers')),
    });
    await run('cp', ['-al', `${root}/.`, buildroot]);
  }
  const spec = path.join(work, `${source.name}.spec`);
  writeFileSync(spec, specOf(source.name, unpacked, specChangelog(changelog)));
  const made = await buildRpms(spec, { work, out: path.join(work, 'rpms'), buildroot });
  writeFileSync(path.join(work, 'rpms/done'), JSON.stringify(made));
  renameSync(path.join(work, 'rpms'), out);
  rmSync(work, { recursive: true });
}

function changelogOf(root: string, name: string): string {
  for (const file of ['changelog.Debian.gz', 'changelog.gz'].map((f) => path.join(root, 'usr/share/doc', name, f))) {
    if (!existsSync(file) || isLink(file)) continue;
    const text = gunzipSync(readFileSync(file)).toString('utf8');
    if (/^\S+ \([^)]+\) /.test(text)) return text;
  }
  return '';
}
