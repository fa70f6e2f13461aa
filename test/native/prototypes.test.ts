// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callbacks, declarations, libraryHas, type CType, type Declaration } from '../../main/native/core/index.ts';

/**
 * Every function that main/native declares, and every one that C calls back, against its prototype in the headers installed here. gcc lists all prototypes that it reads
 * (`-aux-info`); a generated C program then says what kind and size each type in them has. A wrong number of arguments, an integer of another
 * size or an out parameter of another width would be memory damage at run time.
 */
const headers = `
  gio/gio.h gio/gunixinputstream.h gio/gunixfdlist.h glib-unix.h ostree.h rpm/rpmlib.h rpm/rpmts.h rpm/rpmdb.h
  rpm/rpmmacro.h rpm/rpmlog.h rpm/rpmfi.h rpm/rpmfiles.h rpm/rpmds.h rpm/rpmte.h rpm/rpmtd.h rpm/rpmkeyring.h rpm/rpmpgp.h
  rpm/rpmsq.h rpm/header.h rpm/rpmver.h rpm/rpmcrypto.h rpm/rpmcli.h librepo/librepo.h libdnf/libdnf.h libdnf/dnf-reldep.h
  libdnf/dnf-reldep-list.h libdnf/hy-subject.h libdnf/hy-nevra.h libdnf/dnf-advisory.h archive.h archive_entry.h sqlite3.h
  sys/capability.h seccomp.h fcntl.h sched.h stdio.h sys/file.h sys/ioctl.h sys/mman.h sys/mount.h sys/prctl.h sys/resource.h
  sys/socket.h sys/syscall.h sys/xattr.h unistd.h stdlib.h string.h
`
  .trim()
  .split(/\s+/);

/** Functions that no installed header declares, and where they are declared instead. */
const elsewhere: Readonly<Record<string, string>> = {
  rpmluaGetGlobalState: 'rpmlua.h of rpm’s sources',
  rpmluaRunScript: 'rpmlua.h of rpm’s sources',
  modulemd_module_index_new: 'modulemd.h of libmodulemd’s sources',
  modulemd_module_index_update_from_string: 'modulemd.h of libmodulemd’s sources',
  modulemd_module_index_search_rpms: 'modulemd.h of libmodulemd’s sources',
  modulemd_module_stream_get_module_name: 'modulemd.h of libmodulemd’s sources',
  modulemd_module_stream_get_stream_name: 'modulemd.h of libmodulemd’s sources',
  modulemd_subdocument_info_get_gerror: 'modulemd.h of libmodulemd’s sources',
};

/** Arguments that are pointers in C and numbers here, and why. */
const numbers: Readonly<Record<string, string>> = { 'sqlite3_bind_text: argument 4': 'SQLITE_TRANSIENT is the address -1' };

interface Shape {
  /** Of a pointer: `const char *` and `char *` are told apart, since only one of them is the caller's to free. */
  readonly kind: 'void' | 'integer' | 'real' | 'pointer' | 'text' | 'owned-text';
  readonly bytes: number;
  /** Bytes of what an integer pointer points to; 0: not an integer, or anything. */
  readonly pointee: number;
}

interface Prototype {
  readonly result: Shape;
  readonly parameters: readonly Shape[];
  readonly variadic: boolean;
}

const native = fileURLToPath(new URL('../../main/native', import.meta.url));

/** Names and texts of main/native's files. */
function sources(): [file: string, text: string][] {
  const files = readdirSync(native, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.map((file) => [file, readFileSync(path.join(native, file), 'utf8')]);
}

let directory: string;
let prototypes: ReadonlyMap<string, Prototype>;

/** C: prints number, kind, bytes and bytes pointed to of a type. The addresses of sockets are unions of pointers (class 13, gcc's typeclass.h). */
const integers = ['char', 'signed char', 'unsigned char', 'short', 'unsigned short', 'int', 'unsigned', 'long', 'unsigned long'];
const say = `#define IS(T, U) __builtin_types_compatible_p(__typeof__(T), U)
#define CLASS(T) __builtin_classify_type(*(__typeof__(T) *) 0)
#define KIND(T) (IS(T, const char *) ? "text" : IS(T, char *) ? "owned-text" : CLASS(T) == 5 || CLASS(T) == 13 ? "pointer" : CLASS(T) == 8 ? "real" : "integer")
#define POINTEE(T) (${integers.map((each) => `IS(T, ${each} *) || IS(T, const ${each} *) ? (int) sizeof(${each}) : `).join('')}0)
#define SAY(I, T) printf("%d %s %zu %d\\n", I, KIND(T), sizeof(__typeof__(T)), POINTEE(T));
`;

/** Parts between commas that are in no brackets. */
function split(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= list.length; i++) {
    if (i === list.length || (list[i] === ',' && depth === 0)) {
      parts.push(list.slice(from, i).trim());
      from = i + 1;
    } else if (list[i] === '(') depth++;
    else if (list[i] === ')') depth--;
  }
  return parts;
}

function read(): Map<string, Prototype> {
  const includes = headers.map((name) => `#include <${name}>\n`).join('');
  const flags = execFileSync('pkg-config', ['--cflags', 'ostree-1', 'gio-unix-2.0', 'rpm', 'libarchive', 'sqlite3'], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const [listed, asked] = ['listed', 'asked'].map((name) => path.join(directory, `${name}.c`)) as [string, string];
  const compile = ['-D_GNU_SOURCE', '-w', '-I', directory, ...flags];
  // a function of a callback's type is listed as any other
  const called = callbacks.map(({ type }, i) => `extern __typeof__(*(${type}) 0) ${callbackName(i)};\n`).join('');
  writeFileSync(listed, includes + called);
  execFileSync('gcc', [...compile, '-aux-info', path.join(directory, 'list'), '-fsyntax-only', listed]);
  const wanted = new Set([...declarations.map(({ name }) => name), ...callbacks.map((_each, i) => callbackName(i))]);
  const found = new Map<string, { result: string; parameters: string[]; variadic: boolean }>();
  for (const line of readFileSync(path.join(directory, 'list'), 'utf8').split('\n')) {
    const [, result, name, list] = /^\/\* .*? \*\/ (?:extern|static) (?:inline )?(.+?[ *])(\w+) \((.*)\);/.exec(line) ?? [];
    if (result === undefined || name === undefined || list === undefined || !wanted.has(name)) continue;
    const all = list === 'void' ? [] : split(list);
    found.set(name, { result: result.trim(), parameters: all.filter((part) => part !== '...'), variadic: all.includes('...') });
  }
  const types = [...new Set([...found.values()].flatMap(({ result, parameters }) => [result, ...parameters]))];
  const line = (type: string, i: number): string => (type === 'void' ? `printf("${i} void 0 0\\n");` : `SAY(${i}, ${type})`);
  writeFileSync(asked, `${includes}${say}int main(void) {\n${types.map(line).join('\n')}\nreturn 0; }\n`);
  execFileSync('gcc', [...compile, '-o', path.join(directory, 'asked'), asked]);
  const shapes = new Map(
    execFileSync(path.join(directory, 'asked'), { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((text): [string, Shape] => {
        const [i, kind, bytes, pointee] = text.split(' ');
        const shape = { kind: kind as Shape['kind'], bytes: Number(bytes), pointee: Number(pointee) };
        return [types[Number(i)] ?? '', shape];
      }),
  );
  const shapeOf = (type: string): Shape => shapes.get(type) as Shape;
  return new Map(
    [...found].map(([name, { result, parameters, variadic }]) => [
      name,
      { result: shapeOf(result), parameters: parameters.map(shapeOf), variadic },
    ]),
  );
}

/** What koffi passes for a declared type. */
function ourShape(type: CType): Shape & { readonly disposable: boolean } {
  const { primitive, size, disposable, ref } = koffi.type(type as never) as unknown as {
    primitive: string;
    size: number;
    disposable: boolean;
    ref?: { primitive: string; size: number };
  };
  const integer = /^(U?Int\d+|Bool)/.test(primitive);
  const kind =
    primitive === 'Void' ? 'void' : integer ? 'integer' : /^Float/.test(primitive) ? 'real' : primitive === 'String' ? 'text' : 'pointer';
  const pointee = ref && /^U?Int\d+/.test(ref.primitive) ? ref.size : 0;
  return { kind, bytes: size, pointee, disposable };
}

const callbackPrefix = 'treeline_callback_';
const callbackName = (index: number): string => `${callbackPrefix}${index}`;

function differences({ name, result, parameters }: Omit<Declaration, 'from' | 'optional'>): string[] {
  const theirs = prototypes.get(name);
  if (!theirs) return [`${name} is in no header`];
  const wrong: string[] = [];
  const fixed = theirs.parameters.length;
  if (theirs.variadic ? parameters.length < fixed : parameters.length !== fixed)
    wrong.push(`${name} takes ${fixed} arguments, declared with ${parameters.length}`);
  const pointer = (kind: Shape['kind']): boolean => kind === 'pointer' || kind === 'text' || kind === 'owned-text';
  const compare = (what: string, ours: Shape, c: Shape): void => {
    const same = pointer(ours.kind) ? pointer(c.kind) : ours.kind === c.kind && ours.bytes === c.bytes;
    if (!same && !(`${name}: ${what}` in numbers))
      wrong.push(`${name}: ${what} is ${c.kind} of ${c.bytes} bytes, declared as ${ours.kind} of ${ours.bytes}`);
    if (ours.pointee > 0 && c.pointee > 0 && ours.pointee !== c.pointee)
      wrong.push(`${name}: ${what} points to ${c.pointee} bytes, declared with ${ours.pointee}`);
  };
  parameters.slice(0, fixed).forEach((type, i) => compare(`argument ${i}`, ourShape(type), theirs.parameters[i] as Shape));
  const own = ourShape(result);
  // a result that nobody wants may be declared away; C wants that of what it calls
  if (own.kind !== 'void' || name.startsWith(callbackPrefix)) compare('the result', own, theirs.result);
  if (own.kind === 'text' && !own.disposable && theirs.result.kind === 'owned-text') wrong.push(`${name}: its text is never freed`);
  if (own.disposable && theirs.result.kind === 'text') wrong.push(`${name}: a text that isn’t ours is freed`);
  return wrong;
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'treeline-prototypes-'));
  for (const [file] of sources()) await import(path.join(native, file));
  prototypes = read();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('each declared function is as the headers have it', () => {
  expect(declarations.length).toBeGreaterThan(200);
  // an older library than the one that brought a function has neither it nor its prototype
  const lacking = declarations.filter(({ from, name, optional }) => optional && !prototypes.has(name) && !libraryHas(from, name));
  expect(declarations.filter((each) => !(each.name in elsewhere) && !lacking.includes(each)).flatMap(differences)).toEqual([]);
});

test('each function that C calls is as the headers have it', () => {
  expect(callbacks.map(({ type }) => type)).toContain('rpmlogCallback');
  expect(callbacks.flatMap((each, i) => differences({ ...each, name: callbackName(i) }))).toEqual([]);
});

test('a wrong declaration of what C calls is found', () => {
  const index = callbacks.findIndex(({ type }) => type === 'OstreeRepoCommitFilter');
  const wrong = (result: CType, parameters: CType[]): string[] => differences({ name: callbackName(index), result, parameters });
  expect(wrong('int', ['void *', 'str', 'void *'])[0]).toContain('takes 4 arguments, declared with 3');
  expect(wrong('int', ['void *', 'str', 'int', 'void *'])[0]).toContain('argument 2 is pointer of 8 bytes, declared as integer of 4');
  expect(wrong('void', ['void *', 'str', 'void *', 'void *'])[0]).toContain('the result is integer of 4 bytes, declared as void');
  expect(wrong('void *', ['void *', 'str', 'void *', 'void *'])[0]).toContain('the result is integer of 4 bytes');
});

test('no function that C calls is declared past this check', () => {
  expect(
    sources()
      .filter(([, text]) => /koffi\.proto\(/.test(text))
      .map(([file]) => file),
  ).toEqual(['core/bind.ts']);
});

test('a wrong declaration is found', () => {
  const wrong = (name: string, result: CType, parameters: CType[]): string[] => differences({ name, result, parameters });
  expect(wrong('ostree_repo_get_mode', 'int', ['void *', 'int'])).toEqual(['ostree_repo_get_mode takes 1 arguments, declared with 2']);
  expect(wrong('ostree_no_such_thing', 'int', [])).toEqual(['ostree_no_such_thing is in no header']);
  expect(wrong('ostree_repo_get_mode', 'int64', ['void *'])[0]).toContain('integer of 4 bytes');
});

test('what no header has is still declared', () => {
  const names = new Set(declarations.map(({ name }) => name));
  expect(Object.keys(elsewhere).filter((name) => !names.has(name) || prototypes.has(name))).toEqual([]);
});
