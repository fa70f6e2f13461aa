// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { ESLint, type Linter } from 'eslint';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Words of the linter about one line of code, as if it stood in a new file of that room. */
async function lint(file: string, code: string): Promise<string[]> {
  // the compiler's service doesn't know a file that isn't there
  const overrideConfig = tseslint.configs.disableTypeChecked as Linter.Config;
  const [result] = await new ESLint({ cwd: root, overrideConfig }).lintText(`${code}\n`, { filePath: path.join(root, file) });
  expect(result?.fatalErrorCount).toBe(0);
  return (result?.messages ?? []).map((message) => `${message.ruleId}: ${message.message}`);
}

/** Errors of the compiler about a file planted in a room, with the room's own tsconfig.json and references. Nothing is written to disk. */
function compile(file: string, code: string): string[] {
  const planted = path.join(root, file);
  const config = path.join(
    root,
    file
      .split('/')
      .slice(0, file.startsWith('main/') ? 2 : 1)
      .join('/'),
    'tsconfig.json',
  );
  const parsed = ts.getParsedCommandLineOfConfigFile(config, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined });
  if (!parsed) throw new Error(`${config} can't be read`);
  const host = ts.createCompilerHost(parsed.options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === planted ? ts.createSourceFile(name, code, ts.ScriptTarget.ES2023) : read(name, ...rest);
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === planted || exists(name);
  // sources of referenced rooms instead of their declaration files: they may not be built yet
  Object.assign(host, { useSourceOfProjectReferenceRedirect: () => true });
  const program = ts.createProgram({
    rootNames: [...parsed.fileNames, planted],
    options: parsed.options,
    ...(parsed.projectReferences ? { projectReferences: parsed.projectReferences } : {}),
    host,
  });
  const all = [...program.getOptionsDiagnostics(), ...program.getSemanticDiagnostics(program.getSourceFile(planted))];
  return all.map((each) => `TS${each.code}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`);
}

interface Planted {
  readonly file: string;
  readonly code: string;
}

const named = (cases: readonly Planted[]): (readonly [string, string])[] => cases.map(({ file, code }) => [file, code] as const);

/** Imports from another room: both the linter and the compiler must refuse them. */
const betweenRooms = named([
  { file: 'main/client/planted.ts', code: "import * as other from '../helper/dispatcher.ts';\nexport const planted = other;" },
  { file: 'main/engine/planted.ts', code: "import { bind } from '../native/core/index.ts';\nexport const planted = bind;" },
  { file: 'main/app/planted.ts', code: "import * as other from '../helper/dispatcher.ts';\nexport const planted = other;" },
  { file: 'main/local/planted.ts', code: "import * as other from '../client/api.ts';\nexport const planted = other;" },
  { file: 'main/cli/planted.ts', code: "import { bind } from '../native/core/index.ts';\nexport const planted = bind;" },
  { file: 'main/native/planted.ts', code: "import * as other from '../client/api.ts';\nexport const planted = other;" },
  { file: 'shared/domain/planted.ts', code: "import * as other from '../../main/engine/jobs/index.ts';\nexport const planted = other;" },
  { file: 'renderer/planted.ts', code: "import * as other from '../main/client/api.ts';\nexport const planted = other;" },
]);

/** Packages that a room mustn't use: the linter's business (a package's types are there for everybody). */
const packages = named([
  { file: 'main/engine/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/engine/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'main/engine/compose/build/planted.ts', code: "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;" },
  { file: 'main/engine/compose/container/planted.ts', code: "import { cpSync } from 'fs';\nexport const planted = cpSync;" },
  { file: 'main/engine/compose/disk/planted.ts', code: "import { rm } from 'node:fs/promises';\nexport const planted = rm;" },
  { file: 'main/engine/host/review/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'main/worker/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/helper/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/helper/planted.ts', code: "import { app } from 'electron';\nexport const planted = app;" },
  { file: 'main/helper/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'shared/dbus/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'main/app/planted.ts', code: "import dbus from 'dbus-next';\nexport const planted = dbus;" },
  { file: 'main/preload/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'shared/domain/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'renderer/planted.ts', code: "import fs from 'node:fs';\nexport const planted = fs;" },
  { file: 'renderer/planted.ts', code: "import fs from 'fs';\nexport const planted = fs;" },
  { file: 'renderer/planted.ts', code: "import { ipcRenderer } from 'electron';\nexport const planted = ipcRenderer;" },
]);

/** Ways around the one layer that the command line prints through. */
const rawOutput = named([
  { file: 'main/cli/planted.ts', code: "process.stdout.write('x');\nexport {};" },
  { file: 'main/cli/commands/planted.ts', code: 'const { write } = process.stderr;\nexport const planted = write;' },
  { file: 'main/cli/planted.ts', code: "console.log('x');\nexport {};" },
]);

const permitted = named([
  {
    file: 'main/engine/planted.ts',
    code: "import { compareEvr } from '../../shared/domain/index.ts';\nexport const planted = compareEvr;",
  },
  { file: 'main/worker/planted.ts', code: "import { bind } from '../native/core/index.ts';\nexport const planted = bind;" },
  { file: 'main/native/planted.ts', code: "import koffi from 'koffi';\nexport const planted = koffi;" },
  { file: 'main/app/planted.ts', code: "import type * as other from '../local/index.ts';\nexport type Planted = other.ComposeClient;" },
  { file: 'main/app/planted.ts', code: "import type * as other from '../client/api.ts';\nexport type Planted = other.HostClient;" },
]);

// each case starts a compiler; a busy machine needs its time
describe('rooms', { timeout: 60_000 }, () => {
  it.each(betweenRooms)('the linter refuses in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([expect.stringContaining('boundaries/dependencies')]);
  });

  it('the linter refuses the engine in main/app, where the compiler sees it through main/local', async () => {
    const code = "import * as other from '../engine/jobs/index.ts';\nexport const planted = other;";
    expect(await lint('main/app/planted.ts', code)).toEqual([expect.stringContaining('boundaries/dependencies')]);
  });

  it.each(betweenRooms)('the compiler refuses in %s: %s', (file, code) => {
    expect(compile(file, code)).toEqual(expect.arrayContaining([expect.stringContaining('TS6307')]));
  });

  it.each(packages)('the linter refuses in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([expect.stringContaining('no-restricted-imports')]);
  });

  it.each(rawOutput)('the linter refuses output past the layer in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([expect.stringMatching(/no-restricted-syntax|no-console/)]);
  });

  it('the compiler knows no Node in the window', () => {
    expect(compile('renderer/planted.ts', "import fs from 'node:fs';\nexport const planted = fs;")).not.toEqual([]);
  });

  it.each(permitted)('both take in %s: %s', async (file, code) => {
    expect(await lint(file, code)).toEqual([]);
    expect(compile(file, code)).toEqual([]);
  });
});
