// SPDX-License-Identifier: LGPL-2.1-or-later
// What `electron [-r MODULE] PATH` runs where Electron's own default app is missing (see ../electron-runtime.mjs): loads the app at PATH.
// Top-level await on purpose: Electron holds back its `ready` event until this module is evaluated, and so until the app is.
import { app } from 'electron/main';
import { existsSync, readFileSync } from 'node:fs';
import Module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const preloads = [];
let target;
const words = process.argv.slice(1);
while (words.length > 0 && target === undefined) {
  const word = words.shift();
  if (word === '-r' || word === '--require') preloads.push(words.shift());
  else if (word === '-v' || word === '--version') {
    process.stdout.write(`v${process.versions.electron}\n`);
    process.exit(0);
  } else if (!word.startsWith('-')) target = path.resolve(word);
}
if (target === undefined) {
  process.stderr.write('usage: electron [-r MODULE] PATH\n');
  process.exit(64);
}
if (preloads.length > 0) Module._preloadModules(preloads);
Object.defineProperty(process, 'defaultApp', { configurable: false, enumerable: true, value: true });

const manifest = path.join(target, 'package.json');
let main = target;
if (existsSync(manifest)) {
  const { name, productName, version, desktopName, main: entry } = JSON.parse(readFileSync(manifest, 'utf8'));
  if (version) app.setVersion(version);
  if (productName ?? name) app.name = productName ?? name;
  if (desktopName) app.setDesktopName(desktopName);
  app.setAppPath(target);
  main = path.join(target, entry ?? 'index.js');
} else {
  app.setAppPath(path.dirname(target));
}
try {
  await import(pathToFileURL(main).href);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
}
