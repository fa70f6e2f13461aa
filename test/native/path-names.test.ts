// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadRepos } from '../../main/engine/compose/treefile/repo-file.ts';
import { parseRepoFile } from '../../main/engine/base/package-repos/repo-sections.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { requireRemoteName } from '../../main/engine/base/names/remote-name.ts';
import { stateDir } from '../../main/engine/host/sysroot/state-dir.ts';
import { isRefName } from '../../main/engine/host/source/source.ts';
import { parseManifest } from '../../main/engine/images/oci.ts';
import { packageFileName } from '../../main/native/dnf/packages.ts';
import { packageRef } from '../../main/native/ostree/package-ref.ts';
import { requireStateroot } from '../../main/engine/base/names/stateroot-name.ts';
import { TreelineError } from '../../shared/errors/index.ts';

let work: string;
beforeAll(() => (work = mkdtempSync(path.join(tmpdir(), 'treeline-names-'))));
afterAll(() => rmSync(work, { recursive: true }));

/** None of them may become a part of a path. */
const bad = ['', '.', '..', '../x', 'a/../../b', '/etc', 'a/b', 'a\0b', 'a\nb', 'a\u001bb', '.hidden', '-dash', 'x'.repeat(300)];

/** Each kind of name that becomes a part of a path, and the one place that judges it. */
const kinds: Readonly<
  Record<string, { readonly judge: (name: string) => unknown; readonly good: readonly string[]; readonly takes?: readonly string[] }>
> = {
  'remote name': { judge: requireRemoteName, good: ['origin', 'fedora-iot', 'a.b'] },
  stateroot: { judge: requireStateroot, good: ['default', 'fedora', 'fedora-coreos', 'os_1.2'] },
  'stateroot of a sysroot that is there': {
    judge: (name) => stateDir('/sysroot', name, false),
    good: ['default', 'with blank'],
    takes: bad.filter((name) => !/[/\0]|^\.\.?$/.test(name)),
  },
  'id of a repository': {
    judge: (id) => {
      // what can't even be a section's header is no id either
      const text = `[${id}]\nbaseurl=http://127.0.0.1/\n`;
      writeFileSync(path.join(work, 'a.repo'), text);
      const file = path.join(work, 't.json');
      writeFileSync(file, JSON.stringify({ ref: 'r', repos: [id], packages: ['p'] }));
      expect(parseRepoFile(text, 'a.repo')).toHaveLength(1);
      return loadRepos(loadTreefile(file));
    },
    good: ['fedora', 'updates-testing', 'copr:x.y_z'],
    // no more than a name of a directory, as dnf has it
    takes: ['.hidden', '-dash'],
  },
  'ref of an origin or refspec': {
    judge: (ref) => requireTrue(isRefName(ref)),
    good: ['fedora/43/x86_64/silverblue', 'a.b/c-d', 'größe'],
    // parts of their own
    takes: ['a/b'],
  },
  'file of a package': {
    judge: (location) => packageFileName(location) ?? requireTrue(false),
    good: ['Packages/p/p-1-1.noarch.rpm', 'p.rpm', 'a b.rpm'],
    // their last part is what counts
    takes: ['../x', 'a/../../b', '/etc', 'a/b'],
  },
  'blob of an image': {
    judge: (digest) => parseManifest(Buffer.from(manifest(`sha256:${digest}`)), 'image'),
    good: ['a'.repeat(64)],
  },
};

function requireTrue(value: boolean): void {
  if (!value) throw new TreelineError('usage.invalid', { detail: 'no name' });
}

const manifest = (digest: string): string =>
  JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: 'x', digest: `sha256:${'0'.repeat(64)}`, size: 1 },
    layers: [{ mediaType: 'x', digest, size: 1 }],
  });

test('a package of any name is cached under a ref', () => {
  for (const name of bad.filter((each) => each !== '' && each.length < 100))
    expect(isRefName(packageRef({ name, epoch: 0, version: name, release: '..', arch: name })), JSON.stringify(name)).toBe(true);
});

test('a package is kept under the last part of its location, which never is the directory itself', () => {
  expect(packageFileName('a/../../p.rpm')).toBe('p.rpm');
  for (const location of ['a/..', 'a/.', '..', '/', 'a/\n', 'x/.rpm']) expect(packageFileName(location), location).toBeUndefined();
});

describe.each(Object.entries(kinds))('%s', (_, { judge, good, takes = [] }) => {
  test.each(bad.filter((name) => !takes.includes(name)).map((name) => [JSON.stringify(name).slice(0, 40), name]))(
    '%s is refused',
    (_label, name) => {
      let thrown: unknown;
      try {
        judge(name);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(TreelineError);
      expect(TreelineError.report(thrown).code).not.toBe('internal.unexpected');
    },
  );

  test.each(good)('%s is taken', (name) => {
    expect(() => judge(name)).not.toThrow();
  });
});
