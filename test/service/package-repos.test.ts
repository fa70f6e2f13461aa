// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { withSigningKey } from '../../main/demo/signing-key.ts';
import { startWebServer, type WebServer } from '../../main/demo/web-server.ts';
import { iface, type Bus, type Variant } from '../../shared/dbus/index.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';
import { run, startTestHost, testUser, type TestHost } from './host.ts';
import { call, os, runJob } from './peer.ts';

/* Package repositories of a system, over D-Bus and on the command line, with real metadata from a real web server. */

let host: TestHost;
let bus: Bus;
let web: WebServer;
let client: FullHostClient;
let keyFile: { readonly fingerprint: string; readonly text: string };
let etc: string;

const repoFile = (name: string): string => path.join(etc, 'yum.repos.d', name);
const mainText = (): string =>
  `# kept as it is\n[main-repo]\nname=Main of $releasever\nbaseurl=${web.url}/main\n# on: \xe9\nenabled=1\ngpgkey=${web.url}/KEY\n\n[off.source]\nname=Off\nbaseurl=${web.url}/off\n  enabled=2\nenabled=0\n`;

beforeAll(async () => {
  host = await startTestHost({ helper: false });
  const site = path.join(host.dir, 'site');
  const main = path.join(site, 'main');
  mkdirSync(main, { recursive: true });
  makeRpms(main, [
    { name: 'heavy-lifter', version: '1', summary: 'Lifts boxes', tags: ['Provides: lifting = 1'], files: { '/usr/share/lift/it': 'x' } },
    {
      name: 'heavy-lifter',
      version: '2',
      epoch: 1,
      summary: 'Lifts boxes',
      tags: ['Provides: lifting = 2'],
      files: { '/usr/share/lift/it': 'x' },
    },
    { name: 'box', summary: 'A thing for a Heavy-Lifter', files: { '/usr/bin/box': { content: 'b', mode: '0755' } } },
    { name: 'box+lid', version: '1~rc1', summary: 'Heavy box' },
  ]);
  createRepo(main);
  await withSigningKey(host.dir, 'Packager <packager@example.org>', async (key) => {
    keyFile = { fingerprint: key.keyId, text: key.publicKey };
    writeFileSync(path.join(site, 'KEY'), key.publicKey);
  });
  web = await startWebServer(site);
  const [deployment = ''] = readdirSync(path.join(host.sysroot, 'ostree/deploy/testos/deploy')).filter((name) => !name.endsWith('.origin'));
  etc = path.join(host.sysroot, 'ostree/deploy/testos/deploy', deployment, 'etc');
  mkdirSync(path.join(etc, 'yum.repos.d'));
  await host.startHelper();
  bus = await host.connect();
  client = createHostClient({ address: host.address, clientId: 'test' });
});
afterAll(async () => {
  client?.close();
  await web?.close();
  await host?.stop();
});
afterEach(() => {
  web.setFault(undefined);
  for (const name of readdirSync(path.join(etc, 'yum.repos.d'))) rmSync(repoFile(name));
});

type Dict = Readonly<Record<string, Variant>>;
const plain = (dict: Dict): Record<string, unknown> => Object.fromEntries(Object.entries(dict).map(([key, { value }]) => [key, value]));
const ask = async (member: string, ...words: string[]): Promise<Record<string, unknown>[]> =>
  ((await call(bus, os, iface.os, member, 'as', [words]))[0] as Dict[]).map(plain);
const cachedir = (): string => path.join(host.sysroot, 'ostree/deploy/testos/var/cache/treeline/packages');
const cli = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  run(process.execPath, [path.resolve('dist/cli/treeline.mjs'), ...args], { env: host.env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

test('what is listed is what stands there; a file that is none hides no other', async () => {
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  writeFileSync(repoFile('broken.repo'), 'nonsense\n');
  const [repos] = (await call(bus, os, iface.os, 'ListRepos')) as [Dict[]];
  expect(repos.map(plain)).toEqual([
    { id: 'main-repo', description: 'Main of 1', 'is-devel': false, 'is-source': false, 'is-enabled': true },
    { id: 'off.source', description: 'Off', 'is-devel': false, 'is-source': false, 'is-enabled': false },
  ]);
  const listed = await client.packageRepos();
  expect(listed.repos[0]).toMatchObject({ id: 'main-repo', gpgcheck: true, keys: [], absentKeys: [`${web.url}/KEY`], line: 2 });
  expect(listed.problems).toMatchObject([{ code: 'repo-file.syntax', file: '/etc/yum.repos.d/broken.repo', line: 1 }]);
  const { code, stdout } = await cli('package-repo', 'list');
  expect(code).toBe(1);
  expect(stdout).toContain(`* main-repo  Main of 1\n    Address: ${web.url}/main\n`);
  expect(stdout).toContain('    Fetched: never\n');
  expect(stdout).toContain('Unreadable: /etc/yum.repos.d/broken.repo:1: ');
});

test('nothing is fetched by whoever looks; a refresh fetches, and then looking is quick and needs no server', async () => {
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  web.reset();
  await expect(ask('Search', 'box')).rejects.toThrow(/main-repo.*\[rpmmd\.not-fetched\]/);
  expect(web.requests).toEqual([]);
  expect(await runJob(bus, os, iface.os, 'RefreshMd', 'a{sv}', [{}])).toEqual([true, '']);
  expect(web.requests.join('\n')).toContain('/main/repodata/repomd.xml 200');
  web.reset();
  expect(await ask('GetPackages', 'heavy-lifter', 'nothing-like-it', 'box+*')).toEqual([
    {
      ...{ key: 'heavy-lifter', name: 'heavy-lifter', epoch: 1n, version: '2', arch: 'noarch', nevra: 'heavy-lifter-1:2-1.noarch' },
      ...{ evr: '1:2-1', summary: 'Lifts boxes', reponame: 'main-repo' },
    },
    {
      ...{ key: 'box+*', name: 'box+lid', epoch: 0n, version: '1~rc1', arch: 'noarch', nevra: 'box+lid-1~rc1-1.noarch' },
      ...{ evr: '1~rc1-1', summary: 'Heavy box', reponame: 'main-repo' },
    },
  ]);
  const names = (found: Record<string, unknown>[]): unknown[] => found.map(({ name }) => name);
  expect(names(await ask('WhatProvides', 'lifting'))).toEqual(['heavy-lifter']);
  expect(names(await ask('WhatProvides', '/usr/bin/box', '/usr/share/lift/it'))).toEqual(['box', 'heavy-lifter']);
  expect(names(await ask('WhatProvides', 'lift*'))).toEqual(['heavy-lifter']);
  expect((await ask('Search', 'HEAVY', 'box')).map(({ key, name }) => [key, name])).toEqual([
    ['match_group_a', 'box'],
    ['match_group_a', 'box+lid'],
    ['match_group_a', 'heavy-lifter'],
  ]);
  expect((await ask('Search', 'boxes')).map(({ key, name }) => [key, name])).toEqual([['match_group_c', 'heavy-lifter']]);
  expect(await ask('Search', 'heavy', 'nowhere')).toEqual([]);
  expect(web.requests).toEqual([]);
  await expect(ask('Search', '')).rejects.toThrow(/service\.bad-argument/);
  // what isn't old is not asked for again, unless somebody wants it
  expect(await runJob(bus, os, iface.os, 'RefreshMd', 'a{sv}', [{}])).toEqual([true, '']);
  expect(web.requests).toEqual([]);
  expect((await client.refreshMd({ force: true })).phase).toBe('succeeded');
  expect(web.requests).not.toEqual([]);
});

test('programs that aren’t ours ask the same, without rights', async () => {
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  await client.refreshMd({});
  expect(await host.callAs(testUser, os, `${iface.os}.GetPackages`, "['box']")).toContain("'nevra': <'box-1-1.noarch'>");
  const { stdout } = await run(
    'busctl',
    [`--address=${host.address}`, 'call', 'org.projectatomic.rpmostree1', os, iface.os, 'Search', 'as', '1', 'boxes'],
    { env: host.env },
  );
  expect(stdout).toContain('"epoch" t 1 "reponame" s "main-repo" "nevra" s "heavy-lifter-1:2-1.noarch"');
  await expect(host.callAs(testUser, os, `${iface.os}.ModifyYumRepo`, 'main-repo', "{'enabled': '0'}")).rejects.toThrow(/auth\.denied/);
});

test('a dead repository is named, and skipped only when somebody says so; the others are refreshed all the same', async () => {
  rmSync(cachedir(), { recursive: true, force: true });
  const dead = `[dead]\nbaseurl=${web.url}/gone\n`;
  writeFileSync(repoFile('0.repo'), dead);
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  const failed = await client.refreshMd({});
  expect(failed).toMatchObject({ phase: 'failed', error: { code: 'rpmmd.unreachable', subject: 'dead' } });
  expect((await ask('GetPackages', 'box')).length).toBe(1);
  expect((await client.refreshMd({ skipUnavailable: true })).phase).toBe('succeeded');
  writeFileSync(repoFile('0.repo'), `${dead}skip_if_unavailable=1\n`);
  const passed = await client.refreshMd({});
  expect(passed.phase).toBe('succeeded');
  expect(passed.messages.join('\n')).toContain('Passed over dead');
  // nothing said so for one that sends garbage
  writeFileSync(repoFile('0.repo'), `[login]\nbaseurl=${web.url}/main\nskip_if_unavailable=1\n`);
  web.setFault({ kind: 'garbage' });
  expect(await client.refreshMd({})).toMatchObject({ phase: 'failed', error: { code: 'rpmmd.corrupt', subject: 'login' } });
});

test('Cleanup of repomd removes what was fetched', async () => {
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  await client.refreshMd({});
  expect(existsSync(cachedir())).toBe(true);
  expect(await client.cleanup(['repomd'])).toMatchObject({ phase: 'succeeded', changed: true });
  expect(existsSync(cachedir())).toBe(false);
  await expect(ask('GetPackages', 'box')).rejects.toThrow(/rpmmd\.not-fetched/);
});

test('switching one on and off changes that line of its file and no other byte; everything else is refused', async () => {
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  const modify = (id: string, settings: Record<string, string>): Promise<[boolean, string]> =>
    runJob(bus, os, iface.os, 'ModifyYumRepo', 'sa{ss}', [id, settings]);
  const { mode } = statSync(repoFile('a.repo'));
  expect(await modify('main-repo', { enabled: '0' })).toEqual([true, '']);
  expect(readFileSync(repoFile('a.repo'), 'latin1')).toBe(mainText().replace('enabled=1', 'enabled=0'));
  expect(statSync(repoFile('a.repo')).mode).toBe(mode);
  expect(await modify('off.source', { enabled: '1' })).toEqual([true, '']);
  expect(readFileSync(repoFile('a.repo'), 'latin1')).toContain(`baseurl=${web.url}/off\n  enabled=2\nenabled=1\n`);
  expect((await client.history(1))[0]).toMatchObject({ action: 'package-repo', subject: 'off.source: enabled=1', result: 'ok' });
  for (const settings of [{ baseurl: 'http://evil' }, { enabled: '1', gpgcheck: '0' }, { enabled: 'yes' }, {}] as Record<string, string>[])
    await expect(modify('main-repo', settings)).rejects.toThrow(/service\.bad-argument/);
  for (const id of ['../../etc/passwd', 'a b', 'x\ny', ''])
    await expect(modify(id, { enabled: '1' })).rejects.toThrow(/service\.bad-argument/);
  expect(await modify('nowhere', { enabled: '1' })).toEqual([false, expect.stringContaining('[rpmmd.repo-not-found]')]);
});

test('a key is believed only with its fingerprint, for one repository', async () => {
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  const shown = await cli('package-repo', 'import-key', 'main-repo');
  expect(shown.code).toBe(1);
  expect(shown.stdout).toContain(`${keyFile.fingerprint}  Packager <packager@example.org>`);
  expect(shown.stdout).toContain(`from ${web.url}/KEY`);
  expect((await client.packageRepos()).repos[0]?.keys).toEqual([]);
  const wrong = await cli('package-repo', 'import-key', 'main-repo', '--fingerprint', 'A'.repeat(40));
  expect(wrong.stderr).toContain(`it holds: ${keyFile.fingerprint}`);
  const [offered] = await client.offeredKeys('main-repo');
  await expect(client.importPackageKey('main-repo', offered?.key ?? '', ['B'.repeat(40)])).rejects.toMatchObject({
    code: 'remote.other-key',
  });
  await expect(client.importPackageKey('nowhere', offered?.key ?? '', [keyFile.fingerprint])).rejects.toMatchObject({
    code: 'rpmmd.repo-not-found',
  });
  const spaced = keyFile.fingerprint.replace(/(.{4})/g, '$1 ').toLowerCase();
  const trusted = await cli('package-repo', 'import-key', 'main-repo', '--fingerprint', spaced);
  expect(trusted).toMatchObject({ code: 0, stdout: expect.stringContaining(`Trusted for main-repo: ${keyFile.fingerprint}`) as unknown });
  const { repos } = await client.packageRepos();
  expect(repos[0]?.keys).toMatchObject([{ fingerprint: keyFile.fingerprint, userIds: ['Packager <packager@example.org>'] }]);
  expect(repos[1]?.keys).toEqual([]);
  expect(readFileSync(path.join(etc, `treeline/package-keys/main-repo/${keyFile.fingerprint}.asc`), 'utf8')).toBe(keyFile.text);
  expect((await client.history(1))[0]).toMatchObject({ action: 'trust-key', subject: `main-repo: ${keyFile.fingerprint}` });
});

test('the command line searches in rpm-ostree’s words, and fetches first where nothing was', async () => {
  writeFileSync(repoFile('a.repo'), mainText(), 'latin1');
  await client.cleanup(['repomd']);
  const { code, stdout } = await cli('search', '--quiet', 'heavy');
  expect(code).toBe(0);
  expect(stdout).toBe(
    '\n===== Name Matched =====\nheavy-lifter : Lifts boxes\n\n===== Summary Matched =====\nbox : A thing for a Heavy-Lifter\nbox+lid : Heavy box\n',
  );
  expect((await cli('search', 'heavy-*', '*box*')).stdout).toBe('\n===== Summary & Name Matched =====\nheavy-lifter : Lifts boxes\n');
  expect((await cli('search', 'nothing-like-it')).stdout).toBe('No matches found.\n');
  expect((await cli('refresh-md', '--force')).code).toBe(0);
  // without the service
  expect((await cli('search', `--sysroot=${host.sysroot}`, 'heavy')).stdout).toBe(stdout);
  expect((await cli('package-repo', 'disable', 'main-repo')).code).toBe(0);
  expect(await ask('Search', 'heavy')).toEqual([]);
});
