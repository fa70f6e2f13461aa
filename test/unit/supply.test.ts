// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');

/** Their scripts don't run either: what we use of them comes ready to run. A name that is new here is looked at before it is added. */
const withInstallScript = ['electron-winstaller', 'esbuild', 'koffi', 'usocket'];

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly hasInstallScript?: boolean; readonly resolved?: string; readonly integrity?: string; readonly inBundle?: boolean }
    >
  >;
}

it('runs no install script of an npm package', () => {
  expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  const { packages } = JSON.parse(read('package-lock.json')) as Lock;
  const found = Object.entries(packages).filter(([, each]) => each.hasInstallScript === true);
  expect(found.map(([name]) => name.replace(/^.*node_modules\//, '')).sort()).toEqual(withInstallScript);
});

it('pins every dependency exactly, by content and without an address', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  const { packages } = JSON.parse(read('package-lock.json')) as Lock;
  for (const [name, each] of Object.entries(packages)) {
    // what is bundled in another package is covered by that one's
    if (name === '' || each.inBundle) continue;
    expect(each.integrity, name).toMatch(/^sha512-/);
    expect(each.resolved, name).toBeUndefined();
  }
});

it('says in each source under which licence it is', () => {
  // a checkout without its history has no list; what is in it is the same
  if (!existsSync(path.join(root, '.git'))) return;
  const sources = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs', '*.js', '*.c', '*.css', '*.sh', '*.py'], {
    cwd: root,
    encoding: 'utf8',
  });
  const { license } = JSON.parse(read('package.json')) as { license: string };
  const without = sources
    .split('\n')
    .filter(
      (name) =>
        name !== '' && existsSync(path.join(root, name)) && !read(name).slice(0, 200).includes(`SPDX-License-Identifier: ${license}`),
    );
  expect(without).toEqual([]);
});
