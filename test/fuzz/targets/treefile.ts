// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkTreefile } from '../../../main/engine/compose/treefile/check.ts';

// nothing is beside it: no include and no repository
const directory = mkdtempSync(path.join(os.tmpdir(), 'treeline-fuzz-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

export const seeds = [
  "edition: 2024\nref: os/${basearch}/${stream}\nvariables: {stream: stable, n: 5}\nreleasever: 43\nrepos: [a]\npackages:\n  - kernel systemd 'bash >= 5'\npackages-x86_64: &x [grub]\nrepo-packages:\n  - {repo: a, packages: *x}\n",
  'ref: a\nrepos: [r]\npackages: [p]\nconditional-include:\n  - if: [n > 4, s == "x"]\n    include: {packages: [y]}\ncheck-passwd: {type: data, entries: {root: 0, bin: [1, 1]}}\nremove-from-packages: [[p, "/usr/.*"]]\n',
  '{"ref": "a", "repos": ["r"], "packages": ["p q"], "add-commit-metadata": {"a.b": [1, "two", {"three": 3.5}]}, "automatic-version-prefix": "43.<date:%Y>"}',
  'packages:\n',
  '# nothing\n',
].map((text) => Buffer.from(text));

/** The reader says everything that is wrong as a list: it never throws. */
export function target(data: Uint8Array): void {
  const { problems } = checkTreefile(path.join(directory, 'treefile.yaml'), Buffer.from(data).toString('utf8'));
  const odd = problems.find(({ code }) => code.startsWith('internal.'));
  if (odd) throw new Error(JSON.stringify(odd));
}
