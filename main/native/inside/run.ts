// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, bindStatus, Ptr } from '../core/index.ts';

/** rpm's embedded lua (librpmio, rpmlua.h of rpm's sources: `int rpmluaRunScript(rpmlua lua, const char *script, const char *name, const char *opts, ARGV_t args)`). */
const globalState = bind('rpmio', 'rpmluaGetGlobalState', Ptr, []);
const runScript = bind('rpmio', 'rpmluaRunScript', 'int', [Ptr, 'str', 'str', 'str', 'str *']);
const readConfig = bindStatus('rpm', 'rpmReadConfigFiles', ['str', 'str']);
const flush = bindStatus('c', 'fflush', [Ptr]);

export interface LuaScript {
  readonly script: string;
  readonly name: string;
  /** What the script sees as arg[1], arg[2] ... */
  readonly args: readonly string[];
  /** Of file triggers: what rpm.next_file() gives, one after the other. */
  readonly files?: readonly string[];
}

/** librpm sets rpm.next_file() in C, from its database; here the names come as arguments. */
const nextFile = `local names, at = table.move(arg, 2, #arg, 1, {}), 0
rpm.next_file = function() at = at + 1; return names[at] end`;

/** Run a script in rpm's lua. Returns 0 or rpm's error number. For a process of its own, in a sandbox whose root is the tree. */
export function runLua(request: LuaScript): number {
  readConfig(null, null);
  const lua = globalState();
  if (request.files && (runScript(lua as never, nextFile, 'next_file', null, ['<lua>', ...request.files, null]) as number) !== 0)
    throw new TreelineError('compose.sandbox', { subject: request.name, detail: 'this system’s librpm gives lua no file names' });
  const status = runScript(lua as never, request.script, request.name, null, [...request.args, null]) as number;
  flush(null);
  return status;
}
