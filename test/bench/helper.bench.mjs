// SPDX-License-Identifier: LGPL-2.1-or-later
// The service from its start to its first answer, and its memory when idle. Prints one JSON line per value.
// Needs `npm run build`, dbus-daemon and gdbus; the sysroot isn't needed for a first answer.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const helper = path.join(root, 'dist/helper/treelined.mjs');
const dir = mkdtempSync('/dev/shm/treeline-bench-');
const address = `unix:path=${dir}/bus`;
const rounds = 5;
writeFileSync(
  path.join(dir, 'bus.conf'),
  `<busconfig><type>session</type><listen>${address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow send_type="signal"/><allow receive_type="signal"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="method_call"/></policy>
</busconfig>`,
);
const bus = spawn('dbus-daemon', [`--config-file=${dir}/bus.conf`, '--nofork', '--nopidfile', '--nosyslog', '--print-address=1'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
await new Promise((resolve) => bus.stdout.once('data', resolve));
const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
const print = (name, value, unit, budget) => process.stdout.write(`${JSON.stringify({ name, value, unit, budget })}\n`);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const end = (child) => new Promise((resolve) => child.once('exit', resolve).kill('SIGTERM'));

try {
  const { Bus } = await client();
  const watcher = await Bus.connect(address);
  await watcher.addMatch("type='signal',member='NameOwnerChanged',arg0='org.projectatomic.rpmostree1'");
  const starts = [];
  let idleKb = 0;
  for (let round = 0; round < rounds; round++) {
    const owned = new Promise((resolve) => {
      watcher.connection.onSignal = (signal) => signal.body[2] !== '' && resolve();
    });
    const begun = performance.now();
    const child = spawn(process.execPath, [helper, '--sysroot=/nonexistent', `--peer-dir=${dir}/peers`, `--state-dir=${dir}/state`], {
      env,
      stdio: 'ignore',
    });
    await owned;
    await watcher.call({
      destination: 'org.projectatomic.rpmostree1',
      path: '/org/projectatomic/rpmostree1/Sysroot',
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: ['org.treeline.Sysroot1', 'Version'],
    });
    starts.push(performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    idleKb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
    await end(child);
  }
  watcher.close();
  print('helper: start to first answer', Math.round(median(starts)), 'ms', 300);
  print('helper: idle memory (RSS)', Math.round(idleKb / 1000), 'MB', 60);
} finally {
  await end(bus);
  rmSync(dir, { recursive: true, force: true });
}

/** Our own wire code, bundled on the fly. */
async function client() {
  const { build } = await import('esbuild');
  const outfile = path.join(dir, 'wire.mjs');
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await build({
    entryPoints: [path.join(root, 'shared/dbus/wire/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner,
  });
  return import(outfile);
}
