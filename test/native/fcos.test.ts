// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ComposeOutcome } from '../../main/engine/jobs/index.ts';
import { printTreefile } from '../../main/engine/compose/treefile/print-treefile.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { fcos, fcosRepositories, lockedPackages } from './fcos-packages.ts';

const ref = 'fedora/x86_64/coreos/testing-devel';
const overlays = [
  '05core',
  '07fix-selinux-labels',
  '08nouveau',
  '09misc',
  '15fcos',
  '16disable-zincati',
  '20platform-chrony',
  '25azure-udev-rules',
  '30lvmdevices',
  '40grub',
];

let f: ComposeFixture;
let made: ComposeOutcome;
const at = (name: string): string => path.join(f.directory, name);
const compose = (more: Parameters<ComposeFixture['compose']>[1] = {}): Promise<ComposeOutcome> =>
  f.compose(at('tree.yaml'), {
    lockfiles: [at('manifest-lock.x86_64.json'), at('manifest-lock.overrides.yaml')],
    disableSelinux: true,
    ...more,
  });

/** A layer as coreos-assembler makes them of overlay.d. */
function layer(name: string): void {
  const directory = at(`overlay-${name}`);
  const put = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  };
  put(`usr/share/overlay/${name}`, name);
  if (name === '05core') put('usr/lib/sysusers.d/05-core.conf', 'u core-helper 480 "Helper" /var/lib/core-helper\ng core-group 481\n');
  execFileSync(
    'ostree',
    [`--repo=${f.repo}`, 'commit', '--owner-uid=0', '--owner-gid=0', '--no-xattrs', `--branch=overlay/${name}`, `--tree=dir=${directory}`],
    { stdio: 'ignore' },
  );
}

beforeAll(async () => {
  const { pool, updates } = fcosRepositories();
  f = new ComposeFixture();
  cpSync(fcos, f.directory, { recursive: true });
  // the project's own files of users and its layers, which aren't part of the fixture
  writeFileSync(at('manifests/passwd'), 'root:x:0:0:root:/root:/bin/bash\nnobody:x:99:99:Nobody:/:/sbin/nologin\n');
  writeFileSync(at('manifests/group'), 'root:x:0:\nwheel:x:10:\nnobody:x:99:\n');
  for (const name of overlays) layer(name);
  const file = (directory: string): string => `baseurl=file://${directory}\ngpgcheck=0\n`;
  f.repoFile('fedora', file(updates));
  f.repoFile('fedora-updates', file(updates));
  f.repoFile('fedora-coreos-pool', file(pool));
  writeFileSync(at('tree.yaml'), 'include: manifest.yaml\npackages: [fcos-tools]\n');
  made = await compose({ writeComposejsonTo: at('compose.json') });
});
afterAll(() => f.dispose());

test('the real manifest of Fedora CoreOS flattens', () => {
  const treefile = loadTreefile(at('manifest.yaml'));
  expect(treefile).toMatchObject({
    ...{
      ref,
      releasever: '40',
      recommends: false,
      machineidCompat: false,
      bootLocation: 'modules',
      tmpIsDir: true,
      defaultTarget: 'multi-user.target',
    },
    ...{
      repos: ['fedora', 'fedora-updates'],
      lockfileRepos: ['fedora-coreos-pool'],
      mutateOsRelease: '40',
      containerCmd: ['/usr/bin/bash'],
    },
    addCommitMetadata: { 'fedora-coreos.stream': 'testing-devel' },
    rojig: { name: 'fedora-coreos', summary: 'Fedora CoreOS testing-devel', license: 'MIT' },
    automaticVersionPrefix: '40.<date:%Y%m%d>.dev',
    checkPasswd: { type: 'file', filename: at('manifests/passwd') },
  });
  expect(treefile.ostreeLayers.map((name) => name.replace('overlay/', '')).sort()).toEqual(overlays);
  expect(treefile.packages).toEqual(
    expect.arrayContaining(['nano', 'nano-default-editor', 'irqbalance', 'wasmedge-rt', 'atheros-firmware']),
  );
  expect(treefile.packages).not.toContain('librtas');
  expect(treefile.excludePackages).toEqual(expect.arrayContaining(['dnf', 'dnf5', 'cowsay', 'kernel-debug-core']));
  expect(treefile.postprocess.length).toBeGreaterThan(8);
  expect(JSON.parse(printTreefile(treefile))).toMatchObject({
    'check-passwd': { type: 'file', filename: 'manifests/passwd' },
    rojig: { name: 'fedora-coreos' },
  });
});

test('it composes out of exactly the locked builds, newer ones there or not', () => {
  const rows = f.ostree('show', '--print-metadata-key=rpmostree.rpmdb.pkglist', ref);
  const packages = [...rows.matchAll(/\('([^']*)', '([^']*)', '([^']*)', '([^']*)', '([^']*)'\)/g)].map(
    ([, name = '', epoch, version = '', release = '', arch = '']) =>
      [name, `${epoch === '0' ? '' : `${epoch ?? ''}:`}${version}-${release}.${arch}`] as const,
  );
  expect(new Map(packages.filter(([name]) => name !== 'fcos-tools').sort())).toEqual(new Map([...lockedPackages()].sort()));
  expect(made).toMatchObject({ ref, changed: true, packageCount: lockedPackages().size + 1 });
  expect(made.version).toMatch(/^40\.\d{8}\.dev\.0$/);
  expect(f.messages.length).toBeGreaterThan(lockedPackages().size);
});

test('users of the treefile’s files and of the layers, layers’ files, scripts, removed files: as the manifest says', () => {
  const list = f.list(ref);
  expect(f.cat('/usr/lib/passwd', ref)).toMatch(/^nobody:x:99:99:/m);
  expect(f.cat('/usr/lib/passwd', ref)).not.toContain('65534');
  expect(f.cat('/usr/lib/passwd', ref)).toContain('core-helper:x:480:480:Helper:/var/lib/core-helper:');
  expect(f.cat('/usr/lib/group', ref)).toContain('core-group:x:481:');
  expect(f.cat('/usr/etc/group', ref)).toContain('wheel:x:10:');
  for (const name of overlays) expect(list.has(`/usr/share/overlay/${name}`), name).toBe(true);
  expect(
    ['/usr/share/man', '/usr/share/doc', '/usr/bin/systemd-firstboot', '/usr/share/cracklib/pw_dict'].filter((name) => list.has(name)),
  ).toEqual([]);
  expect(list.has('/usr/etc/grub.d/08_fallback_counting')).toBe(false);
  expect(list.has('/usr/etc/grub.d/40_custom')).toBe(true);
  expect(list.has('/usr/etc/machine-id')).toBe(false);
  expect(f.cat('/usr/etc/zincati/config.d/95-disable-on-dev.toml', ref)).toContain('updates.enabled = false');
  expect(f.cat('/usr/etc/rpm-ostreed.conf', ref)).toMatch(/zincati\.service[^]*\[Daemon\]/);
  const ran = f.cat('/usr/share/ran', ref);
  for (const call of [
    'systemctl preset-all',
    'setsebool -P -N',
    'bootupctl backend generate-update-metadata',
    'systemctl mask dnsmasq.service',
  ])
    expect(ran).toContain(call);
  expect(list.get('/usr/lib/systemd/system/default.target')).toContain('-> /usr/lib/systemd/system/multi-user.target');
  expect(list.get('/usr/lib/systemd/system/multi-user.target.wants/ostree-remount.service')).toContain('-> ../ostree-remount.service');
  expect(f.cat('/usr/etc/default/useradd', ref)).toBe('GROUP=100\nHOME=/var/home\n');
  expect(f.cat('/usr/lib/os-release', ref)).toContain(`VERSION="${made.version} (CoreOS)"\n`);
  expect(f.ostree('show', '--print-metadata-key=fedora-coreos.stream', ref)).toBe("'testing-devel'");
  expect(list.get('/tmp')).toBe('d01777 0 0');
  f.fsck();
});

test('the facts about it are such as coreos-assembler takes into its meta.json', () => {
  const facts = JSON.parse(readFileSync(at('compose.json'), 'utf8')) as Record<string, unknown>;
  expect(facts).toMatchObject({
    ref,
    'ostree-commit': made.checksum,
    'ostree-version': made.version,
    'rpm-ostree-inputhash': made.inputhash,
  });
  expect(f.ostree('show', ref)).toContain(`ContentChecksum:  ${String(facts['ostree-content-checksum'])}`);
});

test('once more, nothing has changed', async () => {
  expect(await compose()).toMatchObject({ changed: false, checksum: made.checksum });
});
