// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ComposeOutcome } from '../../main/engine/jobs/index.ts';
import { errorLine } from '../../shared/errors/index.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture, composeFails, composeOk } from './compose-fixture.ts';

/**
 * What rpm-ostree's own tests of its compose commands look at and no other test here does; docs/compatibility.md lists all of their groups. Two composes give
 * the trees for all cases.
 */
let f: ComposeFixture;
let first: ComposeOutcome;
let second: ComposeOutcome;
let refsBefore: string;
let log: string[];
const at = (name: string): string => path.join(f.directory, name);
/** `echo | sha256sum`: a commit of some other repository. */
const elsewhere = '01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b';

function layer(branch: string, files: Readonly<Record<string, string>>): void {
  const directory = mkdtempSync(at('layer-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  }
  const owner = ['--owner-uid=0', '--owner-gid=0', '--no-xattrs'];
  execFileSync('ostree', [`--repo=${f.repo}`, 'commit', ...owner, `--branch=${branch}`, `--tree=dir=${directory}`], { stdio: 'ignore' });
  rmSync(directory, { recursive: true });
}

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(
    shellPackage(),
    filesystemPackage,
    {
      name: 'app',
      tags: ['Requires: dep'],
      files: {
        '/usr/bin/app': { content: 'app', user: 'app', mode: '0755' },
        '/opt/megacorp/bin/app': 'a',
        '/etc/hosts': 'h',
        '/etc/default/useradd': 'HOME=/home\nSHELL=/bin/sh\n',
        '/usr/lib/systemd/system/plain.service': '[Service]\nExecStart=/bin/true\n',
        '/usr/lib/systemd/system/multi-user.target': '[Unit]\n',
        '/usr/lib/systemd/system/ostree-finalize-staged.path': '[Path]\n',
        '/var/lib/alternatives': { dir: true },
      },
      scripts: {
        post: 'cat /usr/lib/systemd/system-preset/10-layer.preset > /usr/share/seen; id -u layered >> /usr/share/seen; touch /var/lib/alternatives/app',
      },
    },
    { name: 'dep', files: { '/usr/share/dep': 'd' } },
    { name: 'dep', version: '2', files: { '/usr/share/dep': 'd2' } },
    { name: 'new', files: { '/usr/share/new': 'n' } },
    {
      name: 'transient',
      files: { '/usr/lib/ostree/prepare-root.conf': '# of ostree-prepare-root(1)\n[etc]\ntransient=false\n[root]\ntransient=true\n' },
    },
  );
  layer('layer', {
    'usr/lib/sysusers.d/layer.conf': 'u layered 470 "Of a layer"\nu app 471\n',
    'usr/lib/systemd/system-preset/10-layer.preset': 'enable app.service\n',
  });
  layer('override', { 'usr/bin/app': 'sweet new app' });
  // as some editors write it
  writeFileSync(at('test.repo'), `\uFEFF[test]\nbaseurl=file://${f.packages}\ngpgcheck=0\n`);
  writeFileSync(at('added'), 'added');
  refsBefore = f.refs();
  const common = 'selinux: false\ncontainer: true\nrepos: [test]\n';
  writeFileSync(
    at('first.yaml'),
    `${common}packages: [testshell, filesystem, app, dep-1, transient]\nostree-layers: [layer]\nostree-override-layers: [override]\n`,
  );
  first = await f.compose(at('first.yaml'), { parent: elsewhere, writeComposejsonTo: at('first.json'), touchIfChanged: at('touched') });
  writeFileSync(
    at('second.yaml'),
    `${common}ref: test/second\npackages: [testshell, filesystem, app, dep, new]\nostree-layers: [layer]\nunits: [plain.service]\n` +
      'default-target: multi-user.target\nremove-files: [etc/hosts, usr/share/dep]\nadd-files: [[added, /etc/hosts]]\n' +
      'postprocess: ["test ! -e /usr/share/dep; cat /etc/hosts > /usr/share/hosts; echo again > /usr/share/dep"]\nautomatic-version-prefix: "7"\n',
  );
  const more = { parent: first.checksum, writeCommitidTo: at('commitid'), writeComposejsonTo: at('second.json') };
  second = await f.compose(at('second.yaml'), more);
  log = [...f.messages];
});
afterAll(() => f.dispose());

test('without a ref, and with --write-commitid-to: only a commit, no branch, no summary', () => {
  expect(f.refs()).toBe(refsBefore);
  expect([first.ref, second.ref]).toEqual(['', '']);
  expect(readFileSync(at('commitid'), 'utf8')).toBe(second.checksum);
  expect(existsSync(path.join(f.repo, 'summary'))).toBe(false);
  expect(existsSync(at('touched'))).toBe(true);
  f.fsck();
});

test('--parent may be a commit that the repository doesn’t have; what isn’t a checksum must be there', async () => {
  expect(f.ostree('show', first.checksum)).toContain(`Parent:  ${elsewhere}`);
  expect(f.ostree('show', second.checksum)).toContain(`Parent:  ${first.checksum}`);
  expect(await f.failure(at('first.yaml'), { parent: 'no/such/branch' })).toMatchObject({
    code: 'repo.revision-not-found',
    subject: 'no/such/branch',
  });
});

/** What coreos-assembler's schema of meta.json (v1.json) allows of these files, in our words: nothing that it doesn't know. */
const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['ostree-commit', 'ostree-content-checksum', 'ostree-timestamp', 'rpm-ostree-inputhash'],
  properties: {
    ref: { type: 'string', minLength: 1 },
    'ostree-version': { type: 'string', minLength: 1 },
    'ostree-timestamp': { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' },
    ...Object.fromEntries(
      ['ostree-commit', 'ostree-content-checksum', 'rpm-ostree-inputhash'].map((key) => [
        key,
        { type: 'string', pattern: '^[0-9a-f]{64}$' },
      ]),
    ),
    ...Object.fromEntries(
      ['n-metadata-total', 'n-metadata-written', 'n-content-total', 'n-content-written', 'n-cache-hits', 'content-bytes-written'].map(
        (key) => [`ostree-${key}`, { type: 'integer', minimum: 0 }],
      ),
    ),
    pkgdiff: { type: 'array' },
  },
};

test('--write-composejson-to: the keys and forms that coreos-assembler takes, with what is so', () => {
  const valid = new Ajv().compile(schema);
  const [one, two] = ['first.json', 'second.json'].map((name) => JSON.parse(readFileSync(at(name), 'utf8')) as Record<string, unknown>);
  for (const facts of [one, two]) expect(valid(facts), JSON.stringify(valid.errors)).toBe(true);
  expect(Object.keys(two ?? {})).toEqual(expect.arrayContaining(Object.keys(schema.properties).filter((key) => key !== 'ref')));
  expect(f.ostree('show', second.checksum)).toContain(`ContentChecksum:  ${String(two?.['ostree-content-checksum'])}`);
  expect(two).toMatchObject({ 'ostree-commit': second.checksum, 'ostree-version': '7', 'rpm-ostree-inputhash': second.inputhash });
  // its parent isn't there: there is nothing to compare with
  expect(one).not.toHaveProperty('pkgdiff');
  expect(one).not.toHaveProperty('ostree-version');
  expect(two?.['pkgdiff']).toEqual([
    ['dep', 2, { PreviousPackage: ['dep', '1-1', 'noarch'], NewPackage: ['dep', '2-1', 'noarch'] }],
    ['new', 0, { NewPackage: ['new', '1-1', 'noarch'] }],
    ['transient', 1, { PreviousPackage: ['transient', '1-1', 'noarch'] }],
  ]);
  // counted in a repository that holds nothing else
  const alone = at('alone');
  execFileSync('ostree', [`--repo=${alone}`, 'init', '--mode=archive']);
  execFileSync('ostree', [`--repo=${alone}`, 'pull-local', '--depth=0', f.repo, second.checksum], { stdio: 'ignore' });
  const objects = readdirSync(path.join(alone, 'objects'), { recursive: true, encoding: 'utf8' }).map((name) => path.extname(name));
  const metadata = objects.filter((kind) => ['.dirtree', '.dirmeta', '.commit'].includes(kind)).length;
  expect(two).toMatchObject({
    'ostree-n-metadata-total': metadata,
    'ostree-n-content-total': objects.filter((kind) => kind === '.filez').length,
  });
  expect(two?.['ostree-n-content-written']).toBeLessThan(Number(two?.['ostree-n-content-total']));
  // the layers' three files were in the repository
  expect(Number(one?.['ostree-n-content-total']) - Number(one?.['ostree-n-content-written'])).toBe(3);
  expect(one?.['ostree-content-bytes-written']).toBeGreaterThan(100_000);
  expect(one?.['ostree-n-cache-hits']).toBeGreaterThan(20);
});

test('layers come before the scripts, which see their presets and users; what an override layer replaced is its own', () => {
  expect(f.cat('/usr/share/seen', first.checksum)).toBe('enable app.service\n470\n');
  expect(f.cat('/usr/lib/passwd', first.checksum)).toContain('layered:x:470:470:Of a layer:');
  expect(f.cat('/usr/bin/app', first.checksum)).toBe('sweet new app');
  expect(f.list(first.checksum).get('/usr/bin/app')).toBe('-00644 0 0 13');
  expect(f.list(second.checksum).get('/usr/bin/app')).toBe('-00755 471 0 3');
});

test('a transient root has directories where mounts and other software go', () => {
  const list = f.list(first.checksum);
  for (const name of ['/opt', '/mnt', '/media', '/srv', '/usr/local']) expect(list.get(name), name).toBe('d00755 0 0');
  expect(list.get('/tmp')).toBe('d01777 0 0');
  expect(list.get('/opt/megacorp/bin/app')).toBe('-00644 0 0 1');
  expect(list.get('/home')).toBe('l00777 0 0 -> var/home');
  expect(list.get('/root')).toBe('l00777 0 0 -> var/roothome');
  expect(f.cat('/usr/lib/tmpfiles.d/rpm-ostree-0-integration.conf', first.checksum)).not.toMatch(/\/var\/(opt|mnt|srv|usrlocal)/);
  expect(f.list(second.checksum).get('/opt')).toBe('l00777 0 0 -> var/opt');
});

test('remove-files come before add-files, and both before postprocess', () => {
  expect(f.cat('/usr/etc/hosts', second.checksum)).toBe('added');
  expect(f.cat('/usr/share/hosts', second.checksum)).toBe('added');
  expect(f.cat('/usr/share/dep', second.checksum)).toBe('again\n');
});

test('units, default target, ostree’s own units, useradd, alternatives, treefile and base database are where rpm-ostree has them', () => {
  const list = f.list(second.checksum);
  expect(list.get('/usr/etc/systemd/system/multi-user.target.wants/plain.service')).toContain('-> /usr/lib/systemd/system/plain.service');
  expect(list.get('/usr/lib/systemd/system/default.target')).toContain('-> /usr/lib/systemd/system/multi-user.target');
  expect(list.get('/usr/lib/systemd/system/multi-user.target.wants/ostree-finalize-staged.path')).toContain(
    '-> ../ostree-finalize-staged.path',
  );
  expect(list.has('/usr/lib/systemd/system/multi-user.target.wants/ostree-remount.service')).toBe(false);
  expect(f.cat('/usr/etc/default/useradd', second.checksum)).toBe('HOME=/var/home\nSHELL=/bin/sh\n');
  expect(list.has('/usr/lib/alternatives/app')).toBe(true);
  const treefile = JSON.parse(f.cat('/usr/share/rpm-ostree/treefile.json', second.checksum)) as Record<string, unknown>;
  expect(treefile).toMatchObject({ ref: 'test/second', 'add-files': [['added', '/etc/hosts']], basearch: 'x86_64' });
  expect(f.ostree('ls', '-C', second.checksum, '/usr/lib/sysimage/rpm-ostree-base-db/rpmdb.sqlite').split(/\s+/)[4]).toBe(
    f.ostree('ls', '-C', second.checksum, '/usr/share/rpm/rpmdb.sqlite').split(/\s+/)[4],
  );
});

test('what is installed is in the log', () => {
  const from = log.indexOf('Installing 5 packages:');
  expect(log.slice(from + 1, from + 6)).toEqual(
    ['app-1-1.noarch', 'dep-2-1.noarch', 'filesystem-1-1.noarch', 'new-1-1.noarch', 'testshell-1-1.x86_64'].map(
      (nevra) => `  ${nevra} (test)`,
    ),
  );
});

test('a package that is excluded and needed is named with the one that needs it', async () => {
  writeFileSync(at('excluded.yaml'), 'repos: [test]\npackages: [app]\nexclude-packages: [dep]\n');
  const report = await f.failure(at('excluded.yaml'), { dryRun: true });
  expect(report).toMatchObject({ code: 'package.excluded', subject: 'dep', key: 'exclude-packages' });
  expect(errorLine(report)).toContain('app-1-1.noarch needs dep');
});

test('--print-only asks for no repository, every other run does', async () => {
  expect(JSON.parse(await composeOk('tree', '--print-only', at('second.yaml')))).toMatchObject({
    ref: 'test/second',
    units: ['plain.service'],
  });
  expect(await composeFails('tree', at('second.yaml'))).toContain('--repo');
});
