// SPDX-License-Identifier: LGPL-2.1-or-later
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkTreefile } from '../../main/engine/compose/treefile/check.ts';
import { parseKickstart } from '../../main/engine/compose/treefile/kickstart.ts';
import { readLockfiles } from '../../main/engine/compose/treefile/lockfile.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { treefileDirectory } from './treefile-fixture.ts';

const { at } = treefileDirectory();

const yaml = `edition: 2024
ref: os/\${basearch}/\${stream}
variables: {stream: stable, n: 5}
releasever: 43
repos: [a, b]
packages:
  - kernel systemd 'bash >= 5'
packages-x86_64: &x [grub]
repo-packages:
  - {repo: a, packages: [x]}
conditional-include:
  - if: [n > 4, stream == "next"]
    include: {packages: [y], units: *x}
add-commit-metadata: {a.b: [1, two, {three: 3.5}], c: null}
check-passwd: {type: data, entries: {root: 0, bin: [1, 1]}}
remove-from-packages: [[p, "/usr/.*"]]
add-files: [[f, /etc/f]]
postprocess:
  - |
    #!/bin/sh
    echo hi
automatic-version-prefix: "\${releasever}.<date:%Y>"
`;
const json = JSON.stringify(
  {
    ref: 'a',
    repos: ['r'],
    packages: ['p q'],
    'arch-include': { x86_64: [] },
    comment: 'x',
    'check-groups': { type: 'none' },
    edition: 2014,
  },
  null,
  1,
);
const kickstart = '%include x.ks\n%packages --exclude-weakdeps\nbash\n-nano # no\n%end\npart / --size 1\n%post\necho\n%end\n';
const lock = '{"packages": {"a": {"evra": "1-1.noarch", "digest": "sha256:00", "metadata": {}}}, "metadata": {"generated": "x"}}';

/** A small generator of numbers 0..1 that gives the same ones each time. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '\n',
  '\t',
  '  ',
  '"',
  "'",
  '&x',
  '*x',
  '<<: *x',
  '${',
  '}',
  '%',
  '#',
  'null',
  '~',
  '!!set',
  '? ',
  '---\n',
  '\u0000',
  '\ud800',
  '\u{1f600}',
  '5',
  'true',
  '.inf',
  '-0',
  '|',
  '>',
  'ref',
  'packages',
  'include: .',
  '__proto__: 1',
  'constructor',
  '2026-01-01',
  '0x1F',
  ',',
];

function mutate(text: string, next: () => number): string {
  let mutated = text;
  for (let i = 0; i <= Math.floor(next() * 4); i++) {
    const from = Math.floor(next() * mutated.length);
    const to = Math.min(mutated.length, from + Math.floor(next() * 12));
    const piece = pieces[Math.floor(next() * pieces.length)] ?? '';
    const kind = Math.floor(next() * 5);
    if (kind === 0) mutated = mutated.slice(0, from) + mutated.slice(to);
    else if (kind === 1) mutated = mutated.slice(0, from) + piece + mutated.slice(from);
    else if (kind === 2) mutated = mutated.slice(0, from) + piece + mutated.slice(to);
    else if (kind === 3) mutated = mutated.slice(0, to) + mutated.slice(from);
    else {
      const lines = mutated.split('\n');
      const [a, b] = [Math.floor(next() * lines.length), Math.floor(next() * lines.length)];
      [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
      mutated = lines.join('\n');
    }
  }
  return mutated;
}

/** Runs on many mutations; what isn't a result must be a TreelineError with a text of ours. Returns how many of either there were. */
function fuzz(text: string, seed: number, rounds: number, run: (mutated: string) => void): { good: number; refused: number } {
  const next = random(seed);
  let [good, refused] = [0, 0];
  for (let i = 0; i < rounds; i++) {
    const mutated = mutate(text, next);
    try {
      run(mutated);
      good++;
    } catch (error) {
      if (!(error instanceof TreelineError)) throw new Error(`seed ${seed}, round ${i}: ${String(error)}\n${mutated}`, { cause: error });
      expect(error.code, mutated).not.toBe('internal.unexpected');
      refused++;
    }
  }
  return { good, refused };
}

test.each([1, 2, 3, 4])(
  'mutations of treefiles are read or refused with a TreelineError (seed %i)',
  (seed) => {
    const ofYaml = fuzz(yaml, seed, 150, (text) => {
      const treefile = loadTreefile(at('tree.yaml'), text);
      expect(typeof treefile.ref).toBe('string');
      for (const list of [treefile.packages, treefile.repos, treefile.units])
        expect(list.every((item) => typeof item === 'string')).toBe(true);
    });
    const ofJson = fuzz(json, seed, 160, (text) => void loadTreefile(at('tree.json'), text));
    // both kinds must occur, else nothing is tried
    expect(Math.min(ofYaml.good, ofYaml.refused, ofJson.good, ofJson.refused)).toBeGreaterThan(3);
  },
  30_000,
);

test('so are kickstarts and lockfiles', () => {
  const ks = fuzz(kickstart, 5, 300, (text) => void parseKickstart(text, 'x.ks'));
  const locks = fuzz(lock, 6, 200, (text) => {
    writeFileSync(at('lock.json'), text);
    readLockfiles([at('lock.json')]);
  });
  expect(Math.min(ks.good, ks.refused, locks.good, locks.refused)).toBeGreaterThan(10);
});

test('the editor’s check never throws', () => {
  const { refused } = fuzz(yaml, 7, 40, (text) => void checkTreefile(at('tree.yaml'), text));
  expect(refused).toBe(0);
});
