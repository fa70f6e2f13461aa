// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { createRepo, makeRpm } from '../fixtures/make-rpm.ts';
import { shellPackage } from '../fixtures/shell-package.ts';
import { root } from './rpm-build.ts';

export const fcos = path.join(root, 'test/fixtures/fcos');

interface Lock {
  readonly evr?: string;
  readonly evra?: string;
}
const read = (name: string): Record<string, Lock> =>
  (parse(readFileSync(path.join(fcos, name), 'utf8')) as { readonly packages: Record<string, Lock> }).packages;

/** Name -> `[epoch:]version-release.arch` that the lock files give together. */
export function lockedPackages(): Map<string, string> {
  const locked = new Map(Object.entries(read('manifest-lock.x86_64.json')).map(([name, { evra = '' }]) => [name, evra]));
  for (const [name, { evr = '' }] of Object.entries(read('manifest-lock.overrides.yaml'))) {
    const arch = locked.get(name)?.split('.').at(-1) ?? '';
    locked.set(name, `${evr}.${arch}`);
  }
  return locked;
}

const kernel = '6.11.3-200.fc40.x86_64';
/** What the manifest's scripts and keys want of certain packages. */
const files: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'kernel-core': { [`/usr/lib/modules/${kernel}/vmlinuz`]: 'vmlinuz' },
  'rpm-ostree': { '/etc/rpm-ostreed.conf': '[Daemon]\n' },
  'fedora-release-common': { '/usr/lib/os-release': 'NAME=Fedora\nVERSION="40 (CoreOS)"\nVERSION_ID=40\nPRETTY_NAME="Fedora CoreOS 40"\n' },
  'nss-altfiles': { '/usr/lib64/libnss_altfiles.so.2': '' },
  'cracklib-dicts': { '/usr/share/cracklib/pw_dict': 'x' },
  'grub2-tools': { '/etc/grub.d/08_fallback_counting': 'x', '/etc/grub.d/40_custom': 'x' },
  'iptables-nft': { '/etc/alternatives/iptables': 'x' },
  systemd: {
    '/usr/bin/systemd-firstboot': 'x',
    '/usr/lib/systemd/system/multi-user.target': '[Unit]\n',
    '/usr/lib/systemd/system/systemd-firstboot.service': '[Unit]\n',
  },
  bash: { '/usr/lib/.build-id/aa/bb': 'x', '/usr/share/man/man1/bash.1': 'x', '/usr/share/doc/bash/README': 'x' },
  setup: {
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/sbin/nologin\n',
    '/etc/group': 'root:x:0:\nwheel:x:10:\nnobody:x:65534:\n',
  },
  'shadow-utils': { '/etc/default/useradd': 'GROUP=100\nHOME=/home\n' },
  ostree: { '/usr/lib/systemd/system/ostree-remount.service': '[Unit]\n' },
};

/** Names that the manifest asks for and no package has. */
const provided: Readonly<Record<string, string>> = { 'iptables-nft': 'iptables', 'grub2-pc': 'grub2', 'shim-x64': 'shim' };

/** Programs that only say that they ran. */
const stubs = ['systemctl', 'setsebool', 'bootupctl'];
const tools = ['bash', 'env', 'find', 'realpath', 'cp', 'grep', 'tee', 'dirname', 'basename'];

/** One spec for all of them: a run of rpmbuild for each takes minutes. */
function spec(locked: ReadonlyMap<string, string>): string {
  const lines = [
    'Name: fcos-stubs',
    'Version: 1',
    'Release: 1',
    'Summary: stubs',
    'License: MIT',
    '%description',
    'For tests.',
    '%install',
  ];
  const sections: string[] = [];
  for (const [name, evra] of locked) {
    const [, epoch, version = '', release = '', arch = ''] = /^(?:(\d+):)?([^-]+)-(.+)\.([^.]+)$/.exec(evra) ?? [];
    const own = files[name] ?? {};
    for (const [file, content] of Object.entries(own))
      lines.push(
        `mkdir -p "%{buildroot}${path.dirname(file)}"`,
        `printf '%%b' '${content.replaceAll('\n', '\\n')}' > "%{buildroot}${file}"`,
      );
    sections.push(
      ...[`%package -n ${name}`, `Version: ${version}`, `Release: ${release}`, `Summary: Stub of ${name}`],
      ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
      ...(arch === 'noarch' ? ['BuildArch: noarch'] : []),
      ...(provided[name] === undefined ? [] : [`Provides: ${provided[name]}`]),
      ...(name === 'kernel' ? ['Requires: kernel-core'] : []),
      ...(name === 'fedora-release-coreos' ? [...locked.keys()].filter((each) => each !== name).map((each) => `Requires: ${each}`) : []),
      ...[`%description -n ${name}`, 'For tests.', `%files -n ${name}`, ...Object.keys(own)],
    );
  }
  const install = lines.slice(lines.indexOf('%install'));
  return [
    ...lines.slice(0, lines.indexOf('%description')),
    'AutoReqProv: no',
    '%description',
    'For tests.',
    ...sections,
    ...install,
    '',
  ].join('\n');
}

/** A repository with a stub of every locked package, and one with newer ones that no lock names. Made once, and kept as long as its sources don't change. */
export function fcosRepositories(): { readonly pool: string; readonly updates: string } {
  const locked = lockedPackages();
  const text = spec(locked);
  const hash = createHash('sha256')
    .update(text)
    .update(readFileSync(path.join(import.meta.dirname, 'fcos-packages.ts')))
    .digest('hex')
    .slice(0, 12);
  const out = path.join(root, '.cache/test/fcos', hash);
  const [pool, updates] = [path.join(out, 'pool'), path.join(out, 'updates')];
  if (existsSync(out)) return { pool, updates };
  const work = `${out}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(path.join(work, 'pool'), { recursive: true });
  writeFileSync(path.join(work, 'stubs.spec'), text);
  const defines = {
    ...{
      _topdir: work,
      _rpmdir: path.join(work, 'pool'),
      _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
      buildroot: path.join(work, 'root'),
    },
    ...{ _build_id_links: 'none', debug_package: '%{nil}', __os_install_post: '%{nil}', _binary_payload: 'w0.gzdio', _buildhost: 'test' },
    source_date_epoch_from_changelog: '0',
  };
  execFileSync(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      '--nodeps',
      '--target',
      'x86_64',
      ...Object.entries(defines).flatMap(([k, v]) => ['--define', `${k} ${v}`]),
      path.join(work, 'stubs.spec'),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000', LC_ALL: 'C.UTF-8' } },
  );
  // what the manifest's scripts run; outside of the pool, from which only locked packages come
  const shell = shellPackage(tools);
  const stub = (name: string): [string, { content: string; mode: string }] => [
    `/usr/bin/${name}`,
    { content: `#!/usr/bin/sh\necho "$0 $*" >> /usr/share/ran\n`, mode: '0755' },
  ];
  mkdirSync(path.join(work, 'updates'));
  makeRpm(path.join(work, 'updates'), {
    ...shell,
    name: 'fcos-tools',
    tags: ['AutoReqProv: no'],
    files: {
      ...shell.files,
      ...Object.fromEntries(stubs.map(stub)),
      '/usr/bin/dracut': { content: '#!/usr/bin/sh\nfor last; do :; done\necho initramfs > "$last"\n', mode: '0755' },
      ...Object.fromEntries(['bin', 'sbin', 'lib', 'lib64'].map((name) => [`/${name}`, { symlink: `usr/${name}` }])),
      '/etc/os-release': { symlink: '../usr/lib/os-release' },
      '/usr/sbin': { dir: true },
    },
  });
  for (const name of ['podman', 'zincati']) makeRpm(path.join(work, 'updates'), { name, version: '99', arch: 'x86_64' });
  createRepo(path.join(work, 'pool'));
  createRepo(path.join(work, 'updates'));
  for (const name of readdirSync(work))
    if (name !== 'pool' && name !== 'updates') rmSync(path.join(work, name), { recursive: true, force: true });
  // those of older sources
  if (existsSync(path.dirname(out)))
    for (const name of readdirSync(path.dirname(out)))
      if (/^[0-9a-f]{12}$/.test(name)) rmSync(path.join(path.dirname(out), name), { recursive: true, force: true });
  renameSync(work, out);
  return { pool, updates };
}
