// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  osExperimentalInterface,
  osInterface,
  sysrootInterface,
  treelineOsInterface,
  treelineSysrootInterface,
  type InterfaceSpec,
} from '../../shared/dbus/index.ts';
import { leftSockets, otherUser, startTestHost, testUser, type TestHost } from './host.ts';
import { os, sysroot } from './peer.ts';

const checksum = 'a'.repeat(64);
const deployment = `'testos-${checksum}.0'`;

/** Valid arguments for gdbus by argument name, then by type. */
const samples: Readonly<Record<string, string>> = {
  deployid0: deployment,
  deployid1: deployment,
  deployid: deployment,
  deployment_id: deployment,
  from_id: deployment,
  to_id: deployment,
  revision: `'${checksum}'`,
  refspec: "'test:test/stable'",
  elements: "['base']",
  options: '@a{sv} {}',
  modifiers: '@a{sv} {}',
  change: '@a{sv} {}',
  target: '@a{sv} {}',
  name: "'testos'",
  remote: "'test'",
  repo_id: "'updates'",
  settings: "{'enabled': '1'}",
  url: "'https://example.org/repo'",
  key: "'AAAA'",
  fingerprints: "['0123456789ABCDEF']",
  job_id: "'00000000-0000-0000-0000-000000000000'",
  from_checksum: `'${checksum}'`,
  to_checksum: `'${checksum}'`,
  etc_path: "'passwd'",
  tree_path: "'/usr/bin/sh'",
  seconds: 'uint32 600',
  size_bytes: 'uint64 4096',
  handle: `'${'0'.repeat(32)}:x.rpm'`,
  chunk: "'AAAA'",
};
const byType: Readonly<Record<string, string>> = {
  s: "''",
  as: '@as []',
  b: 'false',
  u: 'uint32 5',
  t: 'uint64 4102444800',
  'a{sv}': '@a{sv} {}',
  'a{ss}': '@a{ss} {}',
};

const objects: readonly (readonly [string, readonly InterfaceSpec[]])[] = [
  [sysroot, [sysrootInterface, treelineSysrootInterface]],
  [os, [osInterface, osExperimentalInterface, treelineOsInterface]],
];

const methods = objects.flatMap(([path, specs]) =>
  specs.flatMap((spec) =>
    Object.entries(spec.methods).map(([member, method]) => ({
      path,
      name: `${spec.name}.${member}`,
      reads: method.reads,
      args: method.in.map((arg) => samples[arg.name] ?? byType[arg.type] ?? "''"),
    })),
  ),
);

/** The only calls that need no permission. A new one has to be thought about here as well. */
const lookers = [
  'Sysroot.Reload',
  'Sysroot.GetOS',
  'Sysroot1.Snapshot',
  'Sysroot1.History',
  'Sysroot1.DiskUse',
  'Sysroot1.LastError',
  'Sysroot1.RestartBlockers',
  'Sysroot1.WhatsNew',
  'Sysroot1.Remotes',
  'Sysroot1.InspectKey',
  'Sysroot1.JobResult',
  'OS.GetDeploymentsRpmDiff',
  'OS.GetCachedDeployRpmDiff',
  'OS.GetCachedUpdateRpmDiff',
  'OS.GetCachedRebaseRpmDiff',
  'OS.GetDeploymentBootConfig',
  'OS.ListRepos',
  'OS.WhatProvides',
  'OS.GetPackages',
  'OS.Search',
  'OSExperimental.Moo',
  'OS1.UpdateDetails',
  'OS1.CompareDeployments',
  'OS1.ReviewSummary',
  // only what the same connection began
  'OS1.WriteUpload',
  'OS1.DropUpload',
  'OS1.EtcPreview',
  'OS1.EtcFile',
  'OS1.PackageVersions',
  'OS1.EtcDrift',
  'OS1.EtcOwnFile',
  'OS1.TreeDiff',
  'OS1.TreeFile',
  'OS1.Media',
  'OS1.PackageRepos',
  'OS1.DeploymentPackages',
  'OS1.PackageInfo',
  'OS1.FindPackages',
];

let host: TestHost;
const state = (): string =>
  execFileSync(
    'sh',
    [
      '-c',
      'ostree admin status --sysroot="$1"; find "$1/boot/loader/" -type f | sort | xargs cat; cat "$1"/ostree/repo/config; ls "$2"/*restart.json "$2"/whats-new.json 2>/dev/null || true',
      'sh',
      host.sysroot,
      path.join(host.dir, 'state'),
    ],
    {
      encoding: 'utf8',
    },
  );

describe('an unauthorised user', () => {
  let before = '';
  beforeAll(async () => {
    host = await startTestHost();
    before = state();
  });
  afterAll(() => host?.stop());

  test('the list of what merely looks is what it is (field report 20)', () => {
    const short = (name: string): string => name.split('.').slice(-2).join('.');
    expect(
      methods
        .filter((method) => method.reads)
        .map((method) => short(method.name))
        .sort(),
    ).toEqual([...lookers].sort());
  });

  test.each(methods.filter((method) => !method.reads))('is refused $name', async ({ path, name, args }) => {
    const refusal = await host.callAs(testUser, path, name, ...args).then(
      (answer) => `answered: ${answer}`,
      (error: Error & { stderr?: string }) => error.stderr ?? error.message,
    );
    expect(refusal).toMatch(/Error\.(NotAuthorized|AuthDenied)/);
    // no stack, no path of ours
    expect(refusal).not.toMatch(/\bat .*\.(mjs|ts)|node_modules/);
  });

  test('and nothing has changed, nothing is left behind', () => {
    expect(state()).toBe(before);
    expect(leftSockets(host)).toEqual([]);
  });

  test('can’t write a property, not even root can', async () => {
    const set = ['org.freedesktop.DBus.Properties.Set', "'org.projectatomic.rpmostree1.Sysroot'", "'Path'", "<'/tmp'>"] as const;
    for (const user of [testUser, 'root']) await expect(host.callAs(user, sysroot, ...set)).rejects.toThrow(/AuthDenied/);
    expect(
      await host.callAs(testUser, sysroot, 'org.freedesktop.DBus.Properties.Get', "'org.projectatomic.rpmostree1.Sysroot'", "'Path'"),
    ).toContain(host.sysroot);
  });

  test('may look', async () => {
    expect(await host.callAs(testUser, sysroot, 'org.treeline.Sysroot1.Snapshot')).toContain('testos');
  });
});

describe('with a rule for one user', () => {
  beforeAll(async () => {
    // the rule sees what exactly is asked for
    const rules = `polkit.addRule(function (action, subject) {
      if (action.id === 'org.projectatomic.rpmostree1.deploy' && subject.user === '${testUser}' && action.lookup('revision') === '${checksum}') return polkit.Result.YES;
      if (action.id === 'org.projectatomic.rpmostree1.install-uninstall-packages' && subject.user === '${testUser}') return polkit.Result.YES;
    });`;
    host = await startTestHost({ rules });
  });
  afterAll(() => host?.stop());

  test('the details decide: this revision yes, another no', async () => {
    const deploy = 'org.projectatomic.rpmostree1.OS.Deploy';
    expect(await host.callAs(testUser, os, deploy, `'${checksum}'`, '@a{sv} {}')).toMatch(/unix:path=/);
    await expect(host.callAs(testUser, os, deploy, `'${'b'.repeat(64)}'`, '@a{sv} {}')).rejects.toThrow(/NotAuthorized/);
    await expect(host.callAs(otherUser, os, deploy, `'${checksum}'`, '@a{sv} {}')).rejects.toThrow(/NotAuthorized/);
  });

  test('what this version can’t do is said after the permission, by name', async () => {
    const args = ["['htop']", "''"];
    const method = 'org.projectatomic.rpmostree1.OSExperimental.DownloadPackages';
    await expect(host.callAs(testUser, os, method, ...args)).rejects.toThrow(/DownloadPackages is not supported.*\[not-supported\]/);
    await expect(host.callAs(otherUser, os, method, ...args)).rejects.toThrow(/NotAuthorized/);
  });
});

describe('what a call changes together', () => {
  const override = 'org.projectatomic.rpmostree1.override';
  beforeAll(async () => {
    // whose password would do for each part is taken to have given it for both together; the other one may not override
    const rules = `polkit.addRule(function (action, subject) {
      if (action.id === '${override}' && subject.user === '${otherUser}') return polkit.Result.NO;
      if (action.id === 'org.treeline.change-together') return polkit.Result.YES;
      if (action.id === '${override}' || action.id === 'org.projectatomic.rpmostree1.install-uninstall-packages') return polkit.Result.AUTH_ADMIN;
    });`;
    host = await startTestHost({ rules });
  });
  afterAll(() => host?.stop());

  const change = (user: string, modifiers: string): Promise<string> =>
    host.callAs(user, os, 'org.projectatomic.rpmostree1.OS.UpdateDeployment', modifiers, "{'no-pull-base': <true>}");
  const both = "{'install-packages': <['htop']>, 'override-remove-packages': <['base']>}";

  test('is one question, unless a part of it is forbidden', async () => {
    expect(await change(testUser, both)).toMatch(/unix:path=/);
    await expect(change(otherUser, both)).rejects.toThrow(/NotAuthorized.*override/s);
  });

  test('one part alone is asked for as itself', async () => {
    await expect(change(testUser, "{'install-packages': <['htop']>}")).rejects.toThrow(/NotAuthorized.*install-uninstall/s);
  });
});

describe('without polkit', () => {
  beforeAll(async () => {
    host = await startTestHost({ polkit: false });
  });
  afterAll(() => host?.stop());

  test('nobody but root may change anything, everybody may look', async () => {
    await expect(host.callAs(testUser, os, 'org.projectatomic.rpmostree1.OS.Rollback', '@a{sv} {}')).rejects.toThrow(
      /NotAuthorized: Authorisation isn’t available.*\[auth\.unavailable\]/,
    );
    // a broken polkit is no reason to be locked out of one's own machine
    expect(await host.callAs('root', os, 'org.projectatomic.rpmostree1.OS.Rollback', '@a{sv} {}')).toMatch(/unix:path=/);
    expect(await host.callAs(testUser, sysroot, 'org.treeline.Sysroot1.Snapshot')).toContain('testos');
  });
});
