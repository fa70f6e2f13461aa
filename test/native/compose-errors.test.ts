// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorLine } from '../../shared/errors/index.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture, treeline } from './compose-fixture.ts';
import { newKey, sign, stopAgent, type TestKey } from './rpm-build.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/base';

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(
    filesystemPackage,
    shellPackage(),
    { name: 'good', files: { '/usr/share/good': 'good' } },
    { name: 'needy', tags: ['Requires: nobody-has-this >= 2'] },
    { name: 'cat', tags: ['Conflicts: dog'] },
    { name: 'dog' },
    { name: 'same1', files: { '/usr/share/same': 'one', '/usr/share/dir': { dir: true }, '/usr/share/equal': 'equal' } },
    { name: 'same2', files: { '/usr/share/same': 'two', '/usr/share/dir': { dir: true }, '/usr/share/equal': 'equal' } },
    { name: 'equal2', files: { '/usr/share/equal': 'equal' } },
    { name: 'fails', tags: ['Requires: testshell'], files: { '/usr/share/f': 'x' }, scripts: { post: 'echo broken; exit 7' } },
    { name: 'luafails', files: { '/usr/share/l': 'x' }, scripts: { 'post -p <lua>': 'error("lua is unhappy")' } },
    { name: 'noshell', tags: ['Requires: filesystem'], files: { '/usr/share/n': 'x' }, scripts: { post: 'true' } },
    { name: 'fakeshell', tags: ['Provides: /bin/sh'] },
    { name: 'kernel', arch: 'x86_64', files: { '/usr/lib/modules/6.1/vmlinuz': 'vmlinuz' } },
    {
      name: 'network',
      tags: ['Requires: testshell'],
      files: { '/usr/share/w': 'x' },
      scripts: { post: 'ls /sys/class/net 2>/dev/null; echo "net $(cat /proc/net/dev | sed -n 3,99p)"' },
    },
  );
  await f.compose(f.treefile('packages: [good, filesystem]'));
});
afterAll(() => f.dispose());

const package1 = (name: string): string => path.join(f.packages, readdirSync(f.packages).find((file) => file.startsWith(`${name}-`)) ?? '');

test('a bad treefile', async () => {
  const treefile = f.treefile('packages: [good]\nrecomends: false');
  const report = await f.failure(treefile);
  expect(report).toMatchObject({ code: 'treefile.unknown-key', file: treefile, line: 2, key: 'recomends' });
  const { status, stderr } = await treeline('compose', 'tree', `--repo=${f.repo}`, `--cachedir=${f.cachedir}`, treefile);
  expect(status).toBe(1);
  expect(stderr).toBe(`error: ${errorLine(report)}\n`);
});

test('a missing package, at its line of the treefile', async () => {
  const treefile = f.treefile('packages:\n  - good\n  - nowhere');
  expect(await f.failure(treefile)).toMatchObject({
    code: 'package.not-found',
    subject: 'nowhere',
    file: treefile,
    line: 3,
    key: 'packages',
  });
});

test('a dependency that can’t be met, a conflict, an excluded package', async () => {
  const needy = await f.failure(f.treefile('packages: [needy]'));
  expect(needy).toMatchObject({
    code: 'package.dependency-missing',
    subject: 'needy-1-1.noarch',
    facts: { requirement: 'nobody-has-this >= 2' },
  });
  expect(await f.failure(f.treefile('packages: [cat, dog]'))).toMatchObject({ code: 'package.conflict' });
  expect(await f.failure(f.treefile('packages: [fails]\nexclude-packages: [testshell, fakeshell]'))).toMatchObject({
    code: 'package.excluded',
    subject: 'fakeshell, testshell',
    facts: { requirement: '/bin/sh' },
  });
});

test('a file conflict names both packages; equal files are fine', async () => {
  const report = await f.failure(f.treefile('packages: [same1, same2, filesystem]'));
  expect(report).toMatchObject({ code: 'package.file-conflict', subject: '/usr/share/same' });
  expect(report.detail).toContain('same1-1-1.noarch');
  expect(report.detail).toContain('same2-1-1.noarch');
  await f.compose(f.treefile('packages: [same1, equal2, filesystem]\nref: test/x86_64/equal'));
});

test('a damaged package file in a repository used in place', async () => {
  const file = package1('dog');
  const bytes = readFileSync(file);
  const broken = Buffer.from(bytes);
  broken.writeUInt8(broken.readUInt8(bytes.length - 20) ^ 0xff, bytes.length - 20);
  writeFileSync(file, broken);
  expect(await f.failure(f.treefile('packages: [dog]'))).toMatchObject({
    code: 'package.corrupt',
    subject: 'dog-1-1.noarch',
    facts: { repo: 'test' },
  });
  renameSync(file, `${file}.away`);
  expect(await f.failure(f.treefile('packages: [dog]'))).toMatchObject({ code: 'package.corrupt', subject: 'dog-1-1.noarch' });
  rmSync(`${file}.away`);
  writeFileSync(file, bytes);
});

test('failing scripts name package, scriptlet, status and output', async () => {
  const report = await f.failure(f.treefile('packages: [fails]'));
  expect(report).toMatchObject({ code: 'compose.script-failed', subject: 'fails-1-1.noarch %post', facts: { status: 7 } });
  expect(report.detail).toContain('broken');
  const lua = await f.failure(f.treefile('packages: [luafails, filesystem]'));
  expect(lua).toMatchObject({ code: 'compose.script-failed', subject: 'luafails-1-1.noarch %post' });
  expect(lua.detail).toContain('lua is unhappy');
  expect(await f.failure(f.treefile('packages: [noshell, fakeshell]\nexclude-packages: [testshell]'))).toMatchObject({
    code: 'compose.script-failed',
    facts: { program: '/bin/sh' },
  });
});

test('scripts have no network', async () => {
  await f.compose(f.treefile('packages: [network]\nref: test/x86_64/network'));
  // /proc/net/dev of an empty network namespace knows at most its own, dead, loopback
  expect(f.messages.filter((m) => /eth|ens|enp|wl/.test(m))).toEqual([]);
  expect(f.messages.some((m) => m.includes('net'))).toBe(true);
});

test('no kernel, no initramfs, no policy, no such unit, failing postprocess', async () => {
  expect(await f.failure(f.treefile('packages: [good, filesystem]\ncontainer: false'))).toMatchObject({ code: 'compose.no-kernel' });
  expect(await f.failure(f.treefile('packages: [kernel, filesystem]\ncontainer: false'))).toMatchObject({
    code: 'compose.no-initramfs',
    subject: '6.1',
  });
  await f.compose(f.treefile('packages: [kernel, filesystem]\ncontainer: false\nno-initramfs: true\nref: test/x86_64/noinitramfs'));
  expect(await f.failure(f.treefile('packages: [good, filesystem]\nselinux: true'))).toMatchObject({
    code: 'compose.no-selinux-policy',
    line: 2,
  });
  expect(await f.failure(f.treefile('packages: [good, filesystem]\nunits:\n  - no.service'))).toMatchObject({
    code: 'treefile.invalid-value',
    key: 'units',
    line: 3,
  });
  const post = await f.failure(f.treefile('packages: [testshell]\npostprocess:\n  - echo fine\n  - echo wrong; exit 4'));
  expect(post).toMatchObject({ code: 'compose.postprocess-failed', subject: 'postprocess[1]', line: 4 });
  expect(post.detail).toContain('exit status 4: wrong');
});

test('an unreachable and a damaged repository', async () => {
  f.repoFile('dead', 'baseurl=http://127.0.0.1:9/\ngpgcheck=0\n');
  expect(await f.failure(f.treefile('packages: [good]\nrepos: [test, dead]'))).toMatchObject({
    code: 'rpmmd.unreachable',
    subject: 'dead',
  });
  const directory = path.join(f.directory, 'broken');
  mkdirSync(directory);
  createRepo(directory);
  writeFileSync(path.join(directory, 'repodata/repomd.xml'), 'no xml at all');
  f.repoFile('broken', `baseurl=file://${directory}\ngpgcheck=0\n`);
  expect(await f.failure(f.treefile('packages: [good]\nrepos: [test, broken]'))).toMatchObject({
    code: 'rpmmd.corrupt',
    subject: 'broken',
  });
});

test('a target that isn’t a repository, a parent that isn’t there, a key that isn’t there', async () => {
  const treefile = f.treefile('packages: [good, filesystem, dog]');
  await expect(f.compose(treefile, { repo: path.join(f.directory, 'nothing') })).rejects.toMatchObject({ code: 'repo.open' });
  expect(await f.failure(treefile, { parent: 'test/x86_64/nope' })).toMatchObject({ code: 'repo.revision-not-found' });
  expect(await f.failure(treefile, { gpgSign: [{ keyId: 'DEADBEEF', homedir: path.join(f.directory, 'empty-home') }] })).toMatchObject({
    code: 'compose.key-not-found',
    subject: 'DEADBEEF',
  });
  const short = path.join(f.directory, 'short.key');
  writeFileSync(short, 'c2hvcnQ=');
  expect(await f.failure(treefile, { ed25519KeyFiles: [short] })).toMatchObject({ code: 'compose.key-not-found' });
  expect(readdirSync(path.join(f.repo, 'tmp')).filter((name) => name !== 'cache')).toEqual([]);
});

describe('a full disk', () => {
  /** A tmpfs of this size; everything on it must be gone before it is unmounted. */
  function small(name: string, sizeKb: number): string {
    const at = path.join(f.directory, name);
    mkdirSync(at);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKb}k`, 'tmpfs', at]);
    return at;
  }

  test('of the target: the ref stays, what was written is gone', async () => {
    const at = small('small-target', 400);
    try {
      const repo = path.join(at, 'repo');
      execFileSync('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
      execFileSync('ostree', [`--repo=${repo}`, 'config', 'set', 'core.min-free-space-percent', '0']);
      await f.compose(f.treefile('packages: [good, filesystem]'), { repo });
      const before = execFileSync('ostree', [`--repo=${repo}`, 'rev-parse', ref], { encoding: 'utf8' });
      const used = (): number => Number(/(\d+)%/.exec(execFileSync('df', [at], { encoding: 'utf8' }))?.[1]);
      const usedBefore = used();
      await expect(f.compose(f.treefile('packages: [testshell, filesystem]'), { repo })).rejects.toMatchObject({
        code: 'disk.full',
        report: { subject: repo },
      });
      expect(execFileSync('ostree', [`--repo=${repo}`, 'rev-parse', ref], { encoding: 'utf8' })).toBe(before);
      expect(used()).toBeLessThanOrEqual(usedBefore + 5);
      f.fsck(repo);
    } finally {
      execFileSync('umount', [at]);
    }
  });

  test('of the cache: the target is untouched', async () => {
    const at = small('small-cache', 1500);
    try {
      const report = await f.failure(f.treefile('packages: [testshell, filesystem]'), { cachedir: path.join(at, 'cache') });
      expect(report.code).toBe('disk.full');
    } finally {
      execFileSync('umount', [at]);
    }
  });
});

describe('signed packages', () => {
  let home: string;
  let signed: string;
  let key: TestKey;
  let other: TestKey;

  beforeAll(() => {
    home = path.join('/tmp', `tlg-${process.pid}`);
    mkdirSync(home, { mode: 0o700 });
    key = newKey(home, 'rsa2048');
    other = newKey(home, 'rsa3072');
    signed = path.join(f.directory, 'signed');
    const [good = ''] = makeRpms(signed, [
      { name: 'signed', files: { '/usr/share/signed': 's' } },
      { name: 'unsigned' },
      { name: 'tampered', files: { '/usr/share/t': 'tttt' } },
    ]);
    sign(good, home, key.id);
    const tampered = path.join(signed, 'tampered-1-1.noarch.rpm');
    sign(tampered, home, key.id);
    const bytes = readFileSync(tampered);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
    writeFileSync(tampered, bytes);
    createRepo(signed);
    writeFileSync(path.join(f.directory, 'key.asc'), key.armoured);
    writeFileSync(path.join(f.directory, 'other.asc'), other.armoured);
    f.repoFile('signed', `baseurl=file://${signed}\ngpgkey=key.asc\n`);
    f.repoFile('otherkey', `baseurl=file://${signed}\ngpgkey=other.asc\n`);
    f.repoFile('nokey', `baseurl=file://${signed}\n`);
  });
  afterAll(() => {
    stopAgent(home);
    rmSync(home, { recursive: true, force: true });
  });

  const tree = (repo: string, name: string): string =>
    f.treefile(`packages: [${name}, filesystem]\nrepos: [test, ${repo}]\nref: test/x86_64/signed`);

  test('gpgcheck is the default: unsigned, tampered and foreign ones are refused by name', async () => {
    expect(await f.failure(tree('signed', 'unsigned'))).toMatchObject({
      code: 'package.unsigned',
      subject: 'unsigned-1-1.noarch',
      facts: { repo: 'signed' },
    });
    expect(await f.failure(tree('signed', 'tampered'))).toMatchObject({
      code: 'package.signature-invalid',
      subject: 'tampered-1-1.noarch',
    });
    const foreign = await f.failure(tree('otherkey', 'signed'));
    expect(foreign).toMatchObject({ code: 'package.key-missing', subject: 'signed-1-1.noarch' });
    expect(key.id.toLowerCase()).toContain(String(foreign.facts?.['keyId']));
    expect(await f.failure(tree('nokey', 'signed'))).toMatchObject({ code: 'package.key-missing' });
  });

  test('a good one is imported once; without the check anything goes; asking for it again checks what is cached', async () => {
    expect(await f.compose(tree('signed', 'signed'))).toMatchObject({ changed: true, imported: 1 });
    f.repoFile('signed', `baseurl=file://${signed}\ngpgcheck=0\n`);
    expect(await f.compose(tree('signed', 'unsigned'))).toMatchObject({ changed: true, imported: 1 });
    f.repoFile('signed', `baseurl=file://${signed}\ngpgkey=key.asc\n`);
    expect(await f.failure(tree('signed', 'unsigned, good'))).toMatchObject({ code: 'package.unsigned' });
  });
});

describe('over HTTP', () => {
  let server: Server;
  let url: string;
  let requests: string[] = [];
  const answers = new Map<string, (body: Buffer) => { status: number; body: Buffer }>();

  beforeAll(async () => {
    server = createServer((request, response) => {
      const name = decodeURIComponent(request.url ?? '').replace(/^\/+/, '');
      requests.push(name);
      const file = path.join(f.packages, name);
      const answer = [...answers].find(([part]) => name.includes(part))?.[1];
      if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
      if (!answer)
        return void createReadStream(file)
          .on('error', () => response.destroy())
          .pipe(response);
      const { status, body } = answer(readFileSync(file));
      response.writeHead(status, { 'content-length': body.length }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    f.repoFile('web', `baseurl=${url}\ngpgcheck=0\n`);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const tree = (names: string): string => f.treefile(`packages: [${names}]\nrepos: [web]\nref: test/x86_64/web`);
  const cache = (name: string): { cachedir: string } => ({ cachedir: path.join(f.directory, name) });

  test('packages are downloaded once', async () => {
    const outcome = await f.compose(tree('good, filesystem'), cache('web-cache'));
    expect(outcome).toMatchObject({ changed: true, imported: 2 });
    expect(requests.filter((name) => name.endsWith('.rpm')).sort()).toEqual(['filesystem-1-1.noarch.rpm', 'good-1-1.noarch.rpm']);
    requests = [];
    expect(await f.compose(tree('good, filesystem, dog'), cache('web-cache'))).toMatchObject({ changed: true, imported: 1, cached: 2 });
    expect(requests.filter((name) => name.endsWith('.rpm'))).toEqual(['dog-1-1.noarch.rpm']);
  });

  test.each([
    ['a missing package', (body: Buffer) => ({ status: 404, body }), 'rpmmd.unreachable', 'web'],
    ['a refusal', (body: Buffer) => ({ status: 403, body }), 'rpmmd.unreachable', 'web'],
    [
      'a flipped byte',
      (body: Buffer) => ({ status: 200, body: Buffer.from(body.map((b, i) => (i === body.length - 5 ? b ^ 1 : b))) }),
      'package.corrupt',
      'good-1-1.noarch',
    ],
  ])('%s is an error that names it', async (_, answer, code, subject) => {
    answers.set('good-1', answer);
    try {
      expect(await f.failure(tree('good, filesystem'), cache('web-cache-2'))).toMatchObject({ code, subject });
    } finally {
      answers.clear();
    }
  });

  test('cache-only goes without the server', async () => {
    await new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    expect(await f.compose(tree('good, filesystem'), { ...cache('web-cache'), cacheOnly: true })).toMatchObject({
      changed: true,
      imported: 0,
    });
    expect(await f.failure(tree('good'), cache('web-cache'))).toMatchObject({ code: 'rpmmd.unreachable', subject: 'web' });
  });
});
