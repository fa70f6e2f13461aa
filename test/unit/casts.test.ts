// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** In all rooms but main/native, where koffi gives what C gave. A new one needs a reason that the compiler can't be told, and the place of one that goes. */
const mostCasts = 29;

/** Line numbers of `x as T` and `<T>x`; `as const` says nothing that isn't so. */
function castLines(file: string, text: string): number[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const lines: number[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) && !ts.isConstTypeReference(node.type))
      lines.push(source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}

/** Parsing every file takes too long, and most have none: lines that are comments or imports can't hold one. */
const mayCast = (line: string): boolean =>
  !/^\s*(\/\/|\/?\*|import\b|export\b.*\bfrom\b)/.test(line) && /\bas\s+(?!const\b)\S|\bas$|(^|[=(,:?>]|return)\s*<[A-Za-z]/.test(line);

const sources = (room: string): string[] =>
  readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => path.join(room, name));

interface Cast {
  readonly room: string;
  readonly place: string;
  readonly file: string;
  readonly line: number;
}

function allCasts(): Cast[] {
  const files = ['main', 'shared', 'renderer'].flatMap(sources).filter((file) => !file.startsWith('main/native/'));
  return files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    if (!text.split('\n').some(mayCast)) return [];
    const room = file.split('/').slice(0, file.startsWith('main/engine/') ? 3 : 2);
    return castLines(file, text).map((line) => ({ room: room.join('/'), place: `${file}:${line}`, file, line }));
  });
}

/** Unix seconds in which a line was written; what isn't committed yet is newest. 0 where there is no history to ask. */
function writtenAt({ file, line }: Cast): number {
  try {
    const told = execFileSync('git', ['blame', '--porcelain', `-L${line},${line}`, '--', file], {
      cwd: root,
      stdio: 'pipe',
      encoding: 'utf8',
    });
    return /^0{40} /.test(told) ? Infinity : Number(/^author-time (\d+)$/m.exec(told)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

test('values get their types by checks, not by `as`', () => {
  const casts = allCasts();
  const rooms = [...new Set(casts.map(({ room }) => room))];
  const told = rooms.map((room) => `${room}: ${casts.filter((cast) => cast.room === room).length}`);
  const newest = (): string[] =>
    casts
      .map((cast) => ({ place: cast.place, at: writtenAt(cast) }))
      .sort((a, b) => b.at - a.at)
      .slice(0, casts.length - mostCasts + 5)
      .map(({ place }) => place);
  // the places only when there are too many: git takes its time over each
  expect(casts.length > mostCasts ? { most: mostCasts, found: casts.length, newest: newest(), rooms: told } : undefined).toBeUndefined();
});

test('each kind of cast is found, and nothing else is', () => {
  const text = [
    "import { a as b } from './a.ts';",
    'const table = { one: 1 } as const;',
    'const one = b as string;',
    'const two = b as unknown as',
    '  number;',
    'const three = <string>b;',
    'const four = f<string>(b) satisfies string;',
    'export { table as other };',
  ].join('\n');
  expect(castLines('planted.ts', text)).toEqual([3, 4, 4, 6]);
  expect(castLines('planted.tsx', 'const a = <p>{b as string}</p>;')).toEqual([1]);
});
