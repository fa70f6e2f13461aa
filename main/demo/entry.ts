// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { errorLine, TreelineError } from '../../shared/errors/index.ts';
import { makeContent } from './make-content.ts';
import { type DemoHost, type HostEvent, startHost } from './host.ts';
import { removeImage } from './image.ts';
import { packagesCommand } from './packages.ts';
import { type DemoPaths, demoPaths, readRunning } from './state.ts';
import type { Fault } from './web-server.ts';

const usage = `demo up [--user NAME] [--json] [--fresh] | down | reset | status | exec -- COMMAND [ARG...] | packages OUTDIR
  --state DIR   where the demo keeps its data (default: .cache/demo in the checkout)
  --fresh       install the host anew; packages and releases are kept
  --json        events as JSON lines on stdout; \`up\` then takes commands on stdin and ends with it:
                {"publish":N}  {"fault":{"kind":"status","status":403}}  {"fault":null}  {"restart":true}
`;

// dist/demo/demo.mjs
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** Set in the second life of `up`, inside its own mount namespace. */
const insideMark = 'TREELINE_DEMO_NAMESPACE';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: 'string' },
      state: { type: 'string' },
      json: { type: 'boolean' },
      fresh: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help || !command) {
    process.stdout.write(usage);
    return values.help ? 0 : 64;
  }
  const paths = demoPaths(root, path.resolve(values.state ?? path.join(root, '.cache/demo')));
  if (command === 'status') return status(paths);
  if (command === 'packages' && rest[0]) return packagesCommand(root, path.resolve(rest[0]));
  if (process.getuid?.() !== 0)
    throw new TreelineError('auth.denied', { subject: `demo ${command}`, facts: { owner: 'a user other than root' } });
  if (command === 'up') return up(paths, values);
  if (command === 'down') return down(paths);
  if (command === 'reset') return reset(paths);
  if (command === 'exec') return execInside(paths, rest);
  throw new TreelineError('usage.invalid', { detail: `unknown command ${command}` });
}

async function up(paths: DemoPaths, { user, json, fresh }: { user?: string; json?: boolean; fresh?: boolean }): Promise<number> {
  if (process.env[insideMark] === undefined) return again();
  const running = readRunning(paths);
  if (running)
    throw new TreelineError('usage.invalid', { detail: `the demo in ${paths.state} is running already, as process ${running.pid}` });
  mkdirSync(paths.state, { recursive: true });
  mkdirSync(paths.run, { recursive: true, mode: 0o755 });
  const onEvent = (event: HostEvent): void => {
    process.stdout.write(json ? `${JSON.stringify(event)}\n` : `${describe(event)}\n`);
  };
  process.stdout.on('error', () => undefined);
  // until the host is up there is nothing to shut down in order: what was started ends with its parent, mounts with the namespace
  let stop = (): void => process.exit(130);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());
  const up: { host?: DemoHost } = {};
  if (json) {
    const commands = createInterface({ input: process.stdin });
    commands.on('line', (line) => obey(up.host, order.parse(JSON.parse(line))));
    commands.on('close', () => stop());
  }
  const content = await makeContent(paths, (text) => onEvent({ event: 'step', text }));
  if (fresh) await removeImage(paths);
  const host = await startHost({ paths, content, user, onEvent });
  up.host = host;
  stop = () => void host.stop();
  await host.ended;
  return 0;
}

const fault = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('status'), status: z.number() }),
  z.object({ kind: z.literal('garbage') }),
  z.object({ kind: z.literal('hang') }),
  z.object({ kind: z.literal('cut'), afterBytes: z.number() }),
]) satisfies z.ZodType<Fault>;
/** A line on stdin of whoever drives the demo. */
const order = z.object({ publish: z.number().optional(), fault: fault.nullable().optional(), restart: z.boolean().optional() });
type Order = z.infer<typeof order>;

function obey(host: DemoHost | undefined, order: Order): void {
  if (order.publish !== undefined) void host?.publish(order.publish);
  if (order.fault !== undefined) host?.setFault(order.fault ?? undefined);
  if (order.restart) host?.restart();
}

/** Run `up` once more in a mount namespace of its own: whatever happens to it, its mounts end with it. */
async function again(): Promise<number> {
  const args = ['--pdeathsig', 'TERM', 'unshare', '--mount', '--propagation', 'private', process.execPath, ...process.argv.slice(1)];
  const child = spawn('setpriv', args, { stdio: 'inherit', env: { ...process.env, [insideMark]: '1' } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function down(paths: DemoPaths): Promise<number> {
  const running = readRunning(paths);
  if (!running) return 0;
  process.kill(running.pid, 'SIGTERM');
  while (readRunning(paths)) await new Promise((resolve) => setTimeout(resolve, 100));
  return 0;
}

async function reset(paths: DemoPaths): Promise<number> {
  await down(paths);
  await removeImage(paths);
  rmSync(paths.state, { recursive: true, force: true });
  rmSync(paths.run, { recursive: true, force: true });
  return 0;
}

function status(paths: DemoPaths): number {
  const running = readRunning(paths);
  process.stdout.write(`${JSON.stringify(running ?? null)}\n`);
  return running ? 0 : 1;
}

/** Run a program inside the simulated boot, as root there. */
function execInside(paths: DemoPaths, command: readonly string[]): number {
  const initPid = readRunning(paths)?.initPid;
  if (!initPid || command.length === 0)
    throw new TreelineError('usage.invalid', { detail: 'the demo is not running, or no command was given' });
  const env = { PATH: '/usr/bin:/usr/sbin', HOME: '/root', LANG: 'C.UTF-8', DBUS_SYSTEM_BUS_ADDRESS: readRunning(paths)?.bus };
  const namespaces = ['--target', String(initPid), '--mount', '--pid', '--ipc', '--uts', '--root', '--wd=/'];
  return spawnSync('nsenter', [...namespaces, ...command], { stdio: 'inherit', env }).status ?? 1;
}

function describe(event: HostEvent): string {
  if (event.event === 'step') return event.text;
  if (event.event === 'booted') return `the demo host runs version ${event.version}`;
  if (event.event === 'ready') return `ready: DBUS_SYSTEM_BUS_ADDRESS=${event.bus}`;
  return 'shutting down';
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${errorLine(TreelineError.report(error))}\n`);
    process.exit(1);
  },
);
