// SPDX-License-Identifier: LGPL-2.1-or-later
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** What each file imports of the others when it runs: the bundler leaves out imports of types, as it does for the program. */
async function importsOf(root: string, folders: readonly string[]): Promise<Graph> {
  const files = folders
    .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true }).map((name) => path.join(folder, String(name))))
    .filter((file) => /\.(?:ts|tsx|mjs)$/.test(file) && !/\.d\.m?ts$/.test(file));
  const { metafile } = await build({
    absWorkingDir: root,
    // one bundle with everything: as an entry of its own each file would be written with all that it imports
    stdin: {
      contents: files.map((file) => `import ${JSON.stringify(`./${file}`)};`).join('\n'),
      resolveDir: root,
      sourcefile: 'everything',
    },
    write: false,
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    external: ['*.css'],
    logLevel: 'error',
  });
  const inputs = Object.entries(metafile.inputs)
    .filter(([file]) => file !== 'everything')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(inputs.map(([file, { imports }]) => [file, new Set(imports.filter((i) => i.path in metafile.inputs).map((i) => i.path))]));
}

/** The same between folders. What lies in a folder of a folder isn't in the latter. */
function foldersOf(files: Graph): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [file, imports] of files) {
    const from = path.dirname(file);
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const target of imports) if (path.dirname(target) !== from) targets.add(path.dirname(target));
  }
  return graph;
}

/** A circle, as the way around it that comes back to its beginning; empty when there is none. */
function circleIn(graph: Graph): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (at: string): string[] => {
    if (way.includes(at)) return [...way.slice(way.indexOf(at)), at];
    if (done.has(at)) return [];
    way.push(at);
    for (const next of graph.get(at) ?? []) {
      const found = visit(next);
      if (found.length > 0) return found;
    }
    way.pop();
    done.add(at);
    return [];
  };
  for (const start of graph.keys()) {
    const found = visit(start);
    if (found.length > 0) return found;
  }
  return [];
}

describe('circles of imports', () => {
  it('there is none, neither of files nor of folders', async () => {
    const files = await importsOf(path.resolve(import.meta.dirname, '../..'), ['main', 'shared', 'renderer']);
    expect(files.size).toBeGreaterThan(700);
    expect(circleIn(files)).toEqual([]);
    expect(circleIn(foldersOf(files))).toEqual([]);
  });

  describe('planted', () => {
    let root = '';
    beforeEach(() => {
      root = mkdtempSync(path.join(tmpdir(), 'circles-'));
    });
    afterEach(() => rmSync(root, { recursive: true }));

    async function plant(sources: Readonly<Record<string, string>>): Promise<{ files: string[]; folders: string[] }> {
      for (const [file, code] of Object.entries(sources)) {
        mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
        writeFileSync(path.join(root, file), `${code}\n`);
      }
      const files = await importsOf(root, ['in']);
      return { files: circleIn(files), folders: circleIn(foldersOf(files)) };
    }

    it('is found between files, also by way of a re-export and of an import at run time', async () => {
      const { files, folders } = await plant({
        'in/a.ts': "import { b } from './b.ts';\nexport const a = () => b;",
        'in/b.ts': "export * from './c.ts';\nexport const b = 1;",
        'in/c.ts': "export const c = () => import('./a.ts');",
      });
      expect(files).toEqual(['in/a.ts', 'in/b.ts', 'in/c.ts', 'in/a.ts']);
      expect(folders).toEqual([]);
    });

    it('is found between folders whose files have none', async () => {
      const { files, folders } = await plant({
        'in/x/one.ts': "export { two } from '../y/two.ts';",
        'in/x/three.ts': 'export const three = 3;',
        'in/y/two.ts': "import { three } from '../x/three.ts';\nexport const two = three;",
      });
      expect(files).toEqual([]);
      expect(folders).toEqual(['in/x', 'in/y', 'in/x']);
    });

    it('is found between a folder and one in it', async () => {
      const { files, folders } = await plant({
        'in/top.ts': "export { deep } from './below/deep.tsx';",
        'in/beside.mjs': 'export const beside = 1;',
        'in/below/deep.tsx': "import { beside } from '../beside.mjs';\nexport const deep = beside;",
      });
      expect(files).toEqual([]);
      expect(folders).toEqual(['in/below', 'in', 'in/below']);
    });

    it('of types is none', async () => {
      const found = await plant({
        'in/x/a.ts': "import type { B } from '../y/b.ts';\nexport interface A {\n  readonly b?: B;\n}\nexport const a = 1;",
        'in/y/b.ts': "import { a, type A } from '../x/a.ts';\nexport interface B {\n  readonly a?: A;\n}\nexport const b = a;",
      });
      expect(found).toEqual({ files: [], folders: [] });
    });
  });
});
