// SPDX-License-Identifier: LGPL-2.1-or-later
// treeline: the window. electron-builder makes the application folder (its file says how), the rest makes it part of a desktop.
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LaunchError } from '../console.mjs';
import { follow } from '../processes.mjs';
import { root } from '../setup.mjs';
import { addLicenses } from './licenses.mjs';
import { Staging } from './staging.mjs';

/** Where the application lies; the service has /usr/lib/treeline. */
export const appFolder = '/usr/lib/treeline-app';

/**
 * @param {string} folder for the staging tree @param {string} dist what was built
 * @param {ReturnType<import('./metadata.mjs').packageMetadata>} metadata
 * @param {string} electron folder of resolveElectron
 * @param {{ line: (text: string) => void, warn: (text: string) => void }} say
 */
export async function stageApp(folder, dist, metadata, electron, say) {
  const { builder, packages } = metadata;
  const staging = new Staging(folder);
  const electronVersion = readFileSync(path.join(electron, 'version'), 'utf8').trim().replace(/^v/, '');
  const unpacked = await applicationFolder(`${folder}.electron`, dist, builder, say, electron, electronVersion);
  const { executableName } = builder.linux;
  staging.copyTree(unpacked, appFolder, undefined, (name) => (statSync(path.join(unpacked, name)).mode & 0o111 ? 0o755 : 0o644));
  staging.link(`/usr/bin/${executableName}`, `../lib/treeline-app/${executableName}`);
  const id = builder.appId;
  const system = (name) => path.join(root, 'assets/system', name);
  staging.copy(system(`${id}.desktop`), `/usr/share/applications/${id}.desktop`);
  // notifications without the window; the person's own setting ends it at once
  staging.copy(system(`${id}.autostart.desktop`), `/etc/xdg/autostart/${id}.desktop`);
  staging.copy(system(`${id}.metainfo.xml`), `/usr/share/metainfo/${id}.metainfo.xml`);
  const icons = path.join(root, builder.linux.icon);
  for (const name of readdirSync(icons)) {
    const size = /^(\d+x\d+)\.png$/.exec(name)?.[1];
    if (size) staging.copy(path.join(icons, name), `/usr/share/icons/hicolor/${size}/apps/${id}.png`);
  }
  staging.copy(path.join(icons, 'treeline.svg'), `/usr/share/icons/hicolor/scalable/apps/${id}.svg`);
  addLicenses(staging, 'treeline', 'dependencies', metadata, { runtimes: [{ name: 'electron', version: electronVersion }] });
  // for systems where ordinary users may not make user namespaces; elsewhere it isn't used
  packages.treeline.setuid = [`${appFolder}/chrome-sandbox`];
  return staging;
}

async function applicationFolder(output, dist, builder, say, electron, version) {
  // electron-builder changes what it packs: a copy, with hard links where that is possible, would change the runtime of the tests
  const copy = `${output}.runtime`;
  cpSync(electron, copy, { recursive: true, verbatimSymlinks: true });
  say.line(`Electron ${version}`);
  const config = `${output}.json`;
  // what stands in electron-builder.yml holds; only where things come from and go to is said here
  const moved = { from: dist, to: 'dist', filter: ['app/**', 'renderer/**', '!**/*.map'] };
  const files = [...builder.files.filter((each) => !each.startsWith('dist/')), moved];
  writeFileSync(
    config,
    JSON.stringify({ ...builder, files, electronDist: copy, electronVersion: version, directories: { ...builder.directories, output } }),
  );
  const args = ['--linux', '--dir', '--publish=never', `--config=${config}`];
  const { code, output: log } = await follow(path.join(root, 'node_modules/.bin/electron-builder'), args, { cwd: root });
  const made = path.join(output, process.arch === 'x64' ? 'linux-unpacked' : `linux-${process.arch}-unpacked`);
  if (code !== 0 || !existsSync(made)) throw new LaunchError(`electron-builder failed:\n${log.split('\n').slice(-25).join('\n')}`);
  return made;
}
