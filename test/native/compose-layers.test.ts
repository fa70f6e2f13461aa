// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ComposeFixture, treeline } from './compose-fixture.ts';

let fixture: ComposeFixture;
const at = (name: string): string => path.join(fixture.directory, name);

/** Commit a directory of these files to a branch of a repository. */
function layer(ref: string, files: Readonly<Record<string, string>>, repo = fixture.repo): string {
  const directory = at(`layer-${ref.replaceAll('/', '-')}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), text);
  }
  return execFileSync(
    'ostree',
    [`--repo=${repo}`, 'commit', `--branch=${ref}`, '--owner-uid=0', '--owner-gid=0', `--tree=dir=${directory}`],
    { encoding: 'utf8' },
  ).trim();
}

beforeAll(() => {
  fixture = new ComposeFixture();
  fixture.add(
    {
      name: 'first',
      files: { '/usr/share/first': 'from the package', '/usr/bin/tool': { content: 'tool', mode: '755' }, '/etc/first.conf': 'a=1' },
    },
    { name: 'signed', version: '1' },
  );
});
afterAll(() => fixture.dispose());

test('layers are put over the packages, their /etc in /usr/etc; changed layers make a new tree', async () => {
  layer('layers/one', { 'usr/share/layer/one': '1', 'etc/layer.conf': 'l', 'usr/lib/systemd/system/l.service': '[Service]\n' });
  const treefile = fixture.treefile('packages: [first]\nostree-layers: [layers/one]\n');
  const outcome = await fixture.compose(treefile);
  expect(outcome.changed).toBe(true);
  expect(fixture.cat('/usr/share/layer/one')).toBe('1');
  expect(fixture.cat('/usr/etc/layer.conf')).toBe('l');
  expect(fixture.cat('/usr/share/first')).toBe('from the package');
  expect([...fixture.list().keys()]).not.toContain('/etc');
  fixture.fsck();
  expect((await fixture.compose(treefile)).changed).toBe(false);
  layer('layers/one', { 'usr/share/layer/one': '2' });
  expect((await fixture.compose(treefile)).changed).toBe(true);
  expect(fixture.cat('/usr/share/layer/one')).toBe('2');
});

test('a layer’s file that is there already is an error; of an override layer it wins', async () => {
  layer('layers/clash', { 'usr/share/first': 'from the layer', 'usr/bin/tool': 'another' });
  const report = await fixture.failure(fixture.treefile('packages: [first]\nostree-layers: [layers/clash]\n'));
  expect(report).toMatchObject({ code: 'compose.layer-conflict', subject: 'layers/clash' });
  expect(report.detail).toMatch(/^\/usr\/(share\/first|bin\/tool)$/);
  await fixture.compose(fixture.treefile('packages: [first]\nostree-override-layers: [layers/clash]\nref: test/override\n'));
  expect(fixture.cat('/usr/share/first', 'test/override')).toBe('from the layer');
  fixture.fsck();
  // the cache's own files are untouched: without the layer the package's are back
  await fixture.compose(fixture.treefile('packages: [first]\nref: test/without\n'));
  expect(fixture.cat('/usr/share/first', 'test/without')).toBe('from the package');
  expect(fixture.cat('/usr/bin/tool', 'test/without')).toBe('tool');
  fixture.fsck(path.join(fixture.cachedir, 'pkgcache-repo'));
});

test('a file where a directory is can’t be overridden', async () => {
  layer('layers/kind', { 'usr/share/first/inside': 'x' });
  const report = await fixture.failure(fixture.treefile('packages: [first]\nostree-override-layers: [layers/kind]\n'));
  expect(report).toMatchObject({ code: 'compose.layer-conflict', detail: '/usr/share/first, a directory in one and a file in the other' });
});

test('layers come from --layer-repo, of any mode; a branch that isn’t there is an error at its line', async () => {
  const other = at('other-repo');
  execFileSync('ostree', [`--repo=${other}`, 'init', '--mode=bare-user']);
  layer('elsewhere', { 'usr/share/elsewhere': 'e' }, other);
  const treefile = fixture.treefile('packages: [first]\nref: test/elsewhere\nostree-layers:\n  - elsewhere\n');
  expect(await fixture.failure(treefile)).toMatchObject({
    code: 'repo.revision-not-found',
    subject: 'elsewhere',
    key: 'ostree-layers',
    line: 4,
  });
  await fixture.compose(treefile, { layerRepo: other });
  expect(fixture.cat('/usr/share/elsewhere', 'test/elsewhere')).toBe('e');
});

test('repo-metadata and advisories-metadata: in the commit, beside it, or nowhere', async () => {
  const keys = (text: string): string[] => [...text.matchAll(/rpmostree\.(rpmmd-repos|advisories)/g)].map((m) => m[1] ?? '');
  const show = (what: string, ref: string): string[] => keys(fixture.ostree('show', what, ref));
  const detachedOf = (ref: string): string[] => {
    const checksum = fixture.ostree('rev-parse', ref);
    const file = path.join(fixture.repo, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.commitmeta`);
    return existsSync(file) ? keys(readFileSync(file, 'latin1')) : [];
  };
  await fixture.compose(fixture.treefile('packages: [first]\nref: test/inline\n'));
  await fixture.compose(fixture.treefile('packages: [first]\nref: test/detached\nrepo-metadata: detached\n'));
  await fixture.compose(fixture.treefile('packages: [first]\nref: test/disabled\nrepo-metadata: disabled\n'));
  expect(show('--raw', 'test/inline')).toEqual(['rpmmd-repos']);
  expect([show('--raw', 'test/detached'), detachedOf('test/detached')]).toEqual([[], ['rpmmd-repos']]);
  expect([show('--raw', 'test/disabled'), detachedOf('test/disabled')]).toEqual([[], []]);
  fixture.fsck();
});

test('finalize.d runs on this machine in the finished tree, can’t write into the cache, and stops the compose when it fails', async () => {
  const directory = at('finalize.d');
  mkdirSync(directory);
  const script = path.join(directory, '10-stamp');
  writeFileSync(
    script,
    '#!/bin/sh\nset -e\ntest -f usr/share/rpm/rpmdb.sqlite\necho stamped by $(uname) > usr/share/stamp\nprintf X >> usr/share/first\necho said\n',
  );
  chmodSync(script, 0o755);
  const treefile = fixture.treefile('edition: 2024\npackages: [first]\nref: test/finalize\n');
  await fixture.compose(treefile);
  expect(fixture.messages).toContain('finalize.d/10-stamp: said');
  expect(fixture.cat('/usr/share/stamp', 'test/finalize')).toBe('stamped by Linux\n');
  expect(fixture.cat('/usr/share/first', 'test/finalize')).toBe('from the packageX');
  fixture.fsck(path.join(fixture.cachedir, 'pkgcache-repo'));
  expect((await fixture.compose(treefile)).changed).toBe(false);
  writeFileSync(script, '#!/bin/sh\necho no good >&2\nexit 3\n');
  expect(await fixture.failure(treefile)).toMatchObject({
    code: 'compose.postprocess-failed',
    subject: 'finalize.d/10-stamp',
    detail: 'exit status 3: no good',
    file: script,
  });
  writeFileSync(script, 'x');
  chmodSync(script, 0o644);
  expect((await fixture.failure(treefile)).detail).toMatch(/EACCES/);
});

test('--download-only-rpms and --download-only stop where they say', async () => {
  const served = serve(fixture.packages);
  const port = await served.port;
  fixture.repoFile('http', `baseurl=http://127.0.0.1:${port}/\ngpgcheck=0\n`);
  const treefile = fixture.treefile('packages: [first]\nrepos: [http]\nref: test/download\n');
  const cachedir = at('download-cache');
  const before = fixture.refs();
  try {
    const rpms = await fixture.compose(treefile, { downloadOnlyRpms: true, cachedir });
    expect(rpms).toMatchObject({ changed: false, imported: 0 });
    expect(rpms.text).toMatch(/^1 packages \(0\.0 MB from the network\) are in .*\/download-cache\/packages$/);
    expect(readdirSync(path.join(cachedir, 'packages')).filter((name) => name.endsWith('.rpm'))).toEqual(['first-1-1.noarch.rpm']);
    expect(existsSync(path.join(cachedir, 'pkgcache-repo'))).toBe(false);
    expect(await fixture.compose(treefile, { downloadOnly: true, cachedir })).toMatchObject({ changed: false, imported: 1 });
    expect(fixture.refs()).toBe(before);
    // the rest then needs no network
    served.close();
    expect(await fixture.compose(treefile, { cacheOnly: true, cachedir })).toMatchObject({ changed: true, imported: 0, cached: 1 });
  } finally {
    served.close();
  }
});

test('--proxy is asked for everything', async () => {
  const seen: string[] = [];
  const served = serve(fixture.packages, (url) => seen.push(url));
  const port = await served.port;
  fixture.repoFile('far', 'baseurl=http://far.example/repo/\ngpgcheck=0\n');
  try {
    const treefile = fixture.treefile('packages: [first]\nrepos: [far]\nref: test/far\n');
    await fixture.compose(treefile, { proxy: `http://127.0.0.1:${port}`, cachedir: at('proxy-cache'), downloadOnlyRpms: true });
  } finally {
    served.close();
  }
  expect(seen.some((url) => url === 'http://far.example/repo/repodata/repomd.xml')).toBe(true);
  expect(seen.some((url) => url.endsWith('/first-1-1.noarch.rpm'))).toBe(true);
});

/** A web server, or proxy, for the files of a directory. */
function serve(directory: string, note: (url: string) => void = () => {}): { readonly port: Promise<number>; close(): void } {
  const server: Server = createServer((request, response) => {
    const url = request.url ?? '/';
    note(url);
    const name = new URL(url, 'http://x').pathname.replace(/^\/repo\//, '/');
    const file = path.join(directory, name);
    if (existsSync(file)) response.end(readFileSync(file));
    else response.writeHead(404).end();
  });
  const port = new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));
  return { port, close: () => void server.close(() => {}) };
}

test('--previous-inputhash, --previous-commit and --previous-version stand in for the parent', async () => {
  const treefile = fixture.treefile('packages: [signed]\nref: test/previous\nautomatic-version-prefix: "7"\n');
  const first = await fixture.compose(treefile, { previousVersion: '7.4' });
  expect(first).toMatchObject({ changed: true, version: '7.5' });
  const other = fixture.treefile('packages: [signed]\nref: test/previous\nautomatic-version-prefix: "7"\nunits: []\n', 'other.yaml');
  const second = await fixture.compose(other);
  expect(second).toMatchObject({ changed: true, version: '7.6' });
  // the parent has another input, the commit before it the same
  expect(await fixture.compose(treefile, { previousCommit: first.checksum })).toMatchObject({
    changed: false,
    checksum: first.checksum,
    version: '7.5',
  });
  expect(await fixture.compose(treefile, { previousInputhash: first.inputhash })).toMatchObject({ changed: false });
  expect(await fixture.failure(treefile, { previousCommit: 'nothing/here' })).toMatchObject({
    code: 'repo.revision-not-found',
    subject: 'nothing/here',
  });
});

test('--disable-selinux, and everything rpm-ostree’s scripts pass, is taken by the command line', async () => {
  const treefile = fixture.treefile('packages: [signed]\nref: test/cli\nselinux: true\n');
  const options = ['--repo', fixture.repo, '--cachedir', fixture.cachedir];
  const refused = await treeline('compose', 'tree', ...options, treefile);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('selinux')]);
  const taken = await treeline(
    ...['compose', 'tree', '--unified-core', '--ex-unified-core', '--postprocess', '--workdir-tmpfs', '--disable-selinux', ...options],
    ...[
      '--touch-if-changed',
      at('touched'),
      '--write-commitid-to',
      at('commitid'),
      '--write-composejson-to',
      at('compose.json'),
      '--script-timeout',
      '60',
      treefile,
    ],
  );
  expect([taken.status, taken.stderr]).toEqual([0, '']);
  expect(existsSync(at('touched'))).toBe(true);
  expect(fixture.ostree('show', readFileSync(at('commitid'), 'utf8'))).toContain('ContentChecksum');
});

test('advisories-metadata: detached, they are beside the commit', async () => {
  const updateinfo = at('updateinfo.xml');
  writeFileSync(
    updateinfo,
    '<?xml version="1.0"?><updates><update from="a@b" status="stable" type="security" version="1"><id>T-1</id><title>t</title><severity>Low</severity><issued date="2026-01-01 00:00:00"/><description>d</description><references/><pkglist><collection short="c"><name>c</name><package name="first" version="1" release="1" epoch="0" arch="noarch" src="x"><filename>first-1-1.noarch.rpm</filename></package></collection></pkglist></update></updates>',
  );
  execFileSync('modifyrepo_c', ['--mdtype=updateinfo', updateinfo, path.join(fixture.packages, 'repodata')], { stdio: 'ignore' });
  const has = (ref: string): boolean[] => {
    const checksum = fixture.ostree('rev-parse', ref);
    const beside = path.join(fixture.repo, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.commitmeta`);
    return [
      fixture.ostree('show', '--raw', ref).includes('rpmostree.advisories'),
      existsSync(beside) && readFileSync(beside, 'latin1').includes('rpmostree.advisories'),
    ];
  };
  for (const [place, expected] of [
    ['inline', [true, false]],
    ['detached', [false, true]],
    ['disabled', [false, false]],
  ] as const) {
    await fixture.compose(fixture.treefile(`packages: [first]\nref: test/advisories-${place}\nadvisories-metadata: ${place}\n`));
    expect(has(`test/advisories-${place}`), place).toEqual(expected);
  }
});
