// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readRegularFile } from '../../files/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';

/** Larger than any Node. */
const limitBytes = 512 << 20;
const ending = Buffer.from('.js\0');

/** Paths of files in a program or library, as C has them: from the byte after a NUL to the next. */
function modulePaths(content: Buffer): { readonly at: number; readonly file: string }[] {
  const found: { at: number; file: string }[] = [];
  for (let end = content.indexOf(ending); end >= 0; end = content.indexOf(ending, end + 1)) {
    const at = content.lastIndexOf(0, end) + 1;
    const file = content.toString('latin1', at, end + ending.length - 1);
    if (/^\/[\w./+-]+$/.test(file) && existsSync(file)) found.push({ at, file });
  }
  return found;
}

export interface Relocated {
  /** The copy. */
  readonly file: string;
  /** Each module, and where the copy looks for it. */
  readonly modules: readonly (readonly [from: string, to: string])[];
}

/** What was found and done, by library and directory: reading one takes a tenth of a second, and a compose asks for each script. */
const known = new Map<string, Relocated | undefined>();

/**
 * A Node can be built to read some of its own modules from files when it starts, and ends when they aren't there (nodejs/node, configure.py:
 * --shared-builtin-undici/undici-path and others; Debian 13's is). In a sandbox such a path would be the tree's. So the program or library that names
 * them is copied to `directory`, with paths below `place`, no longer than its own, in their stead. undefined: it names none. Throws compose.sandbox.
 */
export function relocateModules(library: string, directory: string, place: string): Relocated | undefined {
  const key = JSON.stringify([library, directory, place]);
  const before = known.get(key);
  if (known.has(key) && (before === undefined || existsSync(before.file))) return before;
  const content = readRegularFile(library, { limitBytes });
  const modules = modulePaths(content).map(({ at, file }, i): readonly [string, string] => {
    const to = path.join(place, `${i}.js`);
    if (to.length > file.length)
      throw new TreelineError('compose.sandbox', {
        detail: `this system’s Node reads ${file} when it starts, and no other path fits there`,
      });
    content.fill(0, at, at + file.length);
    content.write(to, at, 'latin1');
    return [file, to];
  });
  const copy = path.join(directory, path.basename(library));
  if (modules.length > 0) writeFileSync(copy, content, { mode: 0o755 });
  const relocated = modules.length > 0 ? { file: copy, modules } : undefined;
  known.set(key, relocated);
  return relocated;
}
