// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, messageOf } from '../../shared/errors/index.ts';
import { readRegularFile, type ReadOptions } from './regular-file.ts';

/**
 * The value of a JSON text. Throws file.unreadable naming `subject` and the place: the engine's own words would quote what stands there, which may be the content
 * of any file that somebody named.
 */
export function parseJson(text: string, subject: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = / at position (\d+)/.exec(messageOf(error))?.[1];
    const before = text.slice(0, Number(position)).split('\n');
    const place = position === undefined ? '' : ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
    throw new TreelineError('file.unreadable', { subject, detail: `it isn’t JSON${place}` });
  }
}

/** The value of a JSON file; see readRegularFile and parseJson. */
export const readJsonFile = (file: string, options: ReadOptions = {}): unknown =>
  parseJson(readRegularFile(file, options).toString(), file);
