// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { bodyOf, cut, keptLimits, type Bus, type DbusMessage } from '../../shared/dbus/index.ts';
import { Presence } from './presence.ts';

/** Who calls: credentials come from the bus, never from the caller. */
export interface Caller {
  readonly sender: string;
  readonly uid: number;
  readonly userName: string;
  /** What the client calls itself (RegisterClient's `id`); for display only. */
  readonly clientId: string;
  /** Who comes first where things are scarce: root (2), then who sits at the machine (1), then everybody else. */
  readonly rank: Rank;
}

export type Rank = 0 | 1 | 2;

/** Knows the callers on the bus, the registered clients, and when one of them goes away. */
export class Callers {
  private readonly known = new Map<string, Promise<{ uid: number; userName: string }>>();
  private readonly registered = new Map<string, string>();
  private readonly leaveListeners = new Set<(sender: string) => void>();
  private readonly bus: Bus;
  private readonly presence: Presence;

  constructor(bus: Bus, presence = new Presence(bus)) {
    this.bus = bus;
    this.presence = presence;
  }

  /** Feed NameOwnerChanged signals here. */
  onSignal(signal: DbusMessage): void {
    if (signal.sender !== 'org.freedesktop.DBus' || signal.member !== 'NameOwnerChanged') return;
    const [name, , newOwner] = bodyOf(signal, 'sss') ?? [];
    if (name === undefined || newOwner !== '' || !this.known.delete(name)) return;
    this.registered.delete(name);
    // the bus limits the number of rules, and callers come and go for weeks
    this.bus.removeMatch(watchRule(name)).catch(() => undefined);
    for (const listener of this.leaveListeners) listener(name);
  }

  onLeave(listener: (sender: string) => void): void {
    this.leaveListeners.add(listener);
  }

  /** Rejects when the sender is gone already. */
  async caller(sender: string): Promise<Caller> {
    let credentials = this.known.get(sender);
    if (!credentials) {
      credentials = this.learn(sender);
      this.known.set(sender, credentials);
      credentials.catch(() => {
        this.known.delete(sender);
        this.bus.removeMatch(watchRule(sender)).catch(() => undefined);
      });
    }
    const { uid, userName } = await credentials;
    const rank = uid === 0 ? 2 : (await this.presence.isActive(uid)) ? 1 : 0;
    return { sender, uid, userName, clientId: this.registered.get(sender) ?? '', rank };
  }

  isPresent(sender: string): boolean {
    return this.known.has(sender);
  }

  register(sender: string, clientId: string): void {
    this.registered.set(sender, cut(clientId, keptLimits.label) || sender);
  }

  unregister(sender: string): void {
    this.registered.delete(sender);
  }

  get registeredCount(): number {
    return this.registered.size;
  }

  private async learn(sender: string): Promise<{ uid: number; userName: string }> {
    // watch first, ask then: a caller that leaves in between makes the question fail
    await this.bus.addMatch(watchRule(sender));
    const uid = await this.bus.uidOf(sender);
    return { uid, userName: await userName(uid) };
  }
}

/** Match rule for one bus name's coming and going. Senders' names are the bus's own words: nothing to escape. */
function watchRule(name: string): string {
  return `type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${name}'`;
}

const names = new Map<number, string>([[0, 'root']]);

/** Login name by the system's name service; `uid N` where there is none. */
async function userName(uid: number): Promise<string> {
  const cached = names.get(uid);
  if (cached !== undefined) return cached;
  const line = await new Promise<string>((resolve) => {
    execFile('getent', ['passwd', String(uid)], { timeout: 2000 }, (error, stdout) => resolve(error ? '' : stdout));
  });
  const name = line.split(':')[0] || `uid ${uid}`;
  names.set(uid, name);
  return name;
}
