// SPDX-License-Identifier: LGPL-2.1-or-later
// Packages that can't be put onto a deployment's base: who says so, and what is left of the attempt; on a sysroot on tmpfs, judged by ostree.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeployOutcome } from '../../main/engine/jobs/index.ts';
import { errorLine, type ErrorReport } from '../../shared/errors/index.ts';
import { createRepo, makeRpm, makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, helperPackage, kernelPackage, plainPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { DeployedBase, refused, type UpgradeParams } from './deployed-base.ts';
import { buildOne, newKey, sign, stopAgent } from './rpm-build.ts';
import { job } from './sysroot-fixture.ts';

const ref = 'test/x86_64/base';
let f: ComposeFixture;
let system: DeployedBase;
/** Of packages that want signatures. */
let signed: string;
let home: string;

const script = (name: string, scripts: Record<string, string>): RpmSource => ({
  ...{ name, tags: ['Requires: helper'], scripts },
  files: { [`/usr/share/${name}`]: name },
});
const more: readonly RpmSource[] = [
  helperPackage,
  plainPackage,
  script('fails', { post: 'echo out of luck >&2; exit 3' }),
  script('fails-early', { pre: 'exit 4' }),
  script('fails-late', { posttrans: 'exit 5' }),
  script('fails-in-lua', { 'post -p <lua>': 'error("unhappy")' }),
  script('fails-triggered', { 'filetriggerin -- /usr/share/helper': 'exit 6' }),
  { name: 'in-the-way', tags: ['Requires: helper'], files: { '/usr/share/app': 'another' } },
  { name: 'same-as-plain', files: { '/usr/share/plain': 'not the same' } },
  { name: 'needy', tags: ['Requires: nobody-has-this >= 2', 'Requires: helper'] },
  { name: 'needs-needy', tags: ['Requires: needy'] },
  { name: 'foreign', arch: 's390x' },
  { name: 'fights', tags: ['Conflicts: testshell'] },
  { name: 'takes-over', version: '2', tags: ['Obsoletes: app < 2'] },
  { name: 'outside', files: { '/data/file': 'x' } },
  { name: 'grants', files: { '/usr/bin/grants': { content: 'x', mode: '4755', user: 'nobody-knows' } } },
  { name: 'cycle-a', tags: ['Requires: cycle-b'], files: { '/usr/share/cycle-a': 'a' }, scripts: { post: 'ls /usr/share/cycle-b' } },
  { name: 'cycle-b', tags: ['Requires: cycle-a'], files: { '/usr/share/cycle-b': 'b' }, scripts: { post: 'ls /usr/share/cycle-a' } },
];

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), kernelPackage('1'), appPackage('1'));
  await f.compose(f.treefile('packages: [app, kernel, filesystem, testshell]\ncontainer: false\nautomatic-version-prefix: "1"\n'));
  system = new DeployedBase(f.repo, ref, more);
  buildOne(system.more, 'latin', { install: "touch $(printf '%{buildroot}/usr/share/latin/caf\\351')" });
  createRepo(system.more);
  signed = path.join(system.scratch, 'signed');
  // short: gpg-agent's socket is in there
  home = mkdtempSync('/tmp/tlk-');
  const [right, other] = [newKey(home, 'rsa2048'), newKey(home, 'rsa3072')];
  makeRpms(signed, [{ name: 'unsigned' }, { name: 'replaced' }]);
  for (const [name, key] of [['good', right] as const, ['tampered', right] as const, ['foreign-key', other] as const])
    sign(makeRpm(signed, { name, files: { [`/usr/share/${name}`]: { content: randomBytes(64) } } }), home, key.id);
  flip(path.join(signed, 'tampered-1-1.noarch.rpm'), -9);
  createRepo(signed);
  makeRpm(signed, { name: 'replaced', files: { '/usr/share/replaced': 'another' } });
  stopAgent(home);
  const pki = path.join(await system.root(), 'etc/pki');
  mkdirSync(pki, { recursive: true });
  const keys = { right: right.armoured, other: other.armoured, both: Buffer.concat([other.binary, right.binary]) };
  for (const [name, key] of Object.entries(keys)) writeFileSync(path.join(pki, `${name}.asc`), key);
  mkdirSync(path.join(system.scratch, 'damaged/repodata'), { recursive: true });
  writeFileSync(path.join(system.scratch, 'damaged/repodata/repomd.xml'), 'no xml at all');
});
afterAll(() => {
  system[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
  f.dispose();
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[bytes.length + at] = (bytes.at(at) ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
}

let messages: string[] = [];
async function change(params: UpgradeParams, on = system): Promise<DeployOutcome> {
  const { result, events } = await job('update.upgrade', { ...on.os, noPullBase: true, ...params });
  messages = events.flatMap((event) => (event.type === 'message' ? [event.text] : []));
  return result;
}
const install = (...packages: string[]): UpgradeParams => ({ change: { install: packages } });

const repoOf = (id: string, directory: string, lines = 'gpgcheck=0'): string =>
  `[${id}]\nname=${id}\nbaseurl=${directory.startsWith('http') ? directory : `file://${path.join(system.scratch, directory)}`}\n${lines}\n`;
const dead = (lines = ''): string => repoOf('dead', 'http://127.0.0.1:9/', `gpgcheck=0\n${lines}`);
const checked = (key: string): string => repoOf('signed', 'signed', `gpgcheck=1\ngpgkey=file:///etc/pki/${key}`);

interface Refusal {
  readonly asked: UpgradeParams;
  /** Further package repositories, by .repo lines. */
  readonly repos?: () => string;
  readonly code: string;
  /** What the sentence that a person reads names: package, repository, cause, and what can be done. */
  readonly says: readonly string[];
}

const broken = (name: string, scriptlet: string, more: Partial<Refusal> = {}): Refusal => ({
  ...{ asked: install(name), code: 'compose.script-failed' },
  says: [`${name}-1-1.noarch`, scriptlet, 'leave the package out'],
  ...more,
});

const refusals: Record<string, Refusal> = {
  'a repository that can’t be reached': {
    ...{ asked: install('plain'), repos: () => dead(), code: 'rpmmd.unreachable' },
    says: ['dead', '--disablerepo=dead'],
  },
  'a repository that was left out, which may have had the package': {
    ...{ asked: install('nowhere'), repos: () => dead('skip_if_unavailable=1'), code: 'package.not-found' },
    says: ['“nowhere”', 'dead', 'couldn’t be asked'],
  },
  'a repository that was left out, which may have had what a package needs': {
    ...{ asked: install('needy'), repos: () => dead('skip_if_unavailable=1'), code: 'package.dependency-missing' },
    says: ['needy-1-1.noarch', 'nobody-has-this >= 2', 'dead', 'couldn’t be asked'],
  },
  'a repository whose metadata are damaged': {
    ...{ asked: install('plain'), repos: () => repoOf('damaged', 'damaged'), code: 'rpmmd.corrupt' },
    says: ['damaged', '--disablerepo=damaged'],
  },
  'a wrong value in a .repo file (field report 22)': {
    ...{ asked: install('plain'), repos: () => repoOf('wrong', 'signed', 'gpgcheck=perhaps'), code: 'repo-file.invalid-value' },
    says: ['more.repo:', 'gpgcheck', 'perhaps', 'Correct the value'],
  },
  'a file name that isn’t UTF-8 (field report 3)': {
    ...{ asked: install('latin'), code: 'package.bad-file-name', says: ['latin-1-1.noarch', 'caf\\xe9', 'Rebuild'] },
  },
  'a repository that isn’t defined': {
    ...{ asked: { ...install('plain'), enablerepo: ['nonesuch'] }, code: 'rpmmd.repo-not-found', says: ['“nonesuch”', 'Check the name'] },
  },
  'a package without the signature that its repository wants': {
    ...{ asked: install('unsigned'), repos: () => checked('right.asc'), code: 'package.unsigned' },
    says: ['unsigned-1-1.noarch', 'signed', 'gpgcheck=0'],
  },
  'a package of another key': {
    ...{ asked: install('foreign-key'), repos: () => checked('right.asc'), code: 'package.key-missing' },
    says: ['foreign-key-1-1.noarch', 'package-repo keys signed'],
  },
  'a key that fits nothing of its repository': {
    ...{ asked: install('good'), repos: () => checked('other.asc'), code: 'package.key-missing' },
    says: ['good-1-1.noarch', 'package-repo keys signed'],
  },
  'a key file that isn’t there': {
    ...{ asked: install('good'), repos: () => checked('nowhere.asc'), code: 'package.key-missing' },
    says: ['good-1-1.noarch', 'package-repo keys signed'],
  },
  'a package that was changed after it was signed': {
    ...{ asked: install('tampered'), repos: () => checked('right.asc'), code: 'package.signature-invalid' },
    says: ['tampered-1-1.noarch', 'signed', 'Don’t use it'],
  },
  'a package that isn’t the one that was listed': {
    ...{ asked: install('replaced'), repos: () => checked('right.asc'), code: 'package.corrupt' },
    says: ['replaced-1-1.noarch', 'signed', 'Fetch it again'],
  },
  'a package for other machines': {
    ...{ asked: install('foreign'), code: 'package.other-architecture', says: ['foreign', 's390x', 'leave the package out'] },
  },
  'a package that nobody has': { asked: install('nowhere'), code: 'package.not-found', says: ['“nowhere”', 'Check the name'] },
  'a file of the base': {
    ...{ asked: install('in-the-way'), code: 'package.file-conflict' },
    says: ['/usr/share/app', 'app-1-1.noarch', 'in-the-way-1-1.noarch', 'Leave one of them out'],
  },
  'a file of another package that comes along': {
    ...{ asked: install('plain', 'same-as-plain'), code: 'package.file-conflict' },
    says: ['/usr/share/plain', 'plain-1-1.noarch', 'same-as-plain-1-1.noarch'],
  },
  'a %post that fails': broken('fails', '%post', {
    says: ['fails-1-1.noarch', '%post', 'out of luck', 'leave the package out'],
  }),
  'a %pre that fails': broken('fails-early', '%pre'),
  'a %posttrans that fails': broken('fails-late', '%posttrans'),
  'a lua script that fails': broken('fails-in-lua', '%post'),
  'a file trigger that fails': broken('fails-triggered', '%filetriggerin'),
  'a requirement that nothing meets': {
    ...{ asked: install('needs-needy'), code: 'package.dependency-missing' },
    says: ['needy-1-1.noarch', 'nobody-has-this >= 2', 'leave the package out'],
  },
  'a package that conflicts with the base': {
    ...{ asked: install('fights'), code: 'package.conflict', says: ['fights-1-1.noarch', 'testshell', 'Leave one of them out'] },
  },
  'a package that replaces one of the base': {
    ...{ asked: install('takes-over'), code: 'layer.base-would-change' },
    says: ['takes-over-2-1.noarch', 'app-1-1.noarch', 'Leave it out'],
  },
  'a package with files outside of the system': {
    ...{ asked: install('outside'), code: 'package.outside-tree', says: ['outside-1-1.noarch', '/data/file', 'Leave it out'] },
  },
  'a program with rights that belongs to nobody': {
    ...{ asked: install('grants'), code: 'package.unknown-owner', says: ['grants-1-1.noarch', 'nobody-knows', 'leave the package out'] },
  },
};

const said = (report: ErrorReport): { code: string; line: string } => ({ code: report.code, line: errorLine(report) });

test.each(Object.entries(refusals))('%s: named with what can be done, and nothing is left of the attempt', async (_, refusal) => {
  const { asked, repos, code, says } = refusal;
  await system.setRepos(`${system.repoText}${repos?.() ?? ''}`);
  const before = await system.unchanged();
  for (const more of [{}, { dryRun: true }]) {
    // a plan looks at no package's content
    if ('dryRun' in more && !/^(rpmmd\.(?!unreach)|layer\.|package\.(not|other|dep|conf))/.test(code)) continue;
    const { code: found, line } = said(await refused(change({ ...asked, ...more })));
    expect({ code: found, missing: says.filter((each) => !line.includes(each)), line }).toEqual({ code, missing: [], line });
    expect(await system.unchanged()).toEqual(before);
  }
});

describe('what works in spite of it', () => {
  test('a dead repository is left out for one run, or by itself, and named then', async () => {
    await system.setRepos(`${system.repoText}${dead()}`);
    expect((await change({ ...install('helper'), disablerepo: ['dead'] })).layer?.added.map(({ name }) => name)).toEqual(['helper']);
    await system.setRepos(`${system.repoText}${dead('skip_if_unavailable=1')}`);
    expect((await change(install('plain'))).layer?.added.map(({ name }) => name)).toEqual(['helper', 'plain']);
    expect(messages).toContainEqual(expect.stringMatching(/dead: Cannot download/));
    // what asks for no package asks no repository
    await system.setRepos(`${system.repoText}${dead()}`);
    expect(await change({ change: { uninstall: ['helper', 'plain'] } })).toMatchObject({ changed: true });
  });

  test('packages that need each other', async () => {
    await system.setRepos(system.repoText);
    expect((await change(install('cycle-a'))).layer?.added.map(({ name }) => name)).toEqual(['cycle-a', 'cycle-b']);
    await change({ change: { uninstall: ['cycle-a'] } });
  });

  test('a key that fits, and another one instead: packages are checked with what counts now', async () => {
    await system.setRepos(`${system.repoText}${checked('right.asc')}`);
    expect((await change(install('good'))).layer?.added.map(({ name }) => name)).toEqual(['good']);
    const before = await system.unchanged();
    await system.setRepos(`${system.repoText}${checked('other.asc')}`);
    expect(await refused(change(install('plain')))).toMatchObject({ code: 'package.key-missing', subject: 'good-1-1.noarch' });
    expect(await system.unchanged()).toEqual(before);
    await system.setRepos(`${system.repoText}${checked('both.asc')}`);
    expect((await change(install('plain'))).layer?.added.map(({ name }) => name)).toEqual(['good', 'helper', 'plain']);
    system.ostree('fsck', '--quiet');
    await change({ change: { uninstall: ['good', 'plain'] } });
  });

  test('a package of a server that has to be checked anew is fetched anew, where its file isn’t kept', async () => {
    const server = createServer((request, response) => {
      const file = path.join(system.scratch, request.url ?? '');
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/signed`;
      const by = (key: string): string => repoOf('signed', url, `gpgcheck=1\ngpgkey=file:///etc/pki/${key}`);
      await system.setRepos(`${system.repoText}${by('right.asc')}`);
      await change(install('good'));
      await job('sysroot.cleanup', { ...system.os, elements: ['repomd'] });
      await system.setRepos(`${system.repoText}${by('both.asc')}`);
      expect((await change(install('plain'))).layer?.added.map(({ name }) => name)).toEqual(['good', 'helper', 'plain']);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('a full disk', () => {
  let small: DeployedBase;
  let files = 0;
  beforeAll(() => {
    const packages: RpmSource[] = [
      helperPackage,
      // no compression makes it smaller
      { name: 'big', tags: ['Requires: helper'], files: { '/usr/share/big': { content: randomBytes(6 << 20) } } },
      { name: 'fills', tags: ['Requires: helper'], scripts: { post: 'while cat /usr/bin/* >> /usr/share/filling; do :; done; exit 1' } },
    ];
    small = new DeployedBase(f.repo, ref, packages, '', '80m');
    small.ostree('config', 'set', 'core.min-free-space-percent', '0');
  });
  afterAll(() => small[Symbol.dispose]());

  const free = (): number => {
    const { bavail, bsize } = statfsSync(small.scratch);
    return bavail * bsize;
  };
  /** Leave this much. */
  const fill = (mebibytes: number): void =>
    writeFileSync(path.join(small.scratch, `filling-${files++}`), Buffer.alloc(free() - (mebibytes << 20)));

  test.each([
    ['for a script’s work', 'fills', 12, { package: 'fills-1-1.noarch' }],
    ['for a package', 'big', 2, {}],
  ])('%s: said so, and nothing is left of the attempt', async (_, name, left, facts) => {
    fill(left);
    const before = await small.unchanged();
    const room = free();
    const report = await refused(change(install(name), small));
    expect([report.code, report.facts ?? {}, errorLine(report)]).toEqual([
      'disk.full',
      expect.objectContaining(facts),
      expect.stringContaining('Free some space'),
    ]);
    expect(await small.unchanged()).toEqual(before);
    expect(free()).toBeGreaterThan(room - (1 << 20));
    small.ostree('fsck', '--quiet');
  });

  test('with room again the same works', async () => {
    for (let i = 0; i < files; i++) rmSync(path.join(small.scratch, `filling-${i}`));
    expect((await change(install('big'), small)).layer?.added.map(({ name }) => name)).toEqual(['big', 'helper']);
  });
});
