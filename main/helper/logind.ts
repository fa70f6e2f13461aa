// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { bodyOf, DbusCallError, type BodyOf, type Bus } from '../../shared/dbus/index.ts';
import type { RestartBlocker } from '../../shared/domain/index.ts';
import type { Caller } from './callers.ts';

const login = 'org.freedesktop.login1';
const answerMs = 5000;

/**
 * What stands against a restart, as logind knows it (org.freedesktop.login1(5): ListInhibitors, ListSessions). Nothing does where there is no
 * logind. Sessions are those of other people than the caller; for root, who asks for the machine and not for himself, they are only told.
 */
export async function restartBlockers(bus: Bus, caller: Pick<Caller, 'uid'>): Promise<RestartBlocker[]> {
  // what, who, why, mode, uid, pid; id, uid, user, seat, path
  const [inhibitors = []] = (await ask(bus, 'ListInhibitors', 'a(ssssuu)')) ?? [];
  const [sessions = []] = (await ask(bus, 'ListSessions', 'a(susso)')) ?? [];
  const found: RestartBlocker[] = inhibitors
    .filter(([what]) => what.split(':').includes('shutdown'))
    // what delays is waited for by logind itself
    .map(([, who, why, mode]) => ({ kind: 'inhibitor' as const, who, why, blocks: mode !== 'delay' }))
    .sort((a, b) => Number(b.blocks) - Number(a.blocks) || a.who.localeCompare(b.who));
  const people = new Map(sessions.filter(([, uid]) => uid !== caller.uid && isPerson(uid)).map(([, uid, user]) => [uid, user]));
  for (const user of people.values()) found.push({ kind: 'session', who: user, why: '', blocks: caller.uid !== 0 });
  return found;
}

/** Login screens run as system users; root and people don't (login.defs(5), SYS_UID_MAX). */
const isPerson = (uid: number): boolean => uid === 0 || (uid >= 1000 && uid < 65534);

async function ask<const S extends string>(bus: Bus, member: string, signature: S): Promise<BodyOf<S> | undefined> {
  try {
    // a name without an owner isn't activated for this
    if ((await bus.nameOwner(login)) === undefined) return undefined;
    const target = { destination: login, path: '/org/freedesktop/login1', interface: `${login}.Manager`, member };
    const reply = await bus.call({ ...target, timeoutMs: answerMs });
    const rows = bodyOf(reply, signature);
    if (!rows) process.stderr.write(`${login}.${member}: answered (${reply.signature}) instead of (${signature})\n`);
    return rows;
  } catch (error) {
    if (!(error instanceof DbusCallError)) throw error;
    process.stderr.write(`${login}.${member}: ${error.message || error.errorName}\n`);
    return undefined;
  }
}

/**
 * Keeps the machine from falling asleep (and, where asked for, from shutting down) while something must not be interrupted. The lock is a
 * file descriptor in systemd-inhibit(1), whose program ends when our end of its pipe does, so it can't outlive us.
 */
export class Inhibitor {
  private child: ChildProcess | undefined;
  private what = '';
  private readonly bus: Bus;
  private readonly address: string;

  constructor(bus: Bus, address: string) {
    this.bus = bus;
    this.address = address;
  }

  /** `what`: `sleep`, `sleep:shutdown`; replaces what was held. Without logind nothing happens. */
  async hold(what: string, why: string): Promise<void> {
    if (this.what === what) return;
    this.what = what;
    if ((await this.bus.nameOwner(login).catch(() => undefined)) === undefined || this.what !== what) return;
    const before = this.child;
    const args = [`--what=${what}`, '--who=Treeline', `--why=${why}`, '--mode=block', 'cat'];
    const child = spawn('systemd-inhibit', args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: this.address },
    });
    child.on('error', (error) => process.stderr.write(`systemd-inhibit: ${error.message}\n`));
    child.stdin?.on('error', () => undefined);
    this.child = child;
    before?.stdin?.end();
  }

  release(): void {
    this.what = '';
    this.child?.stdin?.end();
    this.child = undefined;
  }
}
