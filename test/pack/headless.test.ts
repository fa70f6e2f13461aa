// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRpms } from '../fixtures/make-rpm.ts';
import { buildPackages, busConfiguration, ScratchSystem, until } from './scratch-system.ts';
import { treelineVersion } from '../../shared/domain/index.ts';

const work = mkdtempSync('/dev/shm/treeline-pack-test-');
const out = path.join(work, 'packages');
const text = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const ourUnits = [
  'treelined.service',
  'treelined-automatic.service',
  'treelined-automatic.timer',
  'treeline-keep-failure.service',
  'rpm-ostreed-automatic.timer',
  'rpm-ostree-bootstatus.service',
];
/** By rpm-ostree's names. */
const aliases = ['rpm-ostreed.service', 'rpm-ostreed-automatic.service'];

let rpm = '';
let deb = '';
let again: string[];

beforeAll(() => {
  const packages = buildPackages(out, '--headless');
  rpm = packages.find((file) => file.endsWith('.rpm')) ?? '';
  deb = packages.find((file) => file.endsWith('.deb')) ?? '';
  again = buildPackages(path.join(work, 'again'), '--headless').map(sha256);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('the Debian package', () => {
  let system: ScratchSystem;
  let before: string[];
  beforeAll(async () => {
    system = await ScratchSystem.start();
    system.put(deb, '/tmp/treeline-headless.deb');
    before = system.changes();
    system.run('dpkg', '--install', '/tmp/treeline-headless.deb');
  });
  afterAll(() => system.stop());

  it('installs with its dependencies satisfied, and its files are as packed', () => {
    expect(system.run('dpkg-query', '--show', '--showformat=${db:Status-Status}', 'treeline-headless')).toBe('installed');
    expect(system.run('dpkg', '--verify', 'treeline-headless')).toBe('');
  });

  it('has a command line that runs', () => {
    expect(system.run('treeline', '--version')).toContain(`Version: '${treelineVersion}'`);
    const status = system.try('treeline', '--sysroot', '/tmp', 'status');
    // by way of worker, koffi and libostree
    expect(status.output).toContain('Not an OSTree system.');
    expect(status.status).toBe(1);
  });

  it('is rpm-ostree for whoever calls that', () => {
    const version = system.run('rpm-ostree', '--version');
    expect(version).toMatch(/^rpm-ostree:\n Version: '20\d\d\.\d+'\n/);
    expect(system.run('rpm-ostree', 'upgrade', '--help')).toContain('Usage: rpm-ostree upgrade');
    expect(system.run('rpm-ostree', 'shlib-backend', 'get-basearch')).toMatch(/^(x86_64|aarch64|ppc64le|riscv64)\n$/);
    expect(system.try('rpm-ostree', 'override', 'replace', '--freeze', 'vim')).toMatchObject({
      status: 1,
      output: expect.stringContaining('--freeze is not supported'),
    });
    const of = /Version: '(.*)'/.exec(version)?.[1] ?? '';
    expect(system.run('dpkg-query', '--show', '--showformat=${Provides} ${Conflicts} ${Replaces}', 'treeline-headless')).toBe(
      `rpm-ostree (= ${of}) rpm-ostree rpm-ostree`,
    );
    expect(text('rpm', '-qp', '--provides', rpm)).toContain(`rpm-ostree = ${of}\n`);
    // what needs it can be installed
    const needs = `Package: needs\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDepends: rpm-ostree (>= 2022.16)\nDescription: x\n`;
    mkdirSync(path.join(system.root, 'tmp/needs/DEBIAN'), { recursive: true });
    writeFileSync(path.join(system.root, 'tmp/needs/DEBIAN/control'), needs);
    system.run('dpkg-deb', '--build', '--root-owner-group', '/tmp/needs', '/tmp/needs.deb');
    system.run('dpkg', '--install', '/tmp/needs.deb');
    system.run('dpkg', '--purge', 'needs');
  });

  it('has a service that the system bus starts, with its interfaces', async () => {
    system.run('mkdir', '-p', '/run/dbus', '/run/treeline');
    const config = path.join(work, 'bus.conf');
    writeFileSync(config, busConfiguration);
    system.put(config, '/tmp/bus.conf');
    system.spawn('dbus-daemon', '--config-file=/tmp/bus.conf', '--nofork', '--nopidfile');
    await until(() => system.try('test', '-S', '/run/dbus/system_bus_socket').status === 0);
    const object = '/org/projectatomic/rpmostree1/Sysroot';
    const seen = system.run('gdbus', 'introspect', '--system', '--dest', 'org.projectatomic.rpmostree1', '--object-path', object);
    expect(seen).toContain('interface org.projectatomic.rpmostree1.Sysroot');
    expect(seen).toContain('interface org.treeline.Sysroot1');
    // the policy lets root alone be the service
    const dry = system.try('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'gdbus', 'call', '--system', ...requestName);
    expect(dry.output).toContain('org.freedesktop.DBus.Error.AccessDenied');
  });

  it('has actions that polkit understands', async () => {
    const polkitd = ['/usr/lib/polkit-1/polkitd', '/usr/libexec/polkitd'].find((file) => system.try('test', '-x', file).status === 0) ?? '';
    system.spawn(polkitd, '--no-debug');
    const show = (): string => system.try('pkaction', '--verbose', '--action-id', 'org.treeline.trust-key').output;
    await until(() => show().includes('implicit active'));
    expect(show()).toMatch(/implicit active: +auth_admin\n/);
    expect(system.run('pkaction').match(/^org\.(treeline|projectatomic\.rpmostree1)\..*$/gm)?.length).toBeGreaterThan(20);
  });

  it('has units that systemd understands, and the timer is on', () => {
    expect(system.run('systemd-analyze', 'verify', ...[...ourUnits, ...aliases].map((unit) => `/usr/lib/systemd/system/${unit}`))).toBe('');
    expect(system.run('systemctl', 'is-enabled', 'treelined-automatic.timer').trim()).toBe('enabled');
    for (const unit of aliases) expect(system.try('systemctl', 'is-enabled', unit).output.trim()).toMatch(/^(alias|static)$/);
    system.run('systemctl', 'enable', 'rpm-ostreed-automatic.timer');
    expect(system.run('systemctl', 'is-enabled', 'rpm-ostreed-automatic.timer').trim()).toBe('enabled');
    system.run('systemctl', 'disable', 'rpm-ostreed-automatic.timer');
    const service = system.run('cat', '/usr/lib/systemd/system/treelined.service');
    // a worker that writes boot entries must not be killed: /boot is frozen in that moment
    for (const line of ['KillMode=process', 'SendSIGKILL=no', 'Type=dbus']) expect(service).toContain(`${line}\n`);
  });

  it('has its user, its directories and its manuals', () => {
    expect(system.run('getent', 'passwd', 'treeline')).toContain('nologin');
    system.run('systemd-tmpfiles', '--create', 'treeline.conf');
    expect(system.run('stat', '--format=%a %U', '/var/lib/treeline', '/run/treeline')).toBe('755 root\n711 root\n');
    for (const [page, section] of [
      ['treeline', '1'],
      ['treeline-treefile', '5'],
      ['treelined', '8'],
    ] as const) {
      const file = system.run('man', '--where', section, page).trim();
      expect(system.run('sh', '-c', `zcat ${file} | groff -man -ww -Tutf8 -z`), page).toBe('');
      expect(system.run('man', '--pager=cat', section, page)).toContain('DESCRIPTION');
    }
  });

  it('leaves its configuration when it is removed, and nothing when it is purged', () => {
    const untold =
      /^-?\/var\/(lib\/dpkg|log|cache\/man|lib\/systemd)|^-?\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^\/etc\/(ld\.so\.cache|\.pwd\.lock)$/;
    const left = (): string[] => system.changes().filter((change) => !before.includes(change) && !untold.test(change));
    system.run('dpkg', '--remove', 'treeline-headless');
    expect(left().filter((change) => !change.endsWith('-> /dev/null') && !change.startsWith('/etc/systemd/system/timers'))).toEqual([
      '/etc/treeline/treelined.conf',
    ]);
    system.run('dpkg', '--purge', 'treeline-headless');
    expect(left()).toEqual([]);
  });
});

describe('the RPM', () => {
  const installed = path.join(work, 'root');
  beforeAll(() => {
    mkdirSync(installed, { recursive: true });
    text('rpm', '--dbpath', '/var/lib/rpm', '--root', installed, '--install', '--nodeps', '--noscripts', rpm);
  });

  it('says what it needs, in names of Fedora and of packages converted from Debian', () => {
    const requires = text('rpm', '-qp', '--requires', rpm);
    for (const each of ['nodejs >= 20.11', '(ostree-libs or libostree-1-1)', '(libdnf or libdnf2 or libdnf2t64)', 'bubblewrap']) {
      expect(requires).toContain(`${each}\n`);
    }
    // nothing was found out by rpm itself
    expect(requires).not.toContain('.so');
    expect(requires).not.toContain('/usr/bin');
  });

  it.each([
    ['Fedora', ['ostree-libs', 'rpm-libs', 'libdnf', 'libarchive', 'libseccomp', 'glib2', 'libcap', 'libstdc++', 'polkit']],
    ['Debian', ['libostree-1-1', 'librpm9', 'libdnf2', 'libarchive13', 'libseccomp2', 'libglib2.0-0', 'libcap2', 'libstdc++6', 'polkitd']],
  ])('is resolved by dnf among packages with the names of %s', (family, names) => {
    const repo = path.join(work, `repo-${family}`);
    mkdirSync(repo, { recursive: true });
    const stub = (name: string, version = '1'): { name: string; version: string } => ({ name, version });
    makeRpms(repo, [
      stub('nodejs', '20.20.2'),
      ...['rpm', 'bubblewrap', 'gzip', 'zstd', 'util-linux', 'dbus', ...names].map((name) => stub(name)),
    ]);
    makeRpms(repo, [{ name: 'shell', tags: ['Provides: /bin/sh'] }]);
    copyFileSync(rpm, path.join(repo, path.basename(rpm)));
    text('createrepo_c', '--quiet', repo);
    const words = ['--setopt=reposdir=/nowhere', `--repofrompath=local,file://${repo}`, '--setopt=local.gpgcheck=0', '--releasever=1'];
    const { stdout, stderr } = spawnSync(
      'dnf',
      [...words, `--installroot=${work}/resolve-${family}`, '--assumeno', 'install', 'treeline-headless'],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout, stderr).toContain('treeline-headless');
    expect(stdout, stderr).toMatch(new RegExp(`Install +${names.length + 9} Packages`));
  });

  it('owns its files and folders, all root’s, none writable for others', () => {
    const files = text(
      'rpm',
      '-qp',
      '--queryformat',
      '[%{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILENAMES}\n]',
      rpm,
    );
    const lines = files.trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^(40755|100644|100755|120777) root root /);
    expect(lines).toContain('100644 root root cn /etc/treeline/treelined.conf');
    expect(lines).toContain('100755 root root  /usr/libexec/treeline/treelined');
    // folders of the distribution aren't ours
    const folders = lines.filter((line) => line.startsWith('4')).map((line) => line.split(' ').at(-1));
    expect(folders.every((folder) => folder?.includes('treeline'))).toBe(true);
    for (const page of ['man1/treeline.1.gz', 'man5/treeline-treefile.5.gz', 'man8/treelined.8.gz']) {
      expect(files).toContain(`d /usr/share/man/${page}\n`);
    }
  });

  it('runs from where it was unpacked, with the libraries of the system', () => {
    const program = path.join(installed, 'usr/bin/treeline');
    expect(text(program, '--version')).toContain(`Version: '${treelineVersion}'`);
    expect(text(program, 'db', 'list', '--help')).toContain('Usage: treeline db list');
    expect(text('rpm', '--dbpath', '/var/lib/rpm', '--root', installed, '--verify', '--nodeps', 'treeline-headless')).toBe('');
  });

  it('holds nothing of the machine that built it', () => {
    const checkout = path.resolve(import.meta.dirname, '../..');
    const found = spawnSync('grep', ['-rlF', '--', `${checkout}/`, installed], { encoding: 'utf8' }).stdout;
    expect(found).toBe('');
  });

  it('is the same when it is built again', () => {
    expect(again).toEqual([rpm, deb].map(sha256));
  });
});

const requestName = [
  ...['--dest', 'org.freedesktop.DBus', '--object-path', '/org/freedesktop/DBus'],
  ...['--method', 'org.freedesktop.DBus.RequestName', 'org.projectatomic.rpmostree1', '4'],
];
