// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync('docs/adding.md', 'utf8');
/** The files that a section's table names. */
const named = (title: string): string[] => {
  const section = page.split('\n## ').find((part) => part.startsWith(title)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, file]) => file ?? '').sort();
};
const patchOf = (name: string): string => `test/fixtures/adding/${name}.patch`;
const changed = (name: string): string[] =>
  [...readFileSync(patchOf(name), 'utf8').matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, file]) => file ?? '').sort();

test.each([
  ['An option of Upgrade', 'option', 4],
  ['A method that reads', 'method', 6],
])('“%s” is added by the files that docs/adding.md names', (title, name, most) => {
  const files = changed(name);
  expect(named(title)).toEqual(files);
  expect(files.length).toBeGreaterThan(2);
  expect(files.length).toBeLessThanOrEqual(most);
  // that the result type-checks is for `node main/launch/adding.mjs` to say
  expect(() => execFileSync('git', ['apply', '--check', patchOf(name)], { stdio: 'pipe' })).not.toThrow();
});
