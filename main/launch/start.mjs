// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm start`: sets up what is missing and opens the app: on this host if it is an OSTree host, else on a simulated one.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { LaunchError, runMain, steps } from './console.mjs';
import { resetDemo, startDemo } from './demo.mjs';
import { ensureSandbox, resolveElectron } from './electron-runtime.mjs';
import { againWithOwnRoot } from './own-root.mjs';
import { capture, stop } from './processes.mjs';
import { checkNode, ensureBuild, ensureNodeModules, ensureSystemPackages, root } from './setup.mjs';
import { startXvfb } from './xvfb.mjs';

const screenshotEveryMs = 3000;
const chromiumLine = /^\[\d+:\d{4}\/[\d.]+:[A-Z]+:/;

runMain(async () => {
  const ended = await againWithOwnRoot();
  if (ended !== undefined) return ended;
  checkNode();
  if (process.argv.includes('--reset')) return reset();
  const ostreeHost = existsSync('/run/ostree-booted') && !process.argv.includes('--demo');
  const say = steps(ostreeHost ? 5 : 6);
  say.step('System packages');
  await ensureSystemPackages(ostreeHost ? 'app' : 'demo', say);
  say.step('Node modules');
  await ensureNodeModules(say);
  say.step('Build');
  await ensureBuild(say);
  say.step('Electron');
  const electron = await resolveElectron(say);
  await ensureSandbox(electron, say);

  const undo = [];
  const finish = async () => {
    for (const each of undo.splice(0).reverse()) await each();
  };
  let interrupted = () => undefined;
  const interruption = new Promise((resolve) => (interrupted = resolve));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted(signal));
  mkdirSync(path.join(root, '.cache'), { recursive: true });
  try {
    const person = whoLooks(electron);
    const env = { ...process.env };
    let hostEnded = new Promise(() => undefined);
    if (!ostreeHost) {
      say.step('Demo host (this machine isn’t started from an OSTree deployment: a simulated one is)');
      say.line(`on it, ${person.name} may do everything without a password; this machine itself isn’t touched`);
      const demo = startDemo(person.name, (event) => describe(event, say));
      undo.push(() => demo.stop());
      const bus = await Promise.race([demo.ready, interruption.then(() => undefined)]);
      if (bus === undefined) return 130;
      env.DBUS_SYSTEM_BUS_ADDRESS = bus;
      hostEnded = demo.ended;
    }
    say.step('Window');
    if (!env.DISPLAY && !env.WAYLAND_DISPLAY) await headless(env, undo, say);
    if (person.note) say.line(person.note);
    const app = openApp(electron, person, env);
    undo.push(() => stop(app));
    const closed = new Promise((resolve) => app.once('exit', (code) => resolve(code ?? 1)));
    say.line('running; close the window or press Ctrl+C to end');
    const reason = await Promise.race([closed, interruption, hostEnded.then((code) => `host ${code}`)]);
    if (typeof reason === 'number' && reason !== 0) say.warn(`the window ended with code ${reason}; see .cache/chromium.log`);
    say.line('ending');
    return typeof reason === 'number' ? reason : String(reason).startsWith('host') ? 1 : 0;
  } finally {
    await finish();
  }
});

function reset() {
  if (!existsSync(path.join(root, 'dist/demo/demo.mjs'))) return 0;
  const code = resetDemo();
  if (code === 0) console.log('The demo host is cleared; `npm start` makes a new one.');
  return code;
}

function describe(event, say) {
  if (event.event === 'step') say.line(event.text);
  if (event.event === 'booted') say.line(`the demo host runs version ${event.version}`);
}

/**
 * Who the window belongs to. Chromium's sandbox doesn't work for root, so root's window goes to the user who called sudo, if there is one and
 * they can read this folder.
 */
function whoLooks(electron) {
  const own = os.userInfo();
  if (own.uid !== 0) return { name: own.username, prefix: [], flags: [], home: own.homedir };
  const { SUDO_USER: name, SUDO_UID: uid, SUDO_GID: gid } = process.env;
  if (name && uid && gid && uid !== '0') {
    const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups'];
    const readable = capture(prefix[0], [
      ...prefix.slice(1),
      'test',
      '-r',
      path.join(electron, 'electron'),
      '-a',
      '-r',
      path.join(root, 'dist/app/main.mjs'),
    ]);
    const home = capture('getent', ['passwd', name]).stdout.split(':')[5];
    if (readable.code === 0 && home) return { name, prefix, flags: [], home, note: `the window runs as ${name}` };
  }
  return {
    name: 'root',
    prefix: [],
    flags: ['--no-sandbox'],
    home: own.homedir,
    note: 'as root, Chromium’s sandbox is off: better run this as an ordinary user with sudo',
  };
}

function openApp(electron, person, env) {
  const command = [...person.prefix, path.join(electron, 'electron'), ...person.flags, root];
  const appEnv = { ...env, HOME: person.home, USER: person.name, LOGNAME: person.name };
  // set by some editors' terminals; it would make Electron a plain Node
  delete appEnv.ELECTRON_RUN_AS_NODE;
  const app = spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'pipe'], detached: true, env: appEnv });
  // Chromium's own complaints about a machine without a session bus or a graphics card are of no use at a terminal
  const chromium = createWriteStream(path.join(root, '.cache/chromium.log'));
  createInterface({ input: app.stderr }).on('line', (line) =>
    chromiumLine.test(line) ? chromium.write(`${line}\n`) : console.error(line),
  );
  app.once('error', (error) => {
    throw new LaunchError(`Electron can't be started: ${error.message}`);
  });
  return app;
}

async function headless(env, undo, say) {
  const display = await startXvfb();
  undo.push(() => display.stop());
  env.DISPLAY = display.display;
  const file = path.join(root, '.cache/window.png');
  const timer = setInterval(() => display.screenshot(file), screenshotEveryMs);
  undo.push(async () => clearInterval(timer));
  say.line(`no display here: the window opens on a virtual one (Xvfb, DISPLAY=${display.display})`);
  say.line(`what it shows is written to ${file} every ${screenshotEveryMs / 1000} seconds`);
}
