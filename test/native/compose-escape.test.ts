import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';

// what a package's script may try against the machine that composes: its sandbox ends, and compose goes on as root

let f: ComposeFixture;
/** Stands for a directory of the machine. */
let machine: string;

beforeAll(() => {
  f = new ComposeFixture();
  machine = path.join(f.directory, 'machine');
  mkdirSync(machine);
  writeFileSync(path.join(machine, 'file'), 'the machine’s', { mode: 0o600 });
  f.add(filesystemPackage, shellPackage(), { name: 'user', files: { '/usr/lib/sysusers.d/evil.conf': 'u evil 666\n' } });
});
afterAll(() => f.dispose());

function untouched(): void {
  expect(readdirSync(machine)).toEqual(['file']);
  expect(readFileSync(path.join(machine, 'file'), 'utf8')).toBe('the machine’s');
  const { uid, mode } = lstatSync(path.join(machine, 'file'));
  expect([uid, mode & 0o7777]).toEqual([0, 0o600]);
}

/** A package whose script puts a link to the machine's directory at a place. */
function linkTo(name: string, place: string, phase = 'post', files = {}): void {
  f.add({
    name,
    tags: ['Requires: testshell', 'Requires: user'],
    files: { [`/usr/share/${name}`]: 'x', ...files },
    scripts: { [phase]: `rm -rf ${place}; mkdir -p $(echo ${place} | sed "s,/[^/]*$,,"); ln -s ${machine} ${place}` },
  });
}

test.each([
  ['tmpfiles', '/usr/lib/tmpfiles.d'],
  ['rpmdb', '/usr/share/rpm'],
  ['units', '/etc/systemd/system'],
  ['macros', '/usr/lib/rpm/macros.d'],
  ['factory', '/usr/share/factory'],
  ['modules', '/usr/lib/modules'],
])('a link where compose writes (%s) is refused', async (name, place) => {
  linkTo(name, place);
  const report = await f.failure(f.treefile(`packages: [${name}]\nref: test/x86_64/${name}\n`));
  expect(report.code).toBe('package.outside-tree');
  expect(report.detail).toContain(place.replace('/etc/', '/usr/etc/'));
  untouched();
});

test('a package that brings /etc as a link', async () => {
  f.add({ name: 'etclink', files: { '/etc': { link: machine } } });
  const report = await f.failure(f.treefile('packages: [etclink]\nref: test/x86_64/etclink\n'));
  expect(report).toMatchObject({ code: 'package.outside-tree' });
  untouched();
});

test('owners of files aren’t set through a link that %pre put there', async () => {
  linkTo('owner', '/usr/share/taken', 'pre', { '/usr/share/taken/file': { content: 'p', mode: '0666', user: 'evil' } });
  await f.compose(f.treefile('packages: [owner]\nref: test/x86_64/owner\n'));
  untouched();
});

test('remove-files and add-files don’t go through one', async () => {
  linkTo('edits', '/usr/share/edited');
  const removes = await f.failure(f.treefile('packages: [edits]\nref: test/x86_64/edits\nremove-files: [/usr/share/edited/file]\n'));
  expect(removes).toMatchObject({ code: 'package.outside-tree' });
  writeFileSync(path.join(f.directory, 'added'), 'added');
  const adds = await f.failure(f.treefile('packages: [edits]\nref: test/x86_64/edits\nadd-files: [[added, /usr/share/edited/file]]\n'));
  expect(adds).toMatchObject({ code: 'package.outside-tree' });
  untouched();
});

test('postprocess steps see the tree only', async () => {
  await f.compose(
    f.treefile(
      `packages: [testshell]\nref: test/x86_64/step\npostprocess: ["cat ${machine}/file > /usr/share/leak || echo nothing > /usr/share/leak"]\n`,
    ),
  );
  expect(f.cat('/usr/share/leak', 'test/x86_64/step')).toBe('nothing\n');
  expect(existsSync('/usr/share/leak')).toBe(false);
  untouched();
});
