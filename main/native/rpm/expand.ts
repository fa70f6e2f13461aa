// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import koffi from 'koffi';
import { scriptFlag } from '../../engine/base/ports/rpm.ts';
import { readRegularFile } from '../../files/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { initialize, withLog } from './log.ts';
import * as raw from './raw.ts';
import { openHeader } from './read.ts';

/** Take over a string that librpm allocated. */
function owned(pointer: unknown): string {
  const text = koffi.decode(pointer, 'char', -1) as string;
  raw.rpmFree(pointer as bigint);
  return text;
}

function expandMacros(text: string): string | undefined {
  const out: [unknown] = [null];
  return (raw.rpmExpandMacros(null, text, out, 0) as number) < 0 || !out[0] ? undefined : owned(out[0]);
}

/**
 * A script's text with macros expanded and query formats (of its package) filled in, in rpm's order. Macros of a package run programs (`%(...)`, `%{lua:...}`):
 * for a process of its own, in a sandbox. Throws package.unsupported.
 */
export function expandScript(file: string, body: string, flags: number): string {
  const subject = path.basename(file);
  const { value, log } = withLog(() => {
    let text: string | undefined = body;
    if (flags & scriptFlag.expand) text = expandMacros(text);
    if (text !== undefined && flags & scriptFlag.queryFormat) {
      using header = openHeader(file);
      const problem: [string | null] = [null];
      const formatted: unknown = raw.headerFormat(header.pointer, text, problem);
      if (!formatted) throw new TreelineError('package.unsupported', { subject, detail: `its script’s query format: ${problem[0] ?? ''}` });
      text = owned(formatted);
    }
    return text;
  });
  if (value === undefined)
    throw new TreelineError('package.unsupported', { subject, detail: `its script’s macros can’t be expanded: ${log}` });
  return value;
}

/** See RpmPort.databaseBackend. */
export function databaseBackend(macroFile?: string): string | undefined {
  if (macroFile !== undefined) return /^%_db_backend[ \t]+(\S+)/m.exec(readRegularFile(macroFile).toString())?.[1];
  initialize();
  const value = expandMacros('%{?_db_backend}');
  return value === undefined || value === '' ? undefined : value;
}
