// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchemas } from '../../main/engine/compose/build/index.ts';
import { checkTreefile } from '../../main/engine/compose/treefile/check.ts';
import { loadRepos } from '../../main/engine/compose/treefile/repo-file.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';

const directory = fileURLToPath(new URL('../../assets/examples', import.meta.url));
const at = (name: string): string => path.join(directory, name);
const filesBelow = (name: string): string[] =>
  readdirSync(at(name), { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? filesBelow(path.join(name, e.name)) : [path.join(name, e.name)],
  );
const all = filesBelow('.');
const examples = all.filter((name) => /^[^/]+\.yaml$/.test(name));
const valid = new Ajv({ strict: false }).compile(jsonSchemas()['treefile.schema.json'] ?? {});

test('there is one for each kind of system', () => {
  expect(examples.sort()).toEqual(['embedded.yaml', 'kiosk.yaml', 'pos.yaml', 'server.yaml', 'workstation.yaml']);
});

test.each(examples)('%s reads without a word, and every file that it names is there', (name) => {
  const text = readFileSync(at(name), 'utf8');
  expect(checkTreefile(at(name), text).problems).toEqual([]);
  const treefile = loadTreefile(at(name));
  expect(treefile.warnings).toEqual([]);
  expect(treefile.edition).toBe(2024);
  expect(treefile.ref).toBe(`example/${treefile.basearch}/${path.basename(name, '.yaml')}`);
  expect(loadRepos(treefile)).toMatchObject([
    { id: 'example', gpgcheck: true, baseurl: [`file:///srv/packages/stable/${treefile.basearch}`] },
  ]);
  for (const { source } of treefile.addFiles) expect(existsSync(source), source).toBe(true);
  expect(treefile.packages.filter((pkg) => treefile.excludePackages.includes(pkg))).toEqual([]);
});

test.each(all.filter((name) => name.endsWith('.yaml')))('%s fits the JSON Schema', (name) => {
  expect(valid(parse(readFileSync(at(name), 'utf8'))) || valid.errors).toBe(true);
});

test('the other sides of their conditions read, too', () => {
  const gnome = loadTreefile(
    at('workstation.yaml'),
    readFileSync(at('workstation.yaml'), 'utf8').replace('desktop: none', 'desktop: gnome'),
  );
  expect(gnome).toMatchObject({ defaultTarget: 'graphical.target', recommends: false });
  expect(gnome.packages).toContain('gnome-shell');
  const till = loadTreefile(at('pos.yaml'), readFileSync(at('pos.yaml'), 'utf8').replace('software: false', 'software: true'));
  expect(till.repoPackages).toMatchObject([{ repo: 'example-pos', packages: ['till >= 2'] }]);
  expect(loadRepos(till).map((repo) => repo.id)).toEqual(['example-pos', 'example']);
});

test('nothing lies about that no example uses', () => {
  const used = new Set(
    examples.flatMap((name) => {
      const treefile = loadTreefile(at(name));
      return [...treefile.files.map((f) => f.path), ...treefile.addFiles.map((f) => f.source)];
    }),
  );
  const rest = all.filter((name) => !used.has(at(name))).sort();
  expect(rest).toEqual(['README.md', 'desktop/gnome.yaml', 'example.repo']);
});
