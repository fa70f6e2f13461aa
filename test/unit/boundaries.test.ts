// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ESLint, type Linter } from 'eslint';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

// one for all: it keeps what it read. Without types: the compiler's service doesn't know a file that isn't there
const linter = new ESLint({ cwd: root, overrideConfig: tseslint.configs.disableTypeChecked as Linter.Config });

interface Word {
  readonly line: number;
  readonly text: string;
}

/** Words of the linter about code, as if it stood in a new file of that room. */
async function wordsOn(file: string, code: string): Promise<Word[]> {
  const [result] = await linter.lintText(`${code}\n`, { filePath: path.join(root, file) });
  expect(result?.fatalErrorCount).toBe(0);
  return (result?.messages ?? []).map(({ line, ruleId, message }) => ({ line, text: `${ruleId}: ${message}` }));
}

const lint = async (file: string, code: string): Promise<string[]> => (await wordsOn(file, code)).map(({ text }) => text);

interface Planted {
  readonly file: string;
  readonly code: string;
}

/** What is parsed once is taken for all rooms. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** Folder with the tsconfig.json of a file. */
function projectOf(file: string): string {
  const folder = path.dirname(file);
  return existsSync(path.join(root, folder, 'tsconfig.json')) ? folder : projectOf(folder);
}

/**
 * Errors of the compiler about files planted in a room, with the room's own tsconfig.json and references, in their order. Nothing is written to disk.
 */
function compile(project: string, cases: readonly Planted[]): string[][] {
  const planted = new Map(cases.map(({ file, code }, i) => [path.join(root, path.dirname(file), `planted-${i}.ts`), code]));
  const config = path.join(root, project, 'tsconfig.json');
  const own = ts.getParsedCommandLineOfConfigFile(config, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined });
  if (!own) throw new Error(`${config} can't be read`);
  const host = ts.createCompilerHost(own.options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, options, ...rest) => {
    const code = planted.get(name);
    if (code !== undefined) return ts.createSourceFile(name, code, options);
    if (!parsed.has(name)) parsed.set(name, read(name, options, ...rest));
    return parsed.get(name);
  };
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => planted.has(name) || exists(name);
  // sources of referenced rooms instead of their declaration files: they may not be built yet
  Object.assign(host, { useSourceOfProjectReferenceRedirect: () => true });
  const program = ts.createProgram({
    rootNames: [...own.fileNames, ...planted.keys()],
    options: own.options,
    ...(own.projectReferences ? { projectReferences: own.projectReferences } : {}),
    host,
  });
  expect(program.getOptionsDiagnostics()).toEqual([]);
  return [...planted.keys()].map((name) =>
    program
      .getSemanticDiagnostics(program.getSourceFile(name))
      .map((each) => `TS${each.code}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`),
  );
}

const named = (cases: readonly Planted[]): (readonly [string, string])[] => cases.map(({ file, code }) => [file, code] as const);

/** Rooms and what each may import, as ARCHITECTURE.md says it to people. */
function roomsOfDocument(): Map<string, readonly string[]> {
  const rows = [
    ...readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(
      /^\| `((?:main|shared|renderer)\/[^`]+)` +\|[^|]*\| ([^|]+?) +\|$/gm,
    ),
  ];
  // plain scripts, which no TypeScript room imports and which aren't linted for it
  const table = rows.map(([, room = '', may = '']) => [room, may] as const).filter(([room]) => room !== 'main/launch');
  const placeOf = (word: string): string => {
    const [place, ...more] = table.map(([room]) => room).filter((room) => path.basename(room.replace('/*', '')) === word);
    if (place === undefined || more.length > 0)
      throw new Error(`ARCHITECTURE.md: ${word} is the name of ${more.length + (place ? 1 : 0)} rooms`);
    return place;
  };
  return new Map(table.map(([room, may]) => [room, may === 'nothing' ? [] : may.split(', ').map(placeOf)]));
}

/** A file of a room that others can import; of `features/*` one of the given feature. */
function sampleOf(room: string, feature: string): string {
  const folder = room.replace('*', feature);
  const found = readdirSync(path.join(root, folder), { recursive: true })
    .map(String)
    .sort()
    .find((name) => /\.tsx?$/.test(name));
  if (found === undefined) throw new Error(`${folder} is empty`);
  return path.join(folder, found);
}

/** Imports from another room: the compiler must refuse them, too, where the rooms are projects of their own. */
const betweenProjects: readonly Planted[] = [
  { file: 'main/client/planted.ts', code: "import * as other from '../helper/dispatcher.ts';\nexport const planted = other;" },
  { file: 'main/engine/base/planted.ts', code: "import { bind } from '../../native/core/index.ts';\nexport const planted = bind;" },
  { file: 'main/app/planted.ts', code: "import * as other from '../helper/dispatcher.ts';\nexport const planted = other;" },
  { file: 'main/local/planted.ts', code: "import * as other from '../client/api.ts';\nexport const planted = other;" },
  { file: 'main/cli/planted.ts', code: "import { bind } from '../native/core/index.ts';\nexport const planted = bind;" },
  { file: 'main/native/planted.ts', code: "import * as other from '../client/api.ts';\nexport const planted = other;" },
  { file: 'shared/domain/planted.ts', code: "import * as other from '../../main/engine/jobs/index.ts';\nexport const planted = other;" },
  { file: 'renderer/ui/planted.ts', code: "import * as other from '../../main/client/api.ts';\nexport const planted = other;" },
];

/** Packages that a room mustn't use: the linter's business (a package's types are there for everybody). */
const packages = named([
  { file: 'main/engine/base/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/engine/base/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'main/engine/base/sandbox/planted.ts', code: "import { lstatSync } from 'node:fs';\nexport const planted = lstatSync;" },
  { file: 'main/engine/compose/treefile/planted.ts', code: "import { statSync } from 'node:fs';\nexport const planted = statSync;" },
  { file: 'main/engine/compose/build/planted.ts', code: "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;" },
  { file: 'main/engine/compose/container/planted.ts', code: "import { cpSync } from 'fs';\nexport const planted = cpSync;" },
  { file: 'main/engine/compose/disk/planted.ts', code: "import { rm } from 'node:fs/promises';\nexport const planted = rm;" },
  { file: 'main/engine/layering/planted.ts', code: "import { renameSync } from 'node:fs';\nexport const planted = renameSync;" },
  { file: 'main/engine/host/review/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'main/worker/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/helper/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/helper/planted.ts', code: "import { app } from 'electron';\nexport const planted = app;" },
  { file: 'main/helper/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'shared/dbus/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'main/app/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'main/preload/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'shared/domain/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'renderer/model/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'renderer/model/planted.ts', code: "import fs from 'fs';\nexport const planted = fs;" },
  { file: 'renderer/model/planted.ts', code: "import { ipcRenderer } from 'electron';\nexport const planted = ipcRenderer;" },
]);

/** Ways around the one layer that the command line prints through. */
const rawOutput = named([
  { file: 'main/cli/planted.ts', code: "process.stdout.write('x');\nexport {};" },
  { file: 'main/cli/commands/planted.ts', code: 'const { write } = process.stderr;\nexport const planted = write;' },
  { file: 'main/cli/planted.ts', code: "console.log('x');\nexport {};" },
]);

const permitted: readonly Planted[] = [
  {
    file: 'main/engine/base/planted.ts',
    code: "import { compareEvr } from '../../../shared/domain/index.ts';\nexport const planted = compareEvr;",
  },
  { file: 'main/worker/planted.ts', code: "import { bind } from '../native/core/index.ts';\nexport const planted = bind;" },
  { file: 'main/native/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/app/planted.ts', code: "import type * as other from '../local/index.ts';\nexport type Planted = other.ComposeClient;" },
  { file: 'main/app/planted.ts', code: "import type * as other from '../client/api.ts';\nexport type Planted = other.HostClient;" },
];

const nodeInWindow: Planted = { file: 'renderer/model/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" };

// a busy machine needs its time
describe('rooms', () => {
  const rooms = roomsOfDocument();

  it('are all that ARCHITECTURE.md lists', () => {
    expect(rooms.size).toBeGreaterThan(20);
  });

  it.each([...rooms])('%s imports nothing but %j', async (room, may) => {
    const targets = [...rooms.keys()].filter((other) => other !== room || room.endsWith('*'));
    const folder = room.replace('*', 'review');
    // of each other room a value and a type
    const lines = targets.flatMap((other) => {
      const from = path.relative(folder, sampleOf(other, 'history'));
      return [`export * from '${from}';`, `export type * from '${from}';`];
    });
    const words = await wordsOn(`${folder}/planted.ts`, lines.join('\n'));
    const refused = targets.map((_, i) =>
      [i * 2 + 1, i * 2 + 2].map((line) => words.some((word) => word.line === line && word.text.startsWith('boundaries/dependencies'))),
    );
    expect(targets.filter((_, i) => refused[i]?.includes(false)).sort()).toEqual([...may].sort());
    expect(targets.filter((_, i) => !refused[i]?.includes(true)).sort()).toEqual([...may].sort());
  });

  it.each(
    [
      [
        'main/planted.ts',
        'main/engine/planted.ts',
        'renderer/planted.ts',
        'renderer/features/planted.tsx',
        'shared/planted.ts',
        'main/other/planted.ts',
      ],
    ].flat(),
  )('the linter refuses a file beside the rooms: %s', async (file) => {
    expect(await lint(file, 'export const planted = 1;')).toEqual([expect.stringContaining('boundaries/no-unknown-files')]);
  });

  it.each(packages)('the linter refuses in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([expect.stringContaining('no-restricted-imports')]);
  });

  it.each(rawOutput)('the linter refuses output past the layer in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([expect.stringMatching(/no-restricted-syntax|no-console/)]);
  });

  it.each(named(permitted))('the linter takes in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([]);
  });

  describe('the compiler', () => {
    const answers = new Map<Planted, readonly string[]>();
    beforeAll(() => {
      const all = [...betweenProjects, ...permitted, nodeInWindow];
      for (const project of new Set(all.map(({ file }) => projectOf(file)))) {
        const cases = all.filter(({ file }) => projectOf(file) === project);
        compile(project, cases).forEach((answer, i) => answers.set(cases[i] as Planted, answer));
      }
    });

    it.each(betweenProjects)('refuses in $file: $code', (planted) => {
      expect(answers.get(planted)).toEqual(expect.arrayContaining([expect.stringContaining('TS6307')]));
    });

    it('knows no Node in the window', () => {
      expect(answers.get(nodeInWindow)).toEqual([expect.stringContaining('node:fs')]);
    });

    it.each(permitted)('takes in $file: $code', (planted) => {
      expect(answers.get(planted)).toEqual([]);
    });
  });
});
