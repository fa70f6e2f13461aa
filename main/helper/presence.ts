// SPDX-License-Identifier: LGPL-2.1-or-later
import { bodyOf, DbusCallError, type Bus } from '../../shared/dbus/index.ts';

const login = 'org.freedesktop.login1';
const answerMs = 2000;
/** People switch seats seldom; a flood of calls must not become one of questions. */
const knownForMs = 5000;

/** Who sits at the machine, as logind knows it. Without logind nobody does. */
export class Presence {
  private readonly bus: Bus;
  private readonly known = new Map<number, { readonly untilMs: number; readonly active: Promise<boolean> }>();

  constructor(bus: Bus) {
    this.bus = bus;
  }

  /** True while a session of that user is in the foreground (sd_uid_get_state(3), "active"). Never rejects. */
  async isActive(uid: number): Promise<boolean> {
    const before = this.known.get(uid);
    if (before && Date.now() < before.untilMs) return before.active;
    const active = this.ask(uid);
    this.known.set(uid, { untilMs: Date.now() + knownForMs, active });
    return active;
  }

  private async ask(uid: number): Promise<boolean> {
    try {
      // a name without an owner isn't activated for this
      if ((await this.bus.nameOwner(login)) === undefined) return false;
      const path = `/org/freedesktop/login1/user/_${uid}`;
      const target = { destination: login, path, interface: 'org.freedesktop.DBus.Properties', member: 'Get', timeoutMs: answerMs };
      const reply = await this.bus.call({ ...target, signature: 'ss', body: [`${login}.User`, 'State'] });
      return bodyOf(reply, 'v')?.[0].value === 'active';
    } catch (error) {
      if (!(error instanceof DbusCallError)) throw error;
      // logind knows nothing of a user without a session
      return false;
    }
  }
}
