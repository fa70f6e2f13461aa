// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLockfiles } from '../../main/engine/compose/treefile/lockfile.ts';
import { loadRepos } from '../../main/engine/compose/treefile/repo-file.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { commitMetadata } from '../../main/engine/compose/build/metadata.ts';
import { parseManifest } from '../../main/engine/images/oci.ts';
import { readJsonFile, readRegularFile } from '../../main/files/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

let work: string;
const at = (name: string): string => path.join(work, name);
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const failure = (run: () => unknown): ErrorReport => {
  try {
    run();
  } catch (error) {
    return TreelineError.report(error);
  }
  throw new Error('it succeeded');
};

const secret = 'root:$y$j9T$c2VjcmV0$hash:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n';

beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-named-'));
  execFileSync('mkfifo', [at('pipe')]);
  write('shadow', secret);
});
afterAll(() => rmSync(work, { recursive: true }));

test('only a regular file within the limit is read; nothing waits, nothing goes on for ever', () => {
  write('text', 'hello');
  symlinkSync('text', at('link'));
  expect(readRegularFile(at('link')).toString()).toBe('hello');
  expect(readRegularFile('/proc/self/status').toString()).toContain('Pid:');
  expect(readRegularFile(at('text'), { limitBytes: 5 }).toString()).toBe('hello');
  for (const [name, says] of [
    [at('pipe'), 'it is a pipe, not a regular file'],
    ['/dev/zero', 'it is a device, not a regular file'],
    [work, 'it is a directory, not a regular file'],
    [at('nowhere'), 'ENOENT'],
  ] as const)
    expect(failure(() => readRegularFile(name))).toMatchObject({
      code: 'file.unreadable',
      subject: name,
      detail: expect.stringContaining(says) as string,
    });
  expect(failure(() => readRegularFile(at('text'), { limitBytes: 4 }))).toMatchObject({ detail: 'it is larger than 4 bytes' });
  expect(failure(() => readRegularFile('/proc/self/status', { limitBytes: 10 }))).toMatchObject({ detail: 'it is larger than 10 bytes' });
});

test.each([
  ['a shadow file', secret],
  ['its first line', secret.split('\n')[0] ?? ''],
  ['settings', 'PASSWORD="$y$j9T$c2VjcmV0$hash"\nX=1\n'],
  ['a bad tag', 'a: !$y$j9T$c2VjcmV0$hash x\n'],
  ['a bad alias', 'a: *$y$j9T$c2VjcmV0$hash\n'],
  ['a bad scalar', 'a: [x]\n$y$j9T$c2VjcmV0$hash\n'],
  ['a key', '-----BEGIN PRIVATE KEY-----\n$y$j9T$c2VjcmV0$hash==\n-----END PRIVATE KEY-----\n'],
  ['strange keys', '"$y$j9T$c2VjcmV0$hash:x": 1\n'],
])('an include that isn’t a treefile is refused without a word of it: %s', (_, text) => {
  write('included', text);
  const report = failure(() => loadTreefile(write('tree.yaml', 'ref: x\npackages: [a]\nrepos: [r]\ninclude: included\n')));
  expect(report.code).toMatch(/^treefile\.(syntax|unknown-key)$/);
  expect(report.file).toBe(at('included'));
  expect(JSON.stringify(report)).not.toMatch(/j9T|c2Vj|hash/);
  expect(JSON.stringify(failure(() => readLockfiles([at('included')])))).not.toMatch(/j9T|c2Vj/);
});

test('an include, a lockfile or a .repo file that is a pipe or a device is refused', () => {
  for (const name of ['pipe', '/dev/zero']) {
    const report = failure(() => loadTreefile(write('tree.yaml', `ref: x\npackages: [a]\ninclude: ${name}\n`)));
    expect(report).toMatchObject({ code: 'treefile.unreadable', detail: expect.stringMatching(/it is a (pipe|device)/) as string });
    expect(failure(() => readLockfiles([path.resolve(work, name)]))).toMatchObject({ code: 'file.unreadable' });
  }
  const treefile = loadTreefile(write('tree.yaml', 'ref: x\npackages: [a]\nrepos: [r]\n'));
  symlinkSync('pipe', at('r.repo'));
  expect(failure(() => loadRepos(treefile))).toMatchObject({ code: 'file.unreadable', subject: at('r.repo') });
  rmSync(at('r.repo'));
});

test('of .repo files only what is asked for is judged, read as dnf reads it', () => {
  const named = loadTreefile(write('tree.yaml', 'ref: x\npackages: [a]\nrepos: [good]\n'));
  const all = loadTreefile(write('all.yaml', 'ref: x\npackages: [a]\n'));
  write('a.repo', '\uFEFF[unusable]\nenabled=maybe\n[../../etc]\nbaseurl=file:///x\n[signed]\nrepo_gpgcheck=1\nbaseurl=http://x\n');
  write('b.repo', 'no section\n');
  write('c.repo', '[good]\nbaseurl=http://x/%20y\nenabled=\npriority=-5\ncost=\ngpgcheck=\nincludepkgs=one\n two\n');
  const [good] = loadRepos(named);
  expect(good).toMatchObject({ id: 'good', enabled: true, priority: -5, gpgcheck: true, other: { includepkgs: 'one\ntwo' } });
  expect(good).not.toHaveProperty('cost');
  // all that is enabled is asked for: then the file that can't be read counts
  expect(failure(() => loadRepos(all))).toMatchObject({ code: 'repo-file.syntax', file: at('b.repo'), line: 1 });
  rmSync(at('b.repo'));
  expect(failure(() => loadRepos(all))).toMatchObject({ code: 'repo-file.invalid-value', file: at('a.repo'), line: 1 });
});

test.each(['../../etc', '..', 'a/b', 'a b', 'é', 'a$x', '.'])('the id %s of a repository is refused with its file and line', (id) => {
  const treefile = loadTreefile(write('tree.yaml', `ref: x\npackages: [a]\nrepos: [${JSON.stringify(id)}]\n`));
  write('a.repo', `# first\n[${id}]\nbaseurl=http://x\n`);
  expect(failure(() => loadRepos(treefile))).toMatchObject({ code: 'repo-file.invalid-value', file: at('a.repo'), line: 2, key: id });
});

test('JSON that isn’t any is told by its place, never by what stands there', () => {
  const texts = [secret, `{"a": 1,\n ${secret}`, '{"password": "hunter2hunter2', '[1,]', ''];
  for (const text of texts)
    for (const read of [
      () => readJsonFile(write('state.json', text)),
      () => parseManifest(Buffer.from(text), 'manifest'),
      () =>
        commitMetadata(
          { treefile: { addCommitMetadata: {} }, params: { addMetadataFromJson: [write('meta.json', text)] } } as never,
          () => '',
        ),
    ]) {
      const { detail = '', subject } = failure(read);
      expect(subject).toBeDefined();
      expect(detail).toMatch(/it isn’t JSON/);
      expect(detail).not.toMatch(/root|hunter|\$y|Unexpected/);
    }
  // the engine tells the place of some mistakes only
  expect(failure(() => readJsonFile(write('state.json', '{\n  "a": "b'))).detail).toBe('it isn’t JSON (line 2, column 10)');
  expect(failure(() => readJsonFile(at('pipe'))).detail).toBe('it is a pipe, not a regular file');
  expect(readJsonFile(write('state.json', '{"a":1}'))).toEqual({ a: 1 });
});

/** Where a file is read without asking what it is: a place below is the system's or the program's own, by a path that nobody chooses. */
const readPlainly: Readonly<Record<string, string>> = {
  'main/app/chosen-files.ts': 'a handle that was opened and judged before',
  'main/app/review-commands.ts': '/proc',
  'main/app/scheme.ts': 'the window’s own files',
  'main/app/treefiles.ts': 'a handle that was opened and judged before',
  'main/cli/commands/kargs.ts': '/proc, and a file that we have just written',
  'main/engine/host/bootloader/efi-variables.ts': 'efivarfs',
  'main/engine/compose/disk/alongside.ts': 'efivarfs',
  'main/engine/compose/disk/grub.ts': 'GRUB’s images, larger than what people write',
  'main/engine/compose/disk/other-loaders.ts': 'boot sectors and syslinux’ modules',
  'main/engine/host/history/history-file.ts': 'our own state',
  'main/engine/compose/publish/verify.ts': 'objects of a repository, which may be large',
  'main/engine/host/review/etc-preview.ts': 'a descriptor that was opened and judged before',
  'main/engine/host/review/safe-file.ts': 'a descriptor that was opened and judged before',
  'main/engine/host/sysroot/repair-origin.ts': 'an origin of the sysroot, which only root writes',
  'main/engine/host/sysroot/repair.ts': '/proc',
  'main/engine/jobs/walls/image-needs.ts': 'the system’s storage.conf',
  'main/engine/jobs/walls/walls.ts': 'what a job was told to write, which may be large',
  'main/helper/boot-record.ts': 'our own state',
  'main/helper/media.ts': '/proc',
  'main/engine/host/initramfs/etc-overlay.ts': 'opened without following links, and looked at before',
  'main/helper/options.ts': 'the system’s treelined.conf',
  'main/helper/read-methods.ts': '/etc/machine-id',
  'main/native/dnf/unpacked.ts': 'our own stamp',
  'main/native/inside/needs.ts': '/proc',
  'main/native/linux/lock.ts': 'a descriptor of our own lock file',
  'main/native/linux/mount.ts': '/proc',
  'main/native/ostree/damaged-file.ts': 'asks before whether it is a regular file',
  'main/native/ostree/deltas.ts': 'objects of a repository, which may be large',
  'main/native/ostree/fetch-damage.ts': '/proc, and what we have fetched ourselves',
  'main/native/ostree/plain-repo.ts': 'objects of a repository, which may be large',
  'main/native/ostree/publish.ts': 'the summary that was just written',
  'main/worker/fetch-user.ts': '/proc and the system’s passwd',
  'main/worker/fetch-watch.ts': '/proc',
};

test('files that others choose or write are read as regular ones', () => {
  const found = execFileSync('git', ['grep', '-lE', '\\b(readFileSync|readFile)\\(', '--', 'main', ':!main/demo', ':!main/launch'], {
    encoding: 'utf8',
  });
  expect(found.trim().split('\n').sort()).toEqual(Object.keys(readPlainly).sort());
});

test('files are parsed as JSON in no other way', () => {
  const found = execFileSync('git', ['grep', '-nE', 'JSON\\.parse\\(.*(readFileSync|readRegularFile|readBlob|readFile)\\(', '--', 'main'], {
    encoding: 'utf8',
  });
  expect(found.split('\n').filter((line) => line !== '' && !line.startsWith('main/demo/') && !line.startsWith('main/launch/'))).toEqual([]);
});
