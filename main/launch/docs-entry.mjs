// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes what is made from the code: `npm run docs`. With `--check`, says what would change and fails.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { documents } from '../cli/reference/documents.ts';
import { dbusDocuments } from '../../shared/dbus/reference/documents.ts';

const [root = '.', check] = process.argv.slice(2);
let stale = 0;
for (const [name, text] of Object.entries({ ...(await documents()), ...dbusDocuments(root) })) {
  const file = path.join(root, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  stale++;
  if (check !== '--check') {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  process.stdout.write(`${check === '--check' ? 'out of date' : 'written'}: ${name}\n`);
}
if (stale === 0) process.stdout.write('nothing to do\n');
else if (check === '--check') process.exitCode = 1;
