// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { ComposeCheck } from '../../../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { loadRepos } from './repo-file.ts';
import { parseRepoFile } from '../../base/package-repos/repo-sections.ts';
import { loadTreefile } from './treefile.ts';

/** More at once help nobody. */
const mostProblems = 20;

/** What is wrong with one key leaves the rest to be looked at. */
const ofOneKey: ReadonlySet<string> = new Set([
  'treefile.unknown-key',
  'treefile.invalid-value',
  'treefile.include',
  'treefile.refused-key',
  'not-supported',
]);

/**
 * Read a treefile as compose does, with `text` as its content, and say everything that is wrong. The reader stops at the first error: what
 * that is about is blanked out, and the rest is read again.
 */
export function checkTreefile(file: string, text: string): ComposeCheck {
  const problems: ErrorReport[] = [];
  const repos = definedRepos(path.dirname(file));
  let rest = text;
  for (let round = 0; round < mostProblems; round++) {
    const { problem, found } = attempt(file, rest);
    if (!problem) return { problems: inOrder(problems, file), repos, ...found };
    const secondary = round > 0 && ['treefile.missing-key', 'treefile.syntax'].includes(problem.code);
    // a key that was blanked out is missed, of course
    if (!secondary) problems.push(problem);
    const next =
      problem.file === file && ofOneKey.has(problem.code) ? withoutEntry(rest, problem.line ?? 1, problem.column ?? Infinity) : undefined;
    if (secondary || next === undefined || next === rest) return { problems: inOrder(problems, file), repos, ...found };
    rest = next;
  }
  return { problems: inOrder(problems, file), repos, ...nothingFound(file) };
}

interface Attempt {
  readonly problem?: ErrorReport;
  readonly found: Pick<ComposeCheck, 'ref' | 'warnings' | 'usedRepos' | 'files'>;
}

function attempt(file: string, text: string): Attempt {
  let found: Attempt['found'] = nothingFound(file);
  try {
    const treefile = loadTreefile(file, text);
    found = { ref: treefile.ref, warnings: treefile.warnings, usedRepos: treefile.repos, files: treefile.files.map((each) => each.path) };
    loadRepos(treefile);
    return { found };
  } catch (error) {
    return { problem: TreelineError.report(error), found };
  }
}

const nothingFound = (file: string): Attempt['found'] => ({ warnings: [], usedRepos: [], files: [file] });

const inOrder = (problems: ErrorReport[], file: string): ErrorReport[] =>
  problems.sort((a, b) => Number(b.file === file) - Number(a.file === file) || (a.line ?? 0) - (b.line ?? 0));

/** The text with the entry of the topmost map that a place (from 1) belongs to replaced by blanks; undefined when there is none. */
function withoutEntry(text: string, line: number, column: number): string | undefined {
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  const lineStart = text
    .split('\n')
    .slice(0, line - 1)
    .reduce((offset, each) => offset + each.length + 1, 0);
  const entry = document.contents.items.filter(({ key }) => isScalar(key) && (key.range?.[0] ?? Infinity) < lineStart + column).at(-1);
  const key = isScalar(entry?.key) ? entry.key : undefined;
  const from = key?.range?.[0];
  if (from === undefined) return undefined;
  const value = isNode(entry?.value) ? entry.value : undefined;
  const end = Math.max(key?.range?.[2] ?? from, value?.range?.[2] ?? 0, text.indexOf(':', from) + 1);
  // in a JSON map its comma goes with it
  const comma = /^\s*,/.exec(text.slice(end))?.[0].length ?? 0;
  const to = document.contents.flow ? end + comma : end;
  return text.slice(0, from) + text.slice(from, to).replace(/[^\n]/g, ' ') + text.slice(to);
}

/** Ids of the repositories that a treefile in this directory could name. */
function definedRepos(directory: string): string[] {
  const ids = new Set<string>();
  try {
    for (const name of readdirSync(directory).sort()) {
      if (!name.endsWith('.repo')) continue;
      const file = path.join(directory, name);
      for (const { id } of parseRepoFile(readRegularFile(file).toString(), file)) ids.add(id);
    }
  } catch {
    // what is wrong with a .repo file is said where it is used
  }
  return [...ids];
}
