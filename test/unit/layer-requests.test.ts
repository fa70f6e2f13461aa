// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import type { LayerChange } from '../../main/engine/base/ports/layers.ts';
import { changeRequests } from '../../main/engine/layering/change-requests.ts';
import { needOwnTree, readRequests, writeRequests } from '../../main/engine/layering/requests.ts';

const digest = 'a'.repeat(64);
/** As rpm-ostree writes one with everything. */
const full = `# by hand
[origin]
baserefspec=fedora:fedora/40/x86_64/silverblue
override-commit=${'b'.repeat(64)}

[packages]
requested=libvirt;fish;
requested-local=${digest}:foo-1:1.2-3.x86_64;
requested-local-fileoverride=${digest}:bar-1-1.noarch;

[overrides]
remove=docker;
replace=repo=updates,systemd,systemd-libs;repo=other,kernel;
replace-local=${digest}:gtk+-2.0-1.x86_64;

[rpmostree]
regenerate-initramfs=true
initramfs-args=-I;/etc/foobar.conf;
initramfs-etc=/etc/cmdline.d/foobar.conf;

[unknown]
key=value
`;
const changed = (text: string, change: LayerChange): string => writeRequests(text, changeRequests(readRequests(text), change));
const refusal = (text: string, change: LayerChange): unknown => {
  try {
    return changed(text, change);
  } catch (error) {
    return error;
  }
};

test('what nobody changes stays as it was written', () => {
  expect(changed(full, {})).toBe(full);
  const odd = '[origin]\nrefspec=a:b\n\n[packages]\n# none yet\n';
  expect(changed(odd, {})).toBe(odd);
});

test('a base that something comes onto is called baserefspec, and refspec again when that is gone', () => {
  const with1 = changed('[origin]\nrefspec=a:b\n', { install: ['vim'] });
  expect(with1).toBe('[origin]\nbaserefspec=a:b\n\n[packages]\nrequested=vim;\n');
  expect(changed(with1, { uninstall: ['vim'] })).toBe('[origin]\nrefspec=a:b\n');
  // files for the initramfs need no tree of one's own
  expect(needOwnTree(readRequests('[origin]\nrefspec=a:b\n[rpmostree]\ninitramfs-etc=/etc/x;\n'))).toBe(false);
});

test('everything is dropped where that is asked for, and nothing else', () => {
  const left = readRequests(changed(full, { noLayering: true, noOverrides: true, noInitramfs: true }));
  expect(left).toEqual(readRequests(''));
  expect(changed(full, { noLayering: true })).toContain('replace=repo=updates,systemd,systemd-libs;repo=other,kernel;');
  expect(changed(full, { noOverrides: true })).toContain('requested=libvirt;fish;');
  expect(changed(full, { noOverrides: true })).toContain('[unknown]\nkey=value');
});

describe('names', () => {
  test.each(['foo', 'foo.x86_64', 'foo-1:1.2-3', 'foo-1.2-3.x86_64', 'foo-1:1.2-3.x86_64'])('a local package goes by %s', (spec) => {
    expect(readRequests(changed(full, { uninstall: [spec] })).local).toEqual([]);
  });

  test('one with + in its name is reset by it', () => {
    expect(readRequests(changed(full, { overrideReset: ['gtk+'] })).localReplacements).toEqual([]);
  });

  test('a request is taken as it was written: globs, versions, files, what a list’s own signs are', () => {
    const odd = ['a;b', 'vim*', '/usr/bin/x', 'pkg >= 1', 'back\\slash'];
    const text = changed('[origin]\nrefspec=a:b\n', { install: odd });
    expect(readRequests(text).packages).toEqual(odd);
    expect(readRequests(changed(text, { uninstall: odd })).packages).toEqual([]);
  });

  test('a package of a repository takes the place of that of another one, and repositories without any go', () => {
    const text = changed(full, { overrideReplace: [{ repo: 'updates', packages: ['kernel'] }] });
    expect(readRequests(text).replacements).toEqual([{ repo: 'updates', packages: ['systemd', 'systemd-libs', 'kernel'] }]);
  });
});

test('the newest wish about a package of the base is the one that counts', () => {
  const local = { nevra: 'systemd-9-1.x86_64', sha256: digest };
  const overrides = (change: LayerChange): object => {
    const { removals, replacements, localReplacements } = changeRequests(readRequests(full), change);
    return {
      removals,
      replacements: replacements.map(({ packages }) => packages.join(' ')),
      local: localReplacements.map(({ nevra }) => nevra),
    };
  };
  expect(overrides({ overrideReplaceLocal: [local] })).toEqual({
    removals: ['docker'],
    replacements: ['systemd-libs', 'kernel'],
    local: ['gtk+-2.0-1.x86_64', 'systemd-9-1.x86_64'],
  });
  expect(overrides({ overrideReplace: [{ repo: 'updates', packages: ['docker', 'gtk+'] }] })).toEqual({
    removals: [],
    replacements: ['systemd systemd-libs docker gtk+', 'kernel'],
    local: [],
  });
  expect(overrides({ overrideRemove: ['kernel'] })).toMatchObject({
    removals: ['docker', 'kernel'],
    replacements: ['systemd systemd-libs'],
  });
});

test('where packages come from in words of tomorrow stays written', () => {
  const text = '[origin]\nbaserefspec=a:b\n\n[overrides]\nreplace=vendor=x,foo;\n';
  expect(changed(text, { install: ['vim'] })).toContain('replace=vendor=x,foo;');
});

test('a package of a file is asked for once, whatever its files may do', () => {
  const after = changeRequests(readRequests(full), { installLocalForced: [{ nevra: 'foo-1:2-1.x86_64', sha256: digest }] });
  expect([after.local, after.localFileoverrides.map(({ nevra }) => nevra)]).toEqual([[], ['bar-1-1.noarch', 'foo-1:2-1.x86_64']]);
});

test.each<[LayerChange, string, string]>([
  [{ install: ['fish'] }, 'layer.already-requested', 'fish'],
  [{ uninstall: ['vim'] }, 'layer.not-requested', 'vim'],
  [{ overrideReset: ['fish'] }, 'layer.no-override', 'fish'],
  [{ overrideRemove: ['docker'] }, 'layer.already-requested', 'docker'],
])('%j is refused by name', (change, code, subject) => {
  expect(refusal(full, change)).toMatchObject({ code, report: { subject } });
});

test('with idempotent what is there or gone already is no error', () => {
  expect(changed(full, { install: ['fish'], uninstall: ['vim'], idempotent: true })).toBe(full);
});
