// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { InterpreterNeeds } from '../../engine/base/sandbox/sandbox.ts';
import { library, type LibraryName } from '../core/index.ts';
import { relocateModules } from './own-modules.ts';

/** Files that this process has mapped, by name. */
function mappedFiles(): string[] {
  return [...new Set([...readFileSync('/proc/self/maps', 'utf8').matchAll(/ (\/.+)$/gm)].map((m) => m[1] ?? ''))];
}

/** What the dynamic loader would load for a program or library (ld.so(8), --list): the name that is asked for, and the file. */
function linkedWith(loader: string, file: string): (readonly [name: string, file: string])[] {
  const text = execFileSync(loader, ['--list', file], { encoding: 'utf8', env: {} });
  return [...text.matchAll(/^\s*(\S+) => (\/\S+) \(0x/gm)].map(([, name = '', found = '']) => [name, found]);
}

/** The nearest directory of a package that is found from `file` as Node finds it. */
function packageDirectory(file: string, name: string): string | undefined {
  for (let at = path.dirname(file); ; at = path.dirname(at)) {
    const found = path.join(at, 'node_modules', name);
    if (existsSync(found)) return realpathSync(found);
    if (at === '/') return undefined;
  }
}

const configuration = '/usr/lib/rpm';
const used: readonly LibraryName[] = ['rpm', 'rpmio'];

/**
 * What a worker needs of this machine to run rpm's lua and macros where nothing else of the machine is: Node, koffi, librpm, and the libraries which they are
 * linked with, and rpm's configuration. All of it is found below `place` there, and started by its own dynamic loader, so that nothing is mixed with the tree's
 * files, and programs of the tree that it starts are not, either. `workdir` takes copies.
 */
export function interpreterNeeds(worker: string, place: string, workdir: string): InterpreterNeeds {
  for (const name of used) library(name);
  const mapped = mappedFiles();
  const loader = mapped.find((file) => /\/ld(-linux|-musl|64)[^/]*\.so[^/]*$/.test(file));
  const native = mapped.find((file) => file.endsWith('/koffi.node'));
  if (loader === undefined || native === undefined)
    throw new TreelineError('compose.sandbox', { detail: 'The dynamic loader or koffi’s library isn’t among this process’s files' });
  const node = realpathSync(process.execPath);
  const libraries = mapped.filter((file) => used.some((name) => path.basename(file).startsWith(`lib${name}.so`)));
  const needed = new Map([node, native, ...libraries].flatMap((file) => linkedWith(loader, file)));
  // librpm.so.9.3.0, as it is mapped, is asked for by the name librpm.so.9
  for (const file of libraries) needed.set(path.basename(file).replace(/(\.so\.\d+)[.\d]*$/, '$1'), file);
  const koffi = packageDirectory(worker, 'koffi');
  const scope = packageDirectory(worker, '@koromix');
  const at = (name: string): string => path.join(place, name);
  const relocated = new Map(
    [node, ...[...needed.values()].filter((file) => path.basename(file).startsWith('libnode'))].flatMap((file) => {
      const copy = relocateModules(realpathSync(file), workdir, place);
      return copy ? [[realpathSync(file), copy] as const] : [];
    }),
  );
  const source = (file: string): string => relocated.get(realpathSync(file))?.file ?? realpathSync(file);
  return {
    mounts: [
      [realpathSync(loader), at('loader')],
      [source(node), at('node')],
      [path.dirname(worker), at('worker')],
      ...(koffi === undefined ? [] : [[koffi, at('node_modules/koffi')] as const]),
      ...(scope === undefined ? [] : [[scope, at('node_modules/@koromix')] as const]),
      ...(existsSync(configuration) ? [[realpathSync(configuration), at('rpm')] as const] : []),
      ...[...needed].map(([name, file]) => [source(file), at(`lib/${name}`)] as const),
      ...[...relocated.values()].flatMap(({ modules }) => modules),
    ],
    command: [at('loader'), '--library-path', at('lib'), at('node'), at(`worker/${path.basename(worker)}`)],
    // OpenSSL's settings would be the tree's
    environment: { RPM_CONFIGDIR: at('rpm'), OPENSSL_CONF: '/dev/null', G_DEBUG: 'fatal-criticals' },
  };
}
