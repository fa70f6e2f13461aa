// SPDX-License-Identifier: LGPL-2.1-or-later
import { extractFile, listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startXvfb } from '../../main/launch/xvfb.mjs';
import { buildPackages, ScratchSystem, until } from './scratch-system.ts';
import { treelineVersion } from '../../shared/domain/index.ts';

const folder = '/usr/lib/treeline-app';
const text = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });

let work: string;
let system: ScratchSystem;
let rpm = '';
/** Path of an installed file as this process can reach it. */
const installed = (file: string): string => path.join(system.root, file);

beforeAll(async () => {
  work = mkdtempSync('/tmp/treeline-pack-');
  const packages = buildPackages(work);
  rpm = packages.find((file) => /treeline-\d.*\.rpm$/.test(file)) ?? '';
  const debs = packages.filter((file) => file.endsWith('.deb'));
  expect(debs.map((file) => path.basename(file).split('_')[0])).toEqual(['treeline-headless', 'treeline']);
  system = await ScratchSystem.start();
  debs.forEach((file, i) => system.put(file, `/tmp/${i}.deb`));
  system.run('dpkg', '--install', ...debs.map((_, i) => `/tmp/${i}.deb`));
});
afterAll(async () => {
  await system.stop();
  rmSync(work, { recursive: true, force: true });
});

describe('the package of the app', () => {
  it('installs together with the service of the same version', () => {
    const show = (name: string): string => system.run('dpkg-query', '--show', '--showformat=${db:Status-Status} ${Version}', name);
    expect(show('treeline')).toBe(show('treeline-headless'));
    expect(show('treeline')).toMatch(/^installed /);
    expect(system.run('dpkg', '--verify', 'treeline')).toBe('');
  });

  it('is an application with name, icon and description for desktops and software centres', () => {
    const id = 'org.treeline.Treeline';
    expect(system.run('desktop-file-validate', '--no-hints', `/usr/share/applications/${id}.desktop`)).toBe('');
    // there is no homepage to name, of which AppStream 1.0 and later warn; earlier ones know no such warning
    const isOld = /: 0\./.test(system.run('appstreamcli', '--version'));
    const withoutHomepage = isOld ? [] : ['--override=url-homepage-missing=info'];
    expect(system.run('appstreamcli', 'validate', '--no-net', ...withoutHomepage, `/usr/share/metainfo/${id}.metainfo.xml`)).toContain(
      'successful',
    );
    for (const size of ['16x16', '48x48', '128x128', '512x512']) {
      expect(system.run('file', '--brief', `/usr/share/icons/hicolor/${size}/apps/${id}.png`)).toContain(size.replace('x', ' x '));
    }
    expect(system.run('grep', '^Icon=', `/usr/share/applications/${id}.desktop`)).toBe(`Icon=${id}\n`);
  });

  it('has the fuses of electron-builder.yml, and no stand-in application', async () => {
    const fuses = await getCurrentFuseWire(installed(`${folder}/treeline-app`));
    // as the binary has them: characters
    const stateOf = (fuse: FuseV1Options): string => String.fromCharCode(fuses[fuse] ?? 0);
    const off = [
      FuseV1Options.RunAsNode,
      FuseV1Options.EnableNodeOptionsEnvironmentVariable,
      FuseV1Options.EnableNodeCliInspectArguments,
      FuseV1Options.GrantFileProtocolExtraPrivileges,
    ];
    for (const fuse of off) expect(stateOf(fuse), FuseV1Options[fuse]).toBe('0');
    for (const fuse of [FuseV1Options.OnlyLoadAppFromAsar, FuseV1Options.EnableEmbeddedAsarIntegrityValidation]) {
      expect(stateOf(fuse), FuseV1Options[fuse]).toBe('1');
    }
    expect(existsSync(installed(`${folder}/resources/default_app.asar`))).toBe(false);
    expect(system.run('stat', '--format=%a %U', `${folder}/chrome-sandbox`)).toBe('4755 root\n');
  });

  it('holds the bundles and nothing else', () => {
    const asar = installed(`${folder}/resources/app.asar`);
    const files = listPackage(asar, { isPack: false });
    expect(files).toContain('/dist/app/main.mjs');
    expect(files).toContain('/dist/renderer/index.html');
    expect(files.filter((file) => /node_modules|\.map$|\/demo|\/worker/.test(file))).toEqual([]);
    expect((JSON.parse(extractFile(asar, 'package.json').toString()) as { main: string }).main).toBe('dist/app/main.mjs');
  });

  it('opens its window', async () => {
    const display = await startXvfb();
    try {
      // root has no sandbox; the display’s socket is reached by its abstract name
      system.spawn('env', `DISPLAY=${display.display}`, 'treeline-app', '--no-sandbox', '--disable-gpu', '--user-data-dir=/tmp/profile');
      await until(() => system.try('pgrep', '--full', 'treeline-app --type=renderer').status === 0, 60);
      const titles = (): string => spawnSync('xwininfo', ['-root', '-tree', '-display', display.display], { encoding: 'utf8' }).stdout;
      await until(() => titles().includes('"Treeline"'), 60);
    } finally {
      system.try('pkill', 'treeline-app');
      await display.stop();
    }
  });

  it('is the same as an RPM', () => {
    const files = text('rpm', '-qp', '--queryformat', '[%{FILEMODES:octal} %{FILEUSERNAME} %{FILENAMES}\n]', rpm);
    expect(files).toContain(`104755 root ${folder}/chrome-sandbox\n`);
    expect(files).toContain('120777 root /usr/bin/treeline-app\n');
    expect(text('rpm', '-qp', '--requires', rpm)).toContain(`treeline-headless = ${treelineVersion}\n`);
    const named = files.split('\n').map((line) => line.split(' ')[2]);
    const ofDeb = system.run('dpkg-query', '--listfiles', 'treeline').split('\n');
    const own = ofDeb.filter((file) => file.includes('reeline') && !file.startsWith('/usr/share/doc/'));
    expect(own.filter((file) => !named.includes(file))).toEqual([]);
  });
});
