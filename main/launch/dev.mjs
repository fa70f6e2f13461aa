// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run dev`: the window with hot reload. `npm run dev -- NAME`: a state of the page tests, played by their scripted service; without a name the names are listed.
// `npm run dev -- --demo`: on the demo host. A change of renderer/ shows at once, one of assets/locales or shared/ after the page was
// loaded anew by itself; a change of main/app or main/preload needs a new start.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { LaunchError, runMain, steps } from './console.mjs';
import { startDemo } from './demo.mjs';
import { ensureSandbox, resolveElectron } from './electron-runtime.mjs';
import { stop } from './processes.mjs';
import { ensureBuild, ensureNodeModules, ensureSystemPackages, root } from './setup.mjs';
import { startXvfb } from './xvfb.mjs';

const out = path.join(root, '.cache/dev');
const banner = { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" };
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['koffi', 'electron', 'usocket', 'x11'],
  sourcemap: true,
  logLevel: 'warning',
};

runMain(async () => {
  const wanted = process.argv[2];
  const say = steps(4);
  say.step('System packages and node modules');
  await ensureSystemPackages('demo', say);
  await ensureNodeModules(say);
  mkdirSync(out, { recursive: true });
  const states = await pageStates();
  if (wanted === undefined || (wanted !== '--demo' && !states.has(wanted))) {
    console.log(`npm run dev -- NAME, with one of\n  ${[...states.keys()].join('\n  ')}\nor npm run dev -- --demo`);
    return wanted === undefined ? 0 : 1;
  }
  const undo = [];
  const interruption = new Promise((resolve) =>
    ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => resolve(130))),
  );
  try {
    say.step('Electron');
    const electron = await resolveElectron(say);
    await ensureSandbox(electron, say);
    say.step('Vite');
    const server = await serve();
    undo.push(() => server.close());
    const address = `http://127.0.0.1:${server.httpServer.address().port}`;
    await buildApp(address);
    const env = { ...process.env };
    delete env.ELECTRON_RUN_AS_NODE;
    if (wanted === '--demo') {
      await ensureBuild(say);
      const demo = startDemo(os.userInfo().username, () => undefined);
      undo.push(() => demo.stop());
      env.DBUS_SYSTEM_BUS_ADDRESS = await demo.ready;
    } else play(states.get(wanted), env);
    say.step(`Window: ${address}`);
    if (!env.DISPLAY && !env.WAYLAND_DISPLAY) {
      const display = await startXvfb();
      undo.push(() => display.stop());
      env.DISPLAY = display.display;
      const timer = setInterval(() => display.screenshot(path.join(root, '.cache/window.png')), 1000);
      undo.push(async () => clearInterval(timer));
      say.line('no display here: what it shows is written to .cache/window.png every second');
    }
    const flags = os.userInfo().uid === 0 ? ['--no-sandbox'] : [];
    flags.push(`--user-data-dir=${path.join(out, 'profile')}`, '--remote-debugging-port=0');
    const app = spawn(path.join(electron, 'electron'), [...flags, out], { stdio: ['ignore', 'inherit', 'pipe'], env });
    undo.push(() => stop(app));
    const { playInWindow } = await import('./dev-window.mjs');
    playInWindow(app, server, states.get(wanted)?.act, say.line).catch((error) =>
      say.line(`nothing is played in the window: ${error.message}`),
    );
    return await Promise.race([new Promise((resolve) => app.once('exit', (code) => resolve(code ?? 1))), interruption]);
  } finally {
    for (const each of undo.reverse()) await each();
  }
});

/** Packages are loaded once they are installed. */
async function bundle(options) {
  const { build } = await import('esbuild');
  await build({ ...common, ...options });
}

/** The states that the page tests draw, by name. */
async function pageStates() {
  const file = path.join(out, 'states.mjs');
  const from = (name) => `export * from './${name}-states.ts';`;
  await bundle({
    stdin: { contents: ['page', 'history', 'review'].map(from).join('\n'), resolveDir: path.join(root, 'test/e2e/support'), loader: 'ts' },
    outfile: file,
    format: 'esm',
    banner,
  });
  const lists = Object.values(await import(pathToFileURL(file).href)).filter((value) => Array.isArray(value) && value[0]?.snapshot);
  return new Map(lists.flat().map((state) => [state.name, state]));
}

async function serve() {
  const { createServer } = await import('vite');
  const server = await createServer({
    configFile: path.join(root, 'vite.config.ts'),
    logLevel: 'warn',
    server: { host: '127.0.0.1', port: 0 },
  });
  await server.listen();
  if (!server.httpServer) throw new LaunchError('Vite has no server');
  return server;
}

/** The app as it is built, but that its window's origin is Vite's. */
async function buildApp(address) {
  const define = { TREELINE_UNCONFINED_TREES: 'false', TREELINE_DEV_SERVER: JSON.stringify(address) };
  const [main, preload] = ['main/app/entry.ts', 'main/preload/preload.ts'].map((file) => path.join(root, file));
  await bundle({ define, entryPoints: [main], outfile: path.join(out, 'app/main.mjs'), format: 'esm', banner });
  await bundle({ define, entryPoints: [preload], outfile: path.join(out, 'app/preload.cjs'), format: 'cjs' });
  writeFileSync(path.join(out, 'package.json'), JSON.stringify({ name: 'treeline-dev', type: 'module', main: 'app/main.mjs' }));
  // where the app looks for a scripted service
  rmSync(path.join(out, 'test'), { force: true });
  symlinkSync(path.join(root, 'test'), path.join(out, 'test'));
}

function play({ snapshot, answers = {} }, env) {
  env.TREELINE_DEV_STATE = path.join(out, 'state.json');
  writeFileSync(env.TREELINE_DEV_STATE, JSON.stringify({ snapshot, answers }));
  env.TREELINE_TEST_CLIENT = path.join(root, 'test/e2e/support/dev-client.mjs');
}
