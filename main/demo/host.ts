// SPDX-License-Identifier: LGPL-2.1-or-later
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorLine, TreelineError } from '../../shared/errors/index.ts';
import { createHostClient } from '../client/index.ts';
import { type PrivateBus, startBus } from './bus.ts';
import { type DemoContent, installFirstRelease, isInstalled, pointRemoteTo, publishedRelease, publishRelease } from './content.ts';
import { mountSysroot, unmountSysroot } from './image.ts';
import { run } from './processes.ts';
import { type Boot, boot } from './simboot.ts';
import { type DemoPaths, writeRunning } from './state.ts';
import { type Fault, startWebServer, type WebServer } from './web-server.ts';

export interface HostOptions {
  readonly paths: DemoPaths;
  readonly content: DemoContent;
  /** Who may do everything on the demo host without a password. */
  readonly user: string | undefined;
  readonly onEvent: (event: HostEvent) => void;
}

export type HostEvent =
  | { readonly event: 'step'; readonly text: string }
  | { readonly event: 'ready'; readonly bus: string; readonly url: string; readonly sysroot: string }
  | { readonly event: 'booted'; readonly release: number; readonly version: string; readonly initPid: number | undefined }
  | { readonly event: 'shutting-down' };

export interface DemoHost {
  /** Resolves when the host was shut down for good. */
  readonly ended: Promise<void>;
  publish(release: number): Promise<void>;
  setFault(fault: Fault | undefined): void;
  restart(): void;
  stop(): Promise<void>;
}

/**
 * The simulated host: its own file system, message bus, polkit and web server, and a boot of the sysroot's default deployment that is started
 * again whenever the service asks for a restart. Call as root in a mount namespace of its own.
 */
export async function startHost(options: HostOptions): Promise<DemoHost> {
  const { paths, content, onEvent } = options;
  const step = (text: string): void => onEvent({ event: 'step', text });
  const undo: (() => Promise<unknown>)[] = [];
  const unwind = async (): Promise<void> => {
    for (const each of undo.splice(0).reverse()) await each();
  };
  try {
    mkdirSync(paths.peers, { recursive: true, mode: 0o755 });
    undo.push(async () => rmSync(paths.run, { recursive: true, force: true }));
    if ((await mountSysroot(paths)) === 'tmpfs') step('no loop devices here: the demo host lives in memory and is gone at the end');
    undo.push(() => unmountSysroot(paths));
    const web = await serve(paths);
    undo.push(() => web.close());
    if (isInstalled(paths)) {
      await pointRemoteTo(paths, web.url);
    } else {
      step(`installing release ${content.releases[0]?.version} on the demo host`);
      await installFirstRelease(paths, content, web.url);
    }
    const bus = await startDemoBus(options);
    undo.push(() => bus.stop());
    return await supervise(options, web, bus, unwind);
  } catch (error) {
    await unwind();
    throw error;
  }
}

async function supervise(options: HostOptions, web: WebServer, bus: PrivateBus, unwind: () => Promise<void>): Promise<DemoHost> {
  const { paths, content, onEvent } = options;
  const state: { stopping: boolean; boot: Boot | undefined } = { stopping: false, boot: undefined };
  writeFileSync(paths.log, '');
  const start = async (): Promise<Boot> => {
    const booted = boot(bootOptions(options, bus));
    state.boot = booted;
    const release = content.releases.findIndex((each) => path.basename(booted.entry.deployment).startsWith(each.checksum)) + 1;
    const version = content.releases[release - 1]?.version ?? '?';
    // the server of a real distribution moves on, too: there is always something newer to see, and it never goes back
    const next = Math.min(release + 1, content.releases.length);
    if ((await publishedRelease(paths, content)) < next) await publishRelease(paths, content, next);
    const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address };
    const answered = run('gdbus', ['wait', '--system', '--timeout', '30', 'org.projectatomic.rpmostree1'], env);
    await Promise.race([answered, booted.ended.then(() => answered)]);
    await lookForUpdate(bus, onEvent);
    const initPid = booted.initPid();
    writeRunning(paths, { pid: process.pid, bus: bus.address, url: web.url, release, version, ...(initPid ? { initPid } : {}) });
    onEvent({ event: 'booted', release, version, initPid });
    return booted;
  };
  let current = await start().catch(async (error: unknown) => {
    await state.boot?.shutDown();
    throw withLog(paths, error);
  });
  onEvent({ event: 'ready', bus: bus.address, url: web.url, sysroot: paths.sysroot });
  const ended = (async () => {
    for (;;) {
      const end = await current.ended;
      if (state.stopping || end.kind !== 'restart') break;
      onEvent({ event: 'step', text: 'the demo host restarts' });
      current = await start();
    }
  })().finally(async () => {
    onEvent({ event: 'shutting-down' });
    await state.boot?.shutDown();
    writeRunning(paths, undefined);
    await unwind();
  });
  return {
    ended,
    publish: (release) => publishRelease(paths, content, release),
    setFault: (fault) => web.setFault(fault),
    restart: () => void state.boot?.restart(),
    async stop() {
      state.stopping = true;
      await state.boot?.shutDown();
      await ended;
    },
  };
}

/** What a timer does after the start of a real host: so there is something to see when the window opens. */
async function lookForUpdate(bus: PrivateBus, onEvent: HostOptions['onEvent']): Promise<void> {
  const client = createHostClient({ address: bus.address, clientId: 'demo', stay: false });
  try {
    await client.checkForUpdate();
  } catch (error) {
    onEvent({ event: 'step', text: `no update check: ${errorLine(TreelineError.report(error))}` });
  } finally {
    client.close();
  }
}

function bootOptions({ paths }: HostOptions, bus: PrivateBus): Parameters<typeof boot>[0] {
  const inside = '/run/treeline-sim/treeline';
  const node = '/run/treeline-sim/node';
  const helper = path.join(paths.root, 'dist/helper/treelined.mjs');
  if (!existsSync(helper)) throw new TreelineError('internal.unexpected', { subject: helper, detail: 'not built: run `npm run build`' });
  return {
    sysroot: paths.sysroot,
    init: path.join(paths.root, 'assets/simboot/boot.sh'),
    command: [node, `${inside}/dist/helper/treelined.mjs`, '--simulated', '--reboot-command', 'kill -USR1 1', '--peer-dir', paths.peers],
    binds: [
      { source: process.execPath, target: node },
      { source: paths.root, target: inside },
      { source: paths.run, target: paths.run, writable: true },
    ],
    env: { DBUS_SYSTEM_BUS_ADDRESS: bus.address },
    onOutput: (text) => appendFileSync(paths.log, text),
  };
}

/** The port of the last start when it is free, so that the address in a deployment's history stays true. */
async function serve(paths: DemoPaths): Promise<WebServer> {
  const wanted = 48_000 + (parseInt(path.basename(paths.run), 16) % 1000);
  return startWebServer(paths.repo, wanted).catch(() => startWebServer(paths.repo));
}

async function startDemoBus({ paths, user }: HostOptions): Promise<PrivateBus> {
  const system = path.join(paths.root, 'assets/system');
  return startBus({
    dir: path.join(paths.run, 'bus'),
    busPolicies: [path.join(system, 'org.projectatomic.rpmostree1.conf')],
    polkitActions: [path.join(system, 'org.projectatomic.rpmostree1.policy'), path.join(system, 'org.treeline.policy')].filter((f) =>
      existsSync(f),
    ),
    polkitRules: demoRules(user),
  });
}

/** The demo's user may do everything on the demo host, everybody else nothing; root isn't asked by polkit at all. */
export function demoRules(user: string | undefined): string {
  return `polkit.addRule(function (action, subject) {
  if (action.id.indexOf('org.projectatomic.rpmostree1.') !== 0 && action.id.indexOf('org.treeline.') !== 0) return undefined;
  return subject.user === ${JSON.stringify(user ?? 'root')} ? polkit.Result.YES : polkit.Result.NO;
});
`;
}

function withLog(paths: DemoPaths, error: unknown): TreelineError {
  return new TreelineError('service.unreachable', {
    detail: `${error instanceof Error ? error.message : String(error)}; see ${paths.log}`,
  });
}
