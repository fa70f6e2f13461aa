// SPDX-License-Identifier: LGPL-2.1-or-later
import { createCipheriv, createHash } from 'node:crypto';
import { chmodSync, copyFileSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DemoChange, DemoFile, DemoPackage } from './packages-data.ts';

/** `%` begins a macro in a spec file. */
const escaped = (text: string): string => text.replace(/%/g, '%%');
const asFile = (file: string | DemoFile): DemoFile => (typeof file === 'string' ? { text: file } : file);

/** Write a package's files below `stage`, all of them with the time of its newest change. */
export function writeStage(p: DemoPackage, stage: string): void {
  const time = buildTime(p);
  mkdirSync(stage, { recursive: true });
  const entries = Object.entries(p.files);
  // hard links last: their target must be there
  for (const [name, file] of entries) if (!asFile(file).hardlink) writeOne(path.join(stage, name), name, asFile(file), time);
  for (const [name, file] of entries) {
    const { hardlink } = asFile(file);
    if (hardlink) linkSync(path.join(stage, hardlink), path.join(stage, name));
  }
}

function writeOne(target: string, name: string, file: DemoFile, time: number): void {
  mkdirSync(file.dir ? target : path.dirname(target), { recursive: true });
  if (file.link) symlinkSync(file.link, target);
  else if (file.machine) copyFileSync(file.machine, target);
  else if (file.bytes) writeFileSync(target, noise(file.seed ?? name, file.bytes));
  else if (!file.dir) writeFileSync(target, file.text ?? '');
  // the mode in the package comes from the spec; here everything must be readable
  if (!file.link) chmodSync(target, file.dir ? 0o755 : 0o644);
  lutimesSync(target, time, time);
}

/** Bytes that don't compress and are the same for one seed: the key stream of a cipher. */
function noise(seed: string, length: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Noon of the day of the newest change, Unix seconds, as rpm dates changelog entries. */
export function buildTime(p: DemoPackage): number {
  return Date.parse(`${p.changelog[0]?.date ?? '2026-01-01'}T12:00:00Z`) / 1000;
}

/** The text of a package's spec file; its files are taken from `stage`. */
export function specText(p: DemoPackage, stage: string): string {
  const tags = [
    `Name: ${p.name}`,
    ...(p.epoch === undefined ? [] : [`Epoch: ${p.epoch}`]),
    `Version: ${p.version}`,
    `Release: ${p.release}`,
    `Summary: ${escaped(p.summary)}`,
    `License: ${p.license}`,
    'Vendor: Meadow OS',
    `URL: https://meadow.example/packages/${p.name}`,
    // nothing here is a program that rpm could find requirements in
    'AutoReqProv: no',
    ...(p.arch === 'noarch' ? ['BuildArch: noarch'] : []),
    ...p.requires.map((r) => `Requires: ${r}`),
    ...p.recommends.map((r) => `Recommends: ${r}`),
    ...p.provides.map((r) => `Provides: ${r}`),
    ...p.obsoletes.map((r) => `Obsoletes: ${r}`),
  ];
  const files = Object.entries(p.files).map(([name, file]) => fileLine(name, asFile(file)));
  return [
    ...tags,
    `\n%description\n${escaped(p.description)}`,
    `\n%install\nmkdir -p "%{buildroot}"\ncp -a "${stage}/." "%{buildroot}/"`,
    ...Object.entries(p.scripts).map(([phase, body]) => scriptSection(phase, body)),
    `\n%files\n%defattr(-,root,root)\n${files.join('\n')}`,
    `\n%changelog\n${p.changelog.map(changelogText).join('\n')}`,
  ].join('\n');
}

function scriptSection(phase: string, body: string): string {
  if (phase.endsWith('Program')) return `\n%${phase.slice(0, -'Program'.length)} -p ${body}`;
  if (phase.endsWith('Lua')) return `\n%${phase.slice(0, -'Lua'.length)} -p <lua>\n${escaped(body)}`;
  return `\n%${phase}\n${escaped(body)}`;
}

function fileLine(name: string, file: DemoFile): string {
  const program = /\/s?bin\//.test(name);
  const mode = file.mode ?? (file.dir || program ? '755' : '644');
  const words = [
    ...(file.link ? [] : [`%attr(${mode},${file.user ?? 'root'},${file.group ?? 'root'})`]),
    ...(file.dir ? ['%dir'] : []),
    ...(file.config ? [file.config === 'noreplace' ? '%config(noreplace)' : '%config'] : []),
    ...(file.doc ? ['%doc'] : []),
    ...(file.caps ? [`%caps(${file.caps})`] : []),
    `"${escaped(name)}"`,
  ];
  return words.join(' ');
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function changelogText(change: DemoChange): string {
  const d = new Date(`${change.date}T12:00:00Z`);
  const date = `${days[d.getUTCDay()]} ${months[d.getUTCMonth()]} ${String(d.getUTCDate()).padStart(2, '0')} ${d.getUTCFullYear()}`;
  return `* ${date} ${change.author} - ${change.evr}\n${escaped(change.text)}\n`;
}
