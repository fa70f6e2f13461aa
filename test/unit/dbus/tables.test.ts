// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import {
  actionTable,
  osExperimentalInterface,
  osInterface,
  refspecProblem,
  revisionProblem,
  sysrootInterface,
  treelineOsInterface,
  treelineSysrootInterface,
  Variant,
  type InterfaceSpec,
} from '../../../shared/dbus/index.ts';
import { treelineVersion } from '../../../shared/domain/index.ts';

const system = path.resolve(import.meta.dirname, '../../../assets/system');
const interfaces: readonly InterfaceSpec[] = [
  sysrootInterface,
  osInterface,
  osExperimentalInterface,
  treelineSysrootInterface,
  treelineOsInterface,
];
const yes = new Variant('b', true);

function actionsOf(member: string, args: readonly unknown[], verified = true, policy = 'none'): readonly string[] {
  const method = interfaces.map((spec) => spec.methods[member]).find(Boolean);
  return (method?.actions(args, { verified, policy }) ?? []).map((id) => id.replace('org.projectatomic.rpmostree1.', ''));
}

describe('permissions', () => {
  test('every method asks for at least one known action or is marked as merely looking', () => {
    for (const spec of interfaces) {
      for (const [member, method] of Object.entries(spec.methods)) {
        const args = method.in.map((arg) => (arg.type.startsWith('a{') ? {} : arg.type === 'as' ? [] : ''));
        const actions = method.actions(args, { verified: true, policy: 'none' });
        expect(actions.length === 0, `${spec.name}.${member}`).toBe(method.reads);
        for (const action of actions) expect(actionTable).toHaveProperty([action]);
      }
    }
  });

  test('an update of a signed source is the active user’s; whatever goes further is asked for by its own name', () => {
    expect(actionsOf('Upgrade', [{}])).toEqual(['upgrade']);
    expect(actionsOf('Upgrade', [{ reboot: yes }])).toEqual(['upgrade', 'org.treeline.restart']);
    expect(actionsOf('Upgrade', [{}], false)).toEqual(['org.treeline.upgrade-unverified']);
    expect(actionsOf('Upgrade', [{ 'allow-downgrade': yes }])).toEqual(['deploy']);
    expect(actionsOf('Upgrade', [{ 'allow-downgrade': new Variant('b', false) }])).toEqual(['upgrade']);
    expect(actionsOf('UpdateDeployment', [{}, {}])).toEqual(['upgrade']);
    expect(actionsOf('UpdateDeployment', [{ 'set-refspec': new Variant('s', 'a:b') }, {}])).toEqual(['rebase']);
    expect(actionsOf('UpdateDeployment', [{ 'install-local-packages': new Variant('ah', []) }, {}])).toEqual(['install-local-packages']);
    expect(
      actionsOf('UpdateDeployment', [{ 'override-remove-packages': new Variant('as', []), 'install-packages': new Variant('as', []) }, {}]),
    ).toEqual(['override', 'install-uninstall-packages']);
    expect(actionsOf('UpdateDeployment', [{}, { 'no-layering': yes, 'no-overrides': yes }])).toEqual([
      'install-uninstall-packages',
      'override',
    ]);
    expect(actionsOf('AutomaticUpdateTrigger', [{ mode: new Variant('s', 'check') }])).toEqual(['org.treeline.check']);
    expect(actionsOf('Upgrade', [{ 'treeline-medium': new Variant('s', '/mnt') }])).toEqual(['upgrade']);
    expect(actionsOf('Restart', [{}])).toEqual(['org.treeline.restart']);
    expect(actionsOf('Restart', [{ 'ignore-blockers': yes }])).toEqual(['org.treeline.restart-anyway']);
    expect(actionsOf('BootOnce', ['x', {}])).toEqual(['rollback']);
    expect(actionsOf('ImportKey', ['x', 'AAAA', ['0123456789ABCDEF'], {}])).toEqual(['org.treeline.trust-key']);
  });

  test('what was put onto the base goes with the permission for that only, whatever method the option comes with', () => {
    const noLayering = { 'no-layering': yes };
    expect(actionsOf('Upgrade', [noLayering])).toEqual(['upgrade', 'install-uninstall-packages']);
    expect(actionsOf('Upgrade', [noLayering], false)).toEqual(['org.treeline.upgrade-unverified', 'install-uninstall-packages']);
    expect(actionsOf('Upgrade', [{ 'no-overrides': yes, 'no-initramfs': yes }])).toEqual(['upgrade', 'override', 'bootconfig']);
    expect(actionsOf('AutomaticUpdateTrigger', [noLayering])).toEqual(['upgrade', 'install-uninstall-packages']);
    expect(actionsOf('Deploy', ['x', noLayering])).toEqual(['deploy', 'install-uninstall-packages']);
    expect(actionsOf('Rebase', [noLayering, 'a:b', []])).toEqual(['rebase', 'install-uninstall-packages']);
    expect(actionsOf('Rebase', [{}, 'a:b', ['vim']])).toEqual(['rebase', 'install-uninstall-packages']);
    expect(actionsOf('PkgChange', [{ 'no-overrides': yes }, ['vim'], []])).toEqual(['install-uninstall-packages', 'override']);
    expect(actionsOf('SetInitramfsState', [true, [], noLayering])).toEqual(['bootconfig', 'install-uninstall-packages']);
    expect(osInterface.methods.SetInitramfsState.intent([true, [], noLayering])).toMatch(/drop/);
    expect(osInterface.methods.Upgrade.intent([noLayering])).toMatch(/drop/);
    expect(osInterface.methods.Rebase.intent([{}, 'a:b', ['vim']])).toMatch(/install vim/);
    expect(osInterface.methods.Rebase.details([{}, 'a:b', ['vim']])).toEqual({ refspec: 'a:b', added: 'vim' });
  });

  test('who sets off the automatic policy with options has what they ask for asked', () => {
    expect(actionsOf('AutomaticUpdateTrigger', [{ 'allow-downgrade': yes }])).toEqual(['deploy']);
    expect(actionsOf('AutomaticUpdateTrigger', [{ mode: new Variant('s', 'check'), 'allow-downgrade': yes }])).toEqual([
      'org.treeline.check',
    ]);
  });

  test('packages with another base of a source without signatures are an unverified update, too', () => {
    const install = { 'install-packages': new Variant('as', ['vim']) };
    expect(actionsOf('UpdateDeployment', [install, {}], false)).toEqual(['install-uninstall-packages', 'org.treeline.upgrade-unverified']);
    expect(actionsOf('UpdateDeployment', [install, { 'no-pull-base': yes }], false)).toEqual(['install-uninstall-packages']);
    expect(actionsOf('UpdateDeployment', [install, {}])).toEqual(['install-uninstall-packages']);
    const rebase = { ...install, 'set-refspec': new Variant('s', 'a:b') };
    expect(actionsOf('UpdateDeployment', [rebase, {}], false)).toEqual(['install-uninstall-packages', 'rebase']);
  });

  test('the polkit files say what the table says', () => {
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });
    const written: Record<string, unknown> = {};
    for (const file of readdirSync(system).filter((name) => name.endsWith('.policy'))) {
      const { policyconfig } = parser.parse(readFileSync(path.join(system, file), 'utf8')) as {
        policyconfig: { action: { id: string; description: string; message: string; defaults: Record<string, string> }[] };
      };
      for (const { id, description, message, defaults } of policyconfig.action) {
        written[id] = { description, message, any: defaults.allow_any, inactive: defaults.allow_inactive, active: defaults.allow_active };
      }
    }
    expect(written).toEqual(actionTable);
  });
});

describe('arguments', () => {
  test.each(['fedora:fedora/43/x86_64/silverblue', 'a/b', 'r_1.x:b+c', 'ostree://r:a/b'])('refspec %s', (text) =>
    expect(refspecProblem(text)).toBeUndefined(),
  );
  test.each(['', 'a b', '-x', 'a:', ':b', 'a:/b', 'a:b/', 'a:b\n', 'a:b:c', 'ostree://', 'http://a/b', 'docker://a/b'])(
    'no refspec: %j',
    (text) => expect(refspecProblem(text)).toBeDefined(),
  );
  test.each(['43.2026', 'version=1', ':', 'f'.repeat(64)])('revision %s', (text) => expect(revisionProblem(text)).toBeUndefined());
  test.each(['', ' ', 'vim\n[origin]', 'a\u0000b', 'x'.repeat(600)])('no request: %j', (text) => {
    const list = new Variant('as', [text]);
    expect(osInterface.methods.PkgChange.problem([{}, [text], []])).toMatch(/no package/);
    expect(osInterface.methods.PkgChange.problem([{}, [], [text]])).toMatch(/no package/);
    expect(osInterface.methods.Rebase.problem([{}, 'a:b', [text]])).toMatch(/no package/);
    for (const name of ['install-packages', 'uninstall-packages', 'override-remove-packages', 'override-reset-packages'])
      expect(osInterface.methods.UpdateDeployment.problem([{ [name]: list }, {}])).toMatch(/no package/);
  });
  test.each(['vim', 'glibc-langpack-*', '/usr/bin/vim', 'pkgconfig(x) >= 1', '@group', 'a;b'])('request %j', (text) =>
    expect(osInterface.methods.PkgChange.problem([{}, [text], []])).toBeUndefined(),
  );
  test.each(['', '--help', 'a\u0000b', 'x'.repeat(600)])('no revision: %j', (text) => expect(revisionProblem(text)).toBeDefined());
});

test('one version everywhere', () => {
  const { version } = JSON.parse(readFileSync(path.resolve(system, '../../package.json'), 'utf8')) as { version: string };
  expect(treelineVersion).toBe(version);
  expect(readFileSync(path.join(system, 'org.treeline.Treeline.metainfo.xml'), 'utf8')).toContain(`<release version="${version}"`);
});
