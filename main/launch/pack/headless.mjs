// SPDX-License-Identifier: LGPL-2.1-or-later
// treeline-headless: service, worker, command line and what makes them part of a system. Runs on the distribution's Node.js.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LaunchError } from '../console.mjs';
import { capture } from '../processes.mjs';
import { root } from '../setup.mjs';
import { addLicenses } from './licenses.mjs';
import { Staging } from './staging.mjs';

const program = '/usr/lib/treeline';
const units = '/usr/lib/systemd/system';
const system = path.join(root, 'assets/system');

/** Where the files of assets/system go. Folder, or whole path when it doesn't end in a slash. */
const places = {
  'org.projectatomic.rpmostree1.service': '/usr/share/dbus-1/system-services/',
  'org.treeline.Treeline1.service': '/usr/share/dbus-1/system-services/',
  'org.projectatomic.rpmostree1.conf': '/usr/share/dbus-1/system.d/',
  'org.projectatomic.rpmostree1.policy': '/usr/share/polkit-1/actions/',
  'org.treeline.policy': '/usr/share/polkit-1/actions/',
  'treelined.service': `${units}/`,
  'treelined-automatic.service': `${units}/`,
  'treelined-automatic.timer': `${units}/`,
  'treeline-keep-failure.service': `${units}/`,
  'rpm-ostreed-automatic.timer': `${units}/`,
  'rpm-ostree-bootstatus.service': `${units}/`,
  'treeline.preset': '/usr/lib/systemd/system-preset/50-treeline.preset',
  'treeline.tmpfiles.conf': '/usr/lib/tmpfiles.d/treeline.conf',
  'treeline.sysusers.conf': '/usr/lib/sysusers.d/treeline.conf',
  'treeline.rules': '/usr/share/polkit-1/rules.d/40-treeline.rules',
  'read-only-dnf.py': `${program}/dnf/treeline.py`,
  'treelined.conf': '/etc/treeline/treelined.conf',
};

/**
 * @param {string} folder for the staging tree @param {string} dist what was built
 * @param {ReturnType<import('./metadata.mjs').packageMetadata>} metadata
 */
export function stageHeadless(folder, dist, metadata) {
  const staging = new Staging(folder);
  for (const part of ['cli', 'helper', 'worker']) {
    for (const name of readdirSync(path.join(dist, part))) {
      if (name.endsWith('.mjs')) staging.module(path.join(dist, part, name), `${program}/${part}/${name}`);
    }
  }
  staging.write(`${program}/package.json`, json({ name: 'treeline', version: metadata.version, type: 'module' }));
  staging.program('/usr/bin/treeline', `${program}/cli/treeline.mjs`);
  // what rpm-ostree's users, scripts and units call; it says of itself what rpm-ostree says
  staging.link('/usr/bin/rpm-ostree', 'treeline');
  for (const unit of ['rpm-ostreed.service', 'rpm-ostreed-automatic.service'])
    staging.link(`${units}/${unit}`, unit.replace('rpm-ostreed', 'treelined'));
  staging.program('/usr/libexec/treeline/treelined', `${program}/helper/treelined.mjs`);
  stageKoffi(staging, metadata);
  for (const [name, place] of Object.entries(places)) {
    staging.copy(path.join(system, name), place.endsWith('/') ? `${place}${name}` : place);
  }
  const interfaces = path.join(root, 'assets/dbus');
  for (const name of readdirSync(interfaces)) staging.copy(path.join(interfaces, name), `/usr/share/dbus-1/interfaces/${name}`);
  addReference(staging, dist, metadata);
  staging.link('/usr/share/man/man1/rpm-ostree.1.gz', 'treeline.1.gz');
  // a part of the system, nothing to be switched on: it only keeps a note that is gone a moment later
  staging.link(`${units}/multi-user.target.wants/treeline-keep-failure.service`, '../treeline-keep-failure.service');
  addLicenses(
    staging,
    'treeline-headless',
    ['cli', 'helper', 'worker'].map((part) => path.join(dist, part)),
    metadata,
    { modules: ['koffi', `@koromix/koffi-linux-${metadata.architecture.node}`] },
  );
  return staging;
}

/** Manuals and completions: out of the command line's own definition, and the one of the service. */
function addReference(staging, dist, { version, epochSeconds }) {
  const date = new Date(epochSeconds * 1000).toISOString().slice(0, 10);
  const { code, stdout, stderr } = capture(process.execPath, [path.join(dist, 'reference/reference.mjs'), date]);
  if (code !== 0) throw new LaunchError(`The manuals could not be made:\n${stderr}`);
  const files = JSON.parse(stdout);
  const service = readFileSync(path.join(system, 'treelined.8'), 'utf8');
  files['/usr/share/man/man8/treelined.8'] = service.replace('@date@', date).replace('@version@', version);
  for (const [target, text] of Object.entries(files)) {
    if (target.startsWith('/usr/share/man/')) staging.writeCompressed(target, text);
    else staging.write(target, text);
  }
}

const json = (value) => `${JSON.stringify(value, undefined, 2)}\n`;

/** koffi stays outside of the bundles: its JavaScript looks for its library in the packages beside it. */
function stageKoffi(staging, { architecture }) {
  const modules = path.join(root, 'node_modules');
  const native = `@koromix/koffi-linux-${architecture.node}`;
  const from = (name, file) => path.join(modules, name, file);
  const library = `linux_${architecture.node}/koffi.node`;
  if (!existsSync(from(native, library))) throw new LaunchError(`${native} isn't installed: run npm ci with optional dependencies.`);
  const koffi = JSON.parse(readFileSync(from('koffi', 'package.json'), 'utf8'));
  const own = JSON.parse(readFileSync(from(native, 'package.json'), 'utf8'));
  const to = `${program}/node_modules`;
  const { name, version, license } = koffi;
  staging.write(`${to}/koffi/package.json`, json({ name, version, license, type: 'module', exports: { import: './index.js' } }));
  for (const file of ['index.js', 'src/koffi/index.js', 'src/koffi/src/static.js', 'LICENSE.txt'])
    staging.copy(from('koffi', file), `${to}/koffi/${file}`);
  staging.write(`${to}/${native}/package.json`, json({ name: own.name, version: own.version, license: own.license, main: own.main }));
  staging.copy(from(native, 'index.js'), `${to}/${native}/index.js`);
  staging.copy(from(native, library), `${to}/${native}/${library}`, 0o755);
}
