// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether what docs/adding.md walks through holds: both of its patches, applied to a copy of the sources, type-check. The copy stays in .cache/adding, so that only
// what differs since the last time is checked. `npm test` runs it as one of its checks.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './setup.mjs';

const copy = path.join(root, '.cache/adding');
const patches = path.join(root, 'test/fixtures/adding');
/** Rooms that a new option or method goes through. What else there is needs no edit, and isn't asked. */
const rooms = [
  'shared',
  'main/files',
  'main/engine',
  'main/client',
  'main/local',
  'main/helper',
  'main/cli',
  'main/preload',
  'main/app',
  'renderer',
];
const besides = ['assets/locales', 'tsconfig.base.json', 'package.json'];

/** Files below a folder of the checkout, relative to it; a file itself. */
function filesOf(at) {
  if (!statSync(path.join(root, at)).isDirectory()) return [at];
  return readdirSync(path.join(root, at)).flatMap((name) => filesOf(path.join(at, name)));
}

/** Only what differs is written: the compiler goes by content, but a file that came or went has to be seen. */
function bringUpToDate(wanted) {
  for (const [file, content] of wanted) {
    const target = path.join(copy, file);
    if (existsSync(target) && readFileSync(target).equals(content)) continue;
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  for (const room of rooms) {
    if (!existsSync(path.join(copy, room))) continue;
    for (const name of readdirSync(path.join(copy, room), { recursive: true, withFileTypes: true })) {
      const file = path.relative(copy, path.join(name.parentPath, name.name));
      if (name.isFile() && !wanted.has(file)) rmSync(path.join(copy, file));
    }
  }
}

/** The sources with the patches, in a folder of their own: what a patch touches is small. */
function patched() {
  const wanted = new Map([...rooms, ...besides].flatMap((at) => filesOf(at).map((file) => [file, readFileSync(path.join(root, file))])));
  const scratch = path.join(copy, 'scratch');
  for (const patch of readdirSync(patches).filter((name) => name.endsWith('.patch'))) {
    const text = readFileSync(path.join(patches, patch), 'utf8');
    const files = [...text.matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, file]) => file);
    rmSync(scratch, { recursive: true, force: true });
    for (const file of files) {
      mkdirSync(path.join(scratch, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(scratch, file), wanted.get(file) ?? '');
    }
    // --unsafe-paths and a directory of its own: it isn't a repository's tree that is patched
    execFileSync('git', ['apply', '--unsafe-paths', `--directory=${path.relative(root, scratch)}`, path.join(patches, patch)], {
      cwd: root,
      stdio: 'inherit',
    });
    for (const file of files) wanted.set(file, readFileSync(path.join(scratch, file)));
  }
  rmSync(scratch, { recursive: true, force: true });
  return wanted;
}

mkdirSync(copy, { recursive: true });
// what the checkout's own check has found is where the copy's begins; before the sources, which must be newer for the compiler to look at them
const found = path.join(copy, '.tsbuild');
if (!existsSync(found) && existsSync(path.join(root, '.tsbuild'))) cpSync(path.join(root, '.tsbuild'), found, { recursive: true });
bringUpToDate(patched());
if (!existsSync(path.join(copy, 'node_modules'))) symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
execFileSync(path.join(root, 'node_modules/.bin/tsc'), ['-b', ...rooms], { cwd: copy, stdio: 'inherit' });
