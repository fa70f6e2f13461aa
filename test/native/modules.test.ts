// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob } from '../../main/engine/jobs/run-worker.ts';
import type { RepoDefinition, ResolveRequest } from '../../main/engine/base/ports/resolver.ts';
import { resolve } from '../../main/native/dnf/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { writeRepository, type ListedPackage, type Packing } from '../fixtures/repository.ts';

const worker = path.join(import.meta.dirname, '../../dist/worker/worker.mjs');
let work: string;
let count = 0;
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-modules-'));
});
afterAll(() => rmSync(work, { recursive: true }));

const stream = (name: string, artifact: string, platform = 'el8'): string => `---
document: modulemd
version: 2
data:
  name: node
  stream: "${name}"
  version: 1
  context: abc
  arch: x86_64
  summary: s
  description: d
  license:
    module: [MIT]
  dependencies:
  - requires:
      platform: [${platform}]
  artifacts:
    rpms:
    - ${artifact}
...
`;
const byDefault = '---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: node\n  stream: "18"\n...\n';
const both = stream('18', 'p-0:1-1.noarch') + stream('20', 'q-0:1-1.noarch') + byDefault;
const packages: readonly ListedPackage[] = [{ name: 'p' }, { name: 'q' }, { name: 'plain' }, { name: 'needy', requires: ['q'] }];
const ofPlatform = { name: 'os-release', provides: ['system-release', 'base-module(platform:el8)'] };

const repository = (modules: string, listed = packages, packing?: Packing): string =>
  writeRepository(path.join(work, `repo-${++count}`), listed, { modules }, packing ? { packing } : {});

/** NEVRAs, or the error. */
function attempt(directory: string, wanted: string, fields: Partial<ResolveRequest> = {}, other: RepoDefinition['other'] = {}): unknown {
  const repo: RepoDefinition = {
    ...{ id: 'odd', name: 'odd', baseurl: [`file://${directory}`], enabled: true, gpgcheck: false, gpgkey: [], excludes: [] },
    ...{ other, file: 'test.repo', line: 1 },
  };
  const cachedir = path.join(work, `cache-${++count}`);
  try {
    using resolution = resolve({
      cachedir,
      repos: [repo],
      releasever: '1',
      packages: [wanted],
      excludes: [],
      recommends: false,
      ...fields,
    });
    return resolution.packages.map((each) => each.name);
  } catch (error) {
    return TreelineError.report(error);
  }
}

/** The worker, where a fault that libdnf reports of itself ends the process. */
async function compose(directory: string, keys: Readonly<Record<string, unknown>>): Promise<unknown> {
  const at = mkdtempSync(path.join(work, 'compose-'));
  writeFileSync(path.join(at, 'odd.repo'), `[odd]\nbaseurl=file://${directory}\ngpgcheck=0\n`);
  const treefile = path.join(at, 'os.json');
  writeFileSync(treefile, JSON.stringify({ ref: 'os', repos: ['odd'], ...keys }));
  const plan = runJob('compose.resolve', { treefile, cachedir: path.join(at, 'cache') }, { worker }).done;
  return plan.then(
    (done) => done.packages.map((each) => each.name),
    (error: unknown) => TreelineError.report(error),
  );
}

test('modules of a repository that names no platform: what belongs to none is composed, the rest with the treefile’s platform-module', async () => {
  const directory = repository(both);
  expect(await compose(directory, { packages: ['plain'] })).toEqual(['plain']);
  expect(await compose(directory, { packages: ['p'] })).toMatchObject({ code: 'package.hidden-by-module' });
  expect(await compose(directory, { packages: ['p'], 'platform-module': 'platform:el8' })).toEqual(['p']);
});

test('what modules hide is said so, with module, stream and repository, and isn’t called excluded', () => {
  const directory = repository(both);
  const el8 = { platformModule: 'platform:el8' };
  expect(attempt(directory, 'p')).toEqual({
    code: 'package.hidden-by-module',
    subject: 'p-1-1.noarch',
    facts: { repo: 'odd', module: 'node:18' },
  });
  expect(attempt(directory, 'p', { platformModule: 'platform:el9' })).toMatchObject({ code: 'package.hidden-by-module' });
  expect(attempt(directory, 'q', el8)).toMatchObject({ facts: { repo: 'odd', module: 'node:20' } });
  expect(attempt(directory, 'q*', el8)).toMatchObject({ facts: { repo: 'odd', module: 'node:20' } });
  expect(attempt(directory, 'needy', el8)).toMatchObject({
    code: 'package.hidden-by-module',
    subject: 'q-1-1.noarch',
    facts: { repo: 'odd', module: 'node:20', requirement: 'q', requiredBy: 'needy-1-1.noarch' },
  });
  // the stream in use replaces another build of the package
  const newer = repository(both, [...packages, { name: 'p', version: '2' }]);
  expect(attempt(newer, 'p-2-1.noarch', el8)).toMatchObject({ subject: 'p-2-1.noarch', facts: { module: 'node:18' } });
  expect(attempt(newer, 'p', el8)).toEqual(['p']);
  expect(attempt(directory, 'p', { ...el8, excludes: ['p'] })).toMatchObject({ code: 'package.excluded', subject: 'p' });
  expect(attempt(directory, 'q', { excludes: ['q'] })).toMatchObject({ code: 'package.excluded', subject: 'q' });
  // the ways out that the sentence names
  expect(attempt(directory, 'needy', {}, { module_hotfixes: '1' })).toEqual(['needy', 'q']);
  expect(attempt(repository(both, [...packages, ofPlatform]), 'p')).toEqual(['p']);
});

test.each([undefined, 'zst'] as const)('modules metadata that can’t be read is said, with the repository (packed with %s)', (packing) => {
  const good = stream('18', 'p-0:1-1.noarch');
  for (const [text, says] of [
    [good.slice(0, 150), 'Parser error'],
    [good + good.slice(0, 110), 'Summary is missing'],
    ['a: [b\n: : :', 'Parser error'],
    ['---\n- no modules\n...\n', 'mapping'],
    [stream('18', 'nonsense'), 'nonsense'],
    [`${good}\0`, 'NUL'],
  ] as const)
    expect(attempt(repository(text, packages, packing), 'plain'), says).toMatchObject({
      code: 'rpmmd.corrupt',
      subject: 'odd',
      detail: expect.stringMatching(new RegExp(`^modules\\.yaml.*${says}`)) as string,
    });
  // a key that is newer than the library is no mistake
  expect(attempt(repository(good.replace('  summary', '  later: x\n  summary'), packages, packing), 'plain')).toEqual(['plain']);
});
