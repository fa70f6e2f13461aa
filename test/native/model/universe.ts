// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRepo, makeRpms, type RpmSource } from '../../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../../fixtures/shell-package.ts';
import { appPackage, helperPackage, plainPackage } from '../../fixtures/small-system.ts';
import { ComposeFixture } from '../compose-fixture.ts';
import { sh } from '../sysroot-fixture.ts';

export const osname = 'modelos';
export const remote = 'origin';
export const branches = { stable: 'model/x86_64/stable', testing: 'model/x86_64/testing' } as const;
export type Branch = keyof typeof branches;
/** Where a simulated start finds the server's repository and the packages. */
export const serverInside = '/run/treeline-sim/server';
export const packagesInside = '/run/treeline-sim/packages';

export interface Base {
  readonly branch: Branch;
  readonly version: string;
  /** `name-version` of what it holds. */
  readonly packages: readonly string[];
  /** Of its kargs.d. */
  readonly dropIns: readonly string[];
  /** Whether a rebuilt initramfs tells the arguments of the base's own. */
  readonly initramfsArgs: readonly string[];
}

const common = ['dracut-1', 'filesystem-1', 'needed-1', 'testshell-1', 'tool-1'];

/** In the order of their publication. */
export const bases: readonly Base[] = [
  {
    branch: 'stable',
    version: '1',
    packages: ['app-1', 'kernel-1', 'leaf-1', ...common],
    dropIns: ['from1'],
    initramfsArgs: ['--omit', 'nfs'],
  },
  // leaf is gone, extra has come
  {
    branch: 'stable',
    version: '2',
    packages: ['app-2', 'extra-1', 'kernel-2', ...common],
    dropIns: ['all', 'from2=a'],
    initramfsArgs: ['--omit', 'nfs'],
  },
  { branch: 'testing', version: 't1', packages: ['app-1', 'kernel-3', 'leaf-1', ...common], dropIns: [], initramfsArgs: [] },
  { branch: 'testing', version: 't2', packages: ['app-2', 'kernel-3', 'leaf-1', ...common], dropIns: ['all'], initramfsArgs: [] },
];

/** What can be layered: what it brings, and the version of app that it wants. */
export const layerable: Readonly<Record<string, { readonly brings: readonly string[]; readonly app?: string; readonly needs?: string }>> = {
  plain: { brings: ['helper-1', 'plain-1'] },
  helper: { brings: ['helper-1'] },
  extra: { brings: ['extra-1'] },
  picky: { brings: ['picky-1'], app: '1' },
  needy: { brings: ['needy-1'], needs: 'tool-1' },
  // not a name: a file, a capability
  '/usr/share/solo': { brings: ['solo-1'] },
  'cap(solo)': { brings: ['solo-1'] },
};

const extraPackage: RpmSource = { name: 'extra', files: { '/usr/share/extra': 'extra' } };
const toolPackage: RpmSource = { name: 'tool', files: { '/usr/share/tool': 'tool' } };
const more: readonly RpmSource[] = [
  plainPackage,
  helperPackage,
  extraPackage,
  toolPackage,
  { name: 'needy', tags: ['Requires: tool'], files: { '/usr/share/needy': 'needy' } },
  { name: 'picky', tags: ['Requires: app = 1'], files: { '/usr/share/picky': 'picky' } },
  { name: 'solo', tags: ['Provides: cap(solo)'], files: { '/usr/share/solo': 'solo', '/etc/solo.conf': 'solo' } },
];

/** Says into the initramfs what it was called with, and what it saw of /etc. */
const dracut = `#!/bin/sh
for last; do :; done
{ echo "$@"; cat /etc/machine.conf 2>/dev/null || echo composed; } > /tmp/image
cat /tmp/image > "$last"
`;

/** A server with all bases and a sysroot with the first of them, made once; sequences work on copies. */
export class Universe {
  readonly #compose = new ComposeFixture();
  /** Checksums by version. */
  readonly commits: Record<string, string> = {};

  get server(): string {
    return this.#compose.repo;
  }

  get packages(): string {
    return path.join(this.#compose.directory, 'more');
  }

  get sysroot(): string {
    return path.join(this.#compose.directory, 'sysroot');
  }

  async make(): Promise<void> {
    const f = this.#compose;
    f.add(filesystemPackage, shellPackage(), { name: 'needed' }, extraPackage, {
      name: 'dracut',
      tags: ['Requires: testshell'],
      files: { '/usr/bin/dracut': { content: dracut, mode: '0755' } },
    });
    const leaf = {
      '/usr/share/leaf': { dir: true },
      '/usr/share/leaf/own': 'leaf',
      '/etc/leaf.conf': 'leaf',
      '/usr/share/app': 'shared',
    } as const;
    f.add({ name: 'leaf', files: leaf }, { name: 'tool', files: { '/usr/share/tool': 'tool' } });
    for (const base of bases) {
      const versionOf = (name: string): string => base.packages.find((each) => each.startsWith(`${name}-`))?.slice(name.length + 1) ?? '';
      const kernel = versionOf('kernel');
      f.add(
        { name: 'kernel', version: kernel, arch: 'x86_64', files: { [`/usr/lib/modules/6.${kernel}/vmlinuz`]: `kernel ${kernel}` } },
        appPackage(versionOf('app'), { tags: ['Requires: needed'], files: { ...appPackage('').files, '/usr/share/app': 'shared' } }),
      );
      const names = base.packages.map((each) => (/^(app|kernel)-/.test(each) ? each : each.replace(/-1$/, '')));
      const lines = [
        `ref: ${branches[base.branch]}`,
        `packages: [${names.join(', ')}]`,
        `automatic-version-prefix: "${base.version}"`,
        'container: false',
        ...(base.initramfsArgs.length > 0 ? [`initramfs-args: [${base.initramfsArgs.join(', ')}]`] : []),
        ...(base.dropIns.length > 0 ? ['add-files: [[model.toml, /usr/lib/bootc/kargs.d/model.toml]]'] : []),
      ];
      writeFileSync(path.join(f.directory, 'model.toml'), `kargs = ${JSON.stringify(base.dropIns)}\n`);
      const { checksum } = await f.compose(f.treefile(`${lines.join('\n')}\n`));
      this.commits[base.version] = checksum;
    }
    sh('ostree', `--repo=${this.server}`, 'summary', '--update');
    makeRpms(this.packages, [...more]);
    createRepo(this.packages);
    this.#install();
  }

  #install(): void {
    mkdirSync(this.sysroot);
    const first = this.commits['1'] ?? '';
    const repo = `--repo=${path.join(this.sysroot, 'ostree/repo')}`;
    const stable = branches.stable;
    sh('ostree', 'admin', 'init-fs', '--modern', this.sysroot);
    sh('ostree', 'admin', 'os-init', `--sysroot=${this.sysroot}`, osname);
    sh('ostree', repo, 'remote', 'add', '--set=gpg-verify=false', remote, `file://${serverInside}`);
    sh('ostree', repo, 'pull-local', `--remote=${remote}`, this.server, first);
    sh('ostree', repo, 'refs', `--create=${remote}:${stable}`, first);
    const kargs = ['--karg=root=LABEL=model', '--karg=quiet'];
    sh('ostree', 'admin', 'deploy', `--sysroot=${this.sysroot}`, `--os=${osname}`, ...kargs, `${remote}:${stable}`);
    const etc = path.join(this.sysroot, 'ostree/deploy', osname, 'deploy', `${first}.0`, 'etc');
    mkdirSync(path.join(etc, 'yum.repos.d'));
    writeFileSync(path.join(etc, 'yum.repos.d/more.repo'), `[more]\nname=More\nbaseurl=file://${packagesInside}\ngpgcheck=0\n`);
    writeFileSync(path.join(etc, 'machine.conf'), 'of this machine\n');
  }

  dispose(): void {
    sh('bash', '-c', `chattr -i '${this.sysroot}'/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    this.#compose.dispose();
  }
}
