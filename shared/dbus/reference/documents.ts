// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { dbusPage, interfaceFiles, type Words } from './dbus-page.ts';

/** Comments above the rows of shared/dbus's tables, so that what a member means is written down once, where it is defined. */
function wordsOf(root: string, tables: RegExp): Words {
  const folder = path.join(root, 'shared/dbus');
  const words = new Map<string, string>();
  for (const name of readdirSync(folder).filter((file) => tables.test(file))) {
    const source = readFileSync(path.join(folder, name), 'utf8');
    for (const [, comment = '', member = ''] of source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*([A-Z]\w*): (?:read|guarded|args|')/g))
      words.set(member, comment.replace(/\s*\n\s*\*? ?/g, ' ').trim());
  }
  return words;
}

/** What the checkout holds that is made from the tables: text by path. */
export function dbusDocuments(root: string): Record<string, string> {
  const files = Object.entries(interfaceFiles()).map(([name, xml]): [string, string] => [`assets/dbus/${name}`, xml]);
  return { 'docs/dbus.md': dbusPage(wordsOf(root, /^treeline/), wordsOf(root, /^rpmostree1/)), ...Object.fromEntries(files) };
}
