// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, copyFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPackage } from '../../main/native/rpm/index.ts';
import type { RpmPackage } from '../../main/engine/base/ports/rpm.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { buildOne, demoRepositories, fixtures, sh } from './rpm-build.ts';

let scratch: string;
let demo: string;
beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'treeline-'));
  demo = await demoRepositories();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const none = (text: string): string => (text === '(none)' ? '' : text);
const format = (names: readonly string[], list: boolean): string => {
  const text = `${names.map((n) => `%{${n}}`).join('\x1f')}\x1e`;
  return list ? `[${text}]` : text;
};

/** rpm's own answers to several questions in one run: each is rows of fields; a list that isn't there has none. */
function query(file: string, ...questions: readonly (readonly [tags: readonly string[], list: boolean])[]): string[][][] {
  const out = sh('rpm', ['-qp', '--nosignature', '--qf', questions.map(([tags, list]) => `${format(tags, list)}\x1d`).join(''), file]);
  return out
    .split('\x1d')
    .slice(0, -1)
    .map((part) =>
      part
        .split('\x1e')
        .slice(0, -1)
        .map((row) => row.split('\x1f'))
        .filter((row) => row[0] !== '(none)'),
    );
}

const headTags = [
  'name',
  'epochnum',
  'version',
  'release',
  'arch',
  'summary',
  'license',
  'sourcerpm',
  'longsize',
  'buildtime',
  'payloadformat',
];
const fileTags = [
  'filenames',
  'filemodes',
  'fileusername',
  'filegroupname',
  'longfilesizes',
  'filemtimes',
  'fileflags',
  'filenlinks',
  'fileinodes',
];
const dependencies = ['requires', 'provides', 'conflicts', 'obsoletes'] as const;
const phases = ['pre', 'post', 'preun', 'postun', 'pretrans', 'posttrans'] as const;
const bodyTags = ['name', 'prein', 'postin', 'preun', 'postun', 'pretrans', 'posttrans'];

function compareWithRpm(file: string, p: RpmPackage): void {
  const [head, files, more, entries, bodies, ...dependencyRows] = query(
    file,
    [headTags, false],
    [fileTags, true],
    [['filenames', 'filelinktos', 'filedigests', 'filecaps'], true],
    [['changelogtime', 'changelogname', 'changelogtext'], true],
    [bodyTags, false],
    ...dependencies.map((kind) => {
      const tag = kind.slice(0, -1);
      return [[`${tag}name`, `${tag}flags`, `${tag}version`], true] as const;
    }),
  );
  expect([
    [
      ...[p.name, p.epoch, p.version, p.release, p.arch, p.summary, p.license, p.sourceRpm, p.installedSizeBytes, p.buildTimeSeconds],
      p.payload.format,
    ].map(String),
  ]).toEqual(head);
  // rpm prints modes as 16 bits with a sign
  const unsigned = (row: string[]): string[] => row.map((cell, i) => (i === 1 ? String(Number(cell) & 0xffff) : cell));
  expect(p.files.map((f) => [f.path, f.mode, f.user, f.group, f.sizeBytes, f.mtimeSeconds, f.flags, f.nlink, f.inode].map(String))).toEqual(
    files?.map(unsigned),
  );
  expect(p.files.map((f) => [f.path, f.linkTarget, f.digest, f.caps])).toEqual(more?.map((row) => row.map(none)));
  expect(p.changelog.map((e) => [String(e.timeSeconds), e.author, e.text])).toEqual(entries);
  expect([p.name, ...phases.map((phase) => p.scriptlets.find((s) => s.phase === phase)?.body ?? '')]).toEqual(bodies?.[0]?.map(none));
  expect(dependencies.map((kind) => p[kind].map((d) => [d.name, String(d.flags), d.version]))).toEqual(dependencyRows);
}

const binaries = readdirSync(fixtures).filter((f) => !f.endsWith('.src.rpm'));

test.each(binaries)('%s is read as rpm reads it', (name) => {
  const file = path.join(fixtures, name);
  const p = readPackage(file);
  compareWithRpm(file, p);
  expect(p.formatVersion).toBe(name.startsWith('v6__') ? 6 : 4);
  expect(readFileSync(file).subarray(p.payload.offsetBytes).length).toBeGreaterThan(0);
});

test('all packages of the demo are read as rpm reads them', () => {
  const dir = path.join(demo, 'release-3/packages');
  for (const name of readdirSync(dir)) compareWithRpm(path.join(dir, name), readPackage(path.join(dir, name)));
});

test('payload: compressor by its magic, offset where it begins, digest as rpm has it', () => {
  const magic: Record<string, string> = { gzip: '1f8b', xz: 'fd37', zstd: '28b5', none: '3037' };
  for (const name of binaries) {
    const { payload } = readPackage(path.join(fixtures, name));
    const start = readFileSync(path.join(fixtures, name)).subarray(payload.offsetBytes, payload.offsetBytes + 2);
    expect(`${name} ${start.toString('hex')}`).toBe(`${name} ${magic[payload.compressor]}`);
  }
  expect(readPackage(path.join(fixtures, 'v6__rpm-hardlinks-1.0-1.noarch.rpm')).payload.stripped).toBe(true);
  expect(readPackage(path.join(fixtures, 'v4__rpm-basic-2.3.4-5.el9.noarch.rpm')).payload.stripped).toBe(false);
});

test('hard links, capabilities, triggers and scriptlet interpreters', () => {
  const links = readPackage(path.join(demo, 'release-1/packages/meadow-icons-7-1.noarch.rpm')).files.filter((f) => f.nlink > 1);
  expect(links.map((f) => path.basename(f.path))).toEqual(['folder-open.svg', 'folder.svg']);
  expect(new Set(links.map((f) => f.linkGroup)).size).toBe(1);
  expect(readPackage(path.join(demo, 'release-1/packages/orchard-ping-1.0-2.x86_64.rpm')).files[0]?.caps).toBe('cap_net_raw=p');
  expect(readPackage(path.join(demo, 'release-1/packages/almanac-2026.1-1.noarch.rpm')).scriptlets[0]).toMatchObject({
    phase: 'post',
    interpreter: ['<lua>'],
  });
  expect(readPackage(path.join(demo, 'release-1/packages/libclover-1.2.0-4.i686.rpm')).scriptlets[0]).toMatchObject({
    interpreter: ['/sbin/ldconfig'],
    body: '',
  });
  const { triggers } = readPackage(path.join(fixtures, 'v6__rpm-scriptlets-1.0-1.noarch.rpm'));
  const said = sh('rpm', [
    '-qp',
    '--nosignature',
    '--triggers',
    '--filetriggers',
    path.join(fixtures, 'v6__rpm-scriptlets-1.0-1.noarch.rpm'),
  ]);
  expect(triggers.length).toBe((said.match(/^(trans)?(file)?trigger\w+ scriptlet/gm) ?? []).length);
  for (const t of triggers) expect(said).toContain(t.body.trim());
  expect(new Set(triggers.map((t) => t.kind))).toEqual(new Set(['package', 'file', 'transfile']));
  expect(triggers.every((t) => t.when.length === 1 && t.conditions.length > 0)).toBe(true);
});

// field report 4
test('changelogs that aren’t UTF-8 keep all that is readable (field report 4)', () => {
  for (const name of ['balicek-iso88591-1.1.1-1.x86_64.rpm', 'balicek-iso88592-1.1.1-1.x86_64.rpm']) {
    const { changelog } = readPackage(path.join(fixtures, name));
    const raw = readFileSync(path.join(fixtures, name));
    expect(changelog.length).toBe(1);
    expect(changelog[0]?.text).toContain('�');
    // what is plain ASCII in the file is plain ASCII here
    const words = changelog[0]?.text.match(/[A-Za-z]{3,}/g) ?? [];
    expect(words.length).toBeGreaterThan(0);
    for (const word of words) expect(raw.includes(word)).toBe(true);
  }
  expect(readPackage(path.join(fixtures, 'balicek-utf8-1.1.1-1.x86_64.rpm')).changelog[0]?.text).not.toContain('�');
});

test('10,000 changelog entries with markup, and writing from right to left, are text like any other (field report 4)', () => {
  const entries = Array.from({ length: 10_000 }, (_, i) => {
    const d = new Date(Date.UTC(2026, 0, 1) - i * 86_400_000).toUTCString().split(' ');
    return `* ${d[0]?.slice(0, 3)} ${d[2]} ${d[1]} ${d[3]} Ida <ida@meadow.example> - ${10_000 - i}-1\n- <b>fix</b> &amp; \u202eabc\u202c שלום ${i}\n`;
  });
  const file = buildOne(scratch, 'long', { files: `%changelog\n${entries.join('\n')}` });
  const { changelog } = readPackage(file);
  expect(changelog.length).toBe(10_000);
  expect(changelog[0]?.text).toBe('- <b>fix</b> &amp; \u202eabc\u202c שלום 0');
  expect(changelog[9999]?.text).toMatch(/9999$/);
});

const errorOf = (run: () => unknown): TreelineError => {
  try {
    run();
  } catch (error) {
    if (error instanceof TreelineError) return error;
    throw error;
  }
  throw new Error('no error');
};

// field report 3
test('a file name that isn’t UTF-8 is refused by package and name, one that is is kept (field report 3)', () => {
  const latin = buildOne(scratch, 'latin', { install: "touch $(printf '%{buildroot}/usr/share/latin/caf\\351')" });
  expect(errorOf(() => readPackage(latin)).report).toMatchObject({
    code: 'package.bad-file-name',
    subject: 'latin-1-1.noarch.rpm',
    detail: '/usr/share/latin/caf\\xe9',
  });
  const docs = readPackage(path.join(demo, 'release-1/packages/meadow-docs-1.0-1.noarch.rpm'));
  expect(docs.files.map((f) => f.path)).toContain('/usr/share/doc/meadow/Über uns.md');
});

test('source packages are refused by name', () => {
  expect(errorOf(() => readPackage(path.join(fixtures, 'empty-0-0.src.rpm'))).report).toMatchObject({
    code: 'package.unsupported',
    subject: 'empty-0-0.src.rpm',
  });
});

test('damaged files are refused by name', () => {
  const good = path.join(demo, 'release-1/packages/hayloft-2.3.0-1.x86_64.rpm');
  const { payload } = readPackage(good);
  const bad = path.join(scratch, 'bad.rpm');
  const refused = (): string => {
    const { code, subject } = errorOf(() => readPackage(bad)).report;
    return `${code} ${subject}`;
  };
  for (const length of [0, 50, 96, 200, payload.offsetBytes - 40]) {
    copyFileSync(good, bad);
    truncateSync(bad, length);
    expect(refused()).toBe('package.corrupt bad.rpm');
  }
  writeFileSync(bad, 'not a package at all, but long enough to hold what a lead would hold, and then some more of that, and more.');
  expect(refused()).toBe('package.corrupt bad.rpm');
  const bytes = readFileSync(good);
  // somewhere in the main header's data
  const at = bytes.indexOf('Keeps dry copies');
  bytes[at] = 0x4b ^ 1;
  writeFileSync(bad, bytes);
  expect(refused()).toBe('package.corrupt bad.rpm');
  rmSync(bad);
  expect(refused()).toBe('package.corrupt bad.rpm');
});

test('random damage never ends the process', () => {
  const bytes = readFileSync(path.join(fixtures, 'v4__rpm-basic-2.3.4-5.el9.noarch.rpm'));
  const bad = path.join(scratch, 'fuzz.rpm');
  let state = 5;
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    const copy = Buffer.from(bytes);
    for (let i = 0; i < 3; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      copy[96 + ((state >>> 4) % (copy.length - 96))] = state & 0xff;
    }
    writeFileSync(bad, copy);
    try {
      readPackage(bad);
    } catch (error) {
      expect(error).toBeInstanceOf(TreelineError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(100);
});
