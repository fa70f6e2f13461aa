// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installPlainHost, plainRepoInside, publishPlain, type PlainHost } from '../../main/demo/plain-releases.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, helperPackage, kernelPackage, plainPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from '../native/compose-fixture.ts';

const stateroot = 'plain';
const packages = 'packages';

/** Its own configuration: a directory that isn't everybody's, and what is in it. */
const ownEtc = { directory: 'etc/more.d', mode: 0o750, file: 'etc/more.d/own.conf', text: 'shipped '.repeat(1000) };

const layered = {
  ...plainPackage,
  files: { ...plainPackage.files, [`/${ownEtc.directory}`]: { dir: true, mode: '0750' }, [`/${ownEtc.file}`]: ownEtc.text },
};

/** A host as makePlainHost() makes it, of packages, so that others can be put onto it: `plain`, which needs `helper`. Releases 1 and 3; the second is the third. */
export async function makeLayeredHost(dir: string): Promise<PlainHost> {
  const f = new ComposeFixture();
  const repo = path.join(dir, 'repo');
  const host = { repo, sysroot: path.join(dir, 'sysroot'), stateroot, remote: 'plain', ref: 'plain/x86_64/stable' };
  try {
    const commits: string[] = [];
    f.add(shellPackage());
    for (const version of ['1', '3']) {
      const osRelease = `ID=plain\nVERSION_ID=${version}\nPRETTY_NAME="Plain OS ${version}"\n`;
      f.add(kernelPackage(version), appPackage(version), {
        ...filesystemPackage,
        version,
        files: { ...filesystemPackage.files, '/usr/lib/os-release': osRelease, '/etc/plain.d/user-edits.conf': 'vendor default\n' },
      });
      const text = `ref: ${host.ref}\npackages: [app, kernel, filesystem, testshell]\ncontainer: false\nautomatic-version-prefix: "${version}"\n`;
      commits.push((await f.compose(f.treefile(text))).checksum);
    }
    execFileSync('cp', ['-a', f.repo, repo]);
    const [first = '', last = ''] = commits;
    makeRpms(path.join(repo, packages), [layered, helperPackage]);
    createRepo(path.join(repo, packages));
    mkdirSync(host.sysroot, { recursive: true });
    const made = { ...host, commits: [first, last, last] };
    await publishPlain(made, 1);
    await installPlainHost(made);
    const etc = path.join(host.sysroot, 'ostree/deploy', stateroot, 'deploy', `${first}.0`, 'etc');
    mkdirSync(path.join(etc, 'yum.repos.d'));
    writeFileSync(
      path.join(etc, 'yum.repos.d/more.repo'),
      `[more]\nname=More\nbaseurl=file://${plainRepoInside}/${packages}\ngpgcheck=0\n`,
    );
    return made;
  } finally {
    f.dispose();
  }
}

const files = ['usr/share/plain', 'usr/share/plain-post', 'usr/share/helper', 'usr/etc/more.d/own.conf'];

/** What is half-done of the packages in a deployment: they are there, and asked for, or they aren't. Empty: nothing. `wanted`: they must be. */
export function halfLayered(deployment: string, wanted: boolean): string[] {
  const said = execFileSync('rpm', ['--root', deployment, '--dbpath', '/usr/share/rpm', '-qa', '--qf', '%{name}\n'], { encoding: 'utf8' });
  const origin = readFileSync(`${deployment}.origin`, 'utf8');
  const signs = {
    ...Object.fromEntries(files.map((name) => [name, existsSync(path.join(deployment, name))])),
    ...Object.fromEntries(['plain', 'helper'].map((name) => [`rpm -q ${name}`, said.split('\n').includes(name)])),
    origin: origin.includes('requested=plain;'),
  };
  const there = wanted || signs.origin;
  return Object.entries(signs).flatMap(([sign, is]) => (is === there ? [] : [`${sign} is ${is}`]));
}

/** What is half-done in the /etc of a deployment of what was brought into the running system: it is there whole, or not at all. `wanted`: it must be there. */
export function halfLive(deployment: string, wanted: boolean): string[] {
  const { directory, mode, file, text } = ownEtc;
  const above = lstatSync(path.join(deployment, directory), { throwIfNoEntry: false });
  const is = existsSync(path.join(deployment, file)) ? readFileSync(path.join(deployment, file), 'utf8') : undefined;
  const wrong = above && (above.mode & 0o7777) !== mode ? [`/${directory} has the mode ${(above.mode & 0o7777).toString(8)}`] : [];
  if (is !== undefined && is !== text) wrong.push(`/${file} has ${is.length} bytes`);
  if (wanted && is === undefined) wrong.push(`/${file} is missing`);
  return wrong;
}
