// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { Bus, iface, serviceName, Variant, type DbusMessage } from '../../shared/dbus/index.ts';
import { os, sysroot } from './peer.ts';
import { serveStockJob, type FinishOrder } from './stock-transaction.ts';

export interface StockOptions {
  /** Sockets of jobs without a file, as rpm-ostreed has them. */
  readonly abstract?: boolean;
  /** How the jobs end, in turn. */
  readonly orders?: readonly FinishOrder[];
  /** What jobs fail with; they succeed when it is missing. */
  readonly failure?: string;
  /** Boot loader options of the default deployment; undefined: the daemon doesn't tell any. */
  readonly kernelArgs?: string | undefined;
  /** Where its sysroot is. */
  readonly path?: string;
  /** False: there is nothing to upgrade to. */
  readonly upgrades?: boolean;
  /** An error reply instead of a job: name and text. */
  readonly refusal?: readonly [string, string];
  /** Properties and details that replace the usual ones. */
  readonly cachedUpdate?: Readonly<Record<string, Variant>>;
}

/** What a job of a stock daemon is asked with, and what the daemon has said of the kernel arguments before. */
export interface StockCall {
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}

export interface StockDaemon {
  readonly calls: StockCall[];
  /** Of the deployment that starts next. */
  kernelArgs: string | undefined;
  close(): Promise<void>;
}

const jobs = ['Upgrade', 'Deploy', 'Rebase', 'Rollback', 'Cleanup', 'KernelArgs', 'DownloadUpdateRpmDiff', 'RefreshMd'];

/**
 * Answers like a stock rpm-ostreed with two deployments and an update: only its own interfaces, no org.treeline. Changing kernel arguments does
 * what the real one does: it builds on the arguments that it is sent, not on those it has.
 */
export async function startStockDaemon(address: string, options: StockOptions = {}): Promise<StockDaemon> {
  const bus = await Bus.connect(address);
  const dir = mkdtempSync('/dev/shm/treeline-stock-');
  const servers: Server[] = [];
  let serial = 0;
  let made = 0;
  const daemon: StockDaemon = {
    calls: [],
    kernelArgs: 'kernelArgs' in options ? options.kernelArgs : 'root=UUID=1 rw quiet',
    async close() {
      bus.close();
      for (const server of servers) server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const deployment = (id: string, version: string, booted: boolean, place = 0): Record<string, Variant> => ({
    id: new Variant('s', `testos-${id}.${place}`),
    osname: new Variant('s', 'testos'),
    checksum: new Variant('s', id),
    version: new Variant('s', version),
    timestamp: new Variant('t', 1795600963n),
    serial: new Variant('i', place),
    booted: new Variant('b', booted),
    origin: new Variant('s', 'test:test/stable'),
    packages: new Variant('as', []),
    unlocked: new Variant('s', 'none'),
  });
  const first = deployment('a'.repeat(64), '1', true);
  const second = deployment('b'.repeat(64), '0', false);
  const list = (): Record<string, Variant>[] =>
    made > 0 ? [deployment('a'.repeat(64), '1', false, made), first, second] : [first, second];
  const upgraded = [[0, 'kernel', ['1.0-1', 'x86_64'], ['2.0-1', 'x86_64']]];
  const update = options.cachedUpdate ?? {
    checksum: new Variant('s', 'c'.repeat(64)),
    version: new Variant('s', '2'),
    timestamp: new Variant('t', 1795600981n),
    'rpm-diff': new Variant('a{sv}', { upgraded: new Variant('a(us(ss)(ss))', upgraded), added: new Variant('a(usss)', []) }),
  };
  const properties = (name: string): Record<string, Variant> =>
    ({
      [iface.sysroot]: {
        Booted: new Variant('o', os),
        Path: new Variant('s', options.path ?? '/'),
        Deployments: new Variant('aa{sv}', list()),
        ActiveTransaction: new Variant('(sss)', ['', '', '']),
        ActiveTransactionPath: new Variant('s', ''),
        AutomaticUpdatePolicy: new Variant('s', 'check'),
      },
      [iface.os]: {
        Name: new Variant('s', 'testos'),
        BootedDeployment: new Variant('a{sv}', first),
        DefaultDeployment: new Variant('a{sv}', list()[0]),
        RollbackDeployment: new Variant('a{sv}', second),
        CachedUpdate: new Variant('a{sv}', update),
      },
    })[name] ?? {};
  const diff = [
    [
      'kernel',
      2,
      {
        PreviousPackage: new Variant('(sss)', ['kernel', '1:1.0-1', 'x86_64']),
        NewPackage: new Variant('(sss)', ['kernel', '1:2.0-1', 'x86_64']),
      },
    ],
  ];
  const answer = (call: DbusMessage): [string, unknown[]] | undefined => {
    switch (`${call.path} ${call.member}`) {
      case `${sysroot} RegisterClient`:
        return ['', []];
      case `${sysroot} GetOS`:
        return ['o', [os]];
      case `${sysroot} GetAll`:
      case `${os} GetAll`:
        return ['a{sv}', [properties(call.body[0] as string)]];
      case `${os} GetDeploymentsRpmDiff`:
        return ['a(sua{sv})', [diff]];
      case `${os} GetCachedUpdateRpmDiff`:
        return ['a(sua{sv})a{sv}', [diff, { checksum: update.checksum, version: update.version, timestamp: update.timestamp }]];
      case `${os} GetDeploymentBootConfig`: {
        const told = daemon.kernelArgs === undefined ? {} : { options: new Variant('s', daemon.kernelArgs) };
        return ['a{sv}', [{ title: new Variant('s', 'Test OS'), ...told }]];
      }
      default:
        return undefined;
    }
  };
  const effects: Readonly<Record<string, (body: readonly unknown[]) => void>> = {
    Upgrade: () => {
      if (options.upgrades !== false) made += 1;
    },
    KernelArgs: ([existing, added, , , bag]) => {
      made += 1;
      const final = (bag as Record<string, Variant>)['final-kernel-args']?.value;
      daemon.kernelArgs = typeof final === 'string' ? final : [existing, ...(added as string[])].join(' ').trim();
    },
  };
  bus.connection.onCall = (call) => {
    const member = call.member ?? '';
    daemon.calls.push({ member, signature: call.signature, body: call.body });
    const reply = answer(call);
    if (reply) return bus.connection.reply(call, ...reply);
    if (!jobs.includes(member))
      return bus.connection.replyError(call, 'org.freedesktop.DBus.Error.UnknownMethod', `No such method “${member}”`);
    if (options.refusal) return bus.connection.replyError(call, ...options.refusal);
    const order = options.orders?.[serial % options.orders.length] ?? 'later';
    const effect = (): void => effects[member]?.(call.body);
    void serveStockJob({ dir, abstract: options.abstract ?? false }, serial++, { order, failure: options.failure, effect }).then(
      ({ address: socket, server }) => {
        servers.push(server);
        bus.connection.reply(call, 's', [socket]);
      },
      (error: unknown) => bus.connection.replyError(call, 'org.freedesktop.DBus.Error.Failed', String(error)),
    );
  };
  if (!(await bus.ownName(serviceName))) throw new Error(`${serviceName} is taken`);
  return daemon;
}
