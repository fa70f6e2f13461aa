// SPDX-License-Identifier: LGPL-2.1-or-later
import dbus, { type Message, type MessageBus } from 'dbus-next';

const server = 'org.freedesktop.Notifications';
const serverPath = '/org/freedesktop/Notifications';
/** Who shows tray icons: KDE itself, GNOME with an extension, most panels. */
const trayWatcher = 'org.kde.StatusNotifierWatcher';
const busName = 'org.freedesktop.DBus';
const busPath = '/org/freedesktop/DBus';
const answerMs = 5000;

export interface DesktopNotification {
  readonly title: string;
  readonly body: string;
  /** In the order of the buttons. `default` is a click on the notification itself. */
  readonly actions: readonly { readonly id: string; readonly label: string }[];
  readonly urgency: 'low' | 'normal' | 'critical';
  /** Ends the one that was shown before under the same key. */
  readonly key: string;
}

const urgencies = { low: 0, normal: 1, critical: 2 } as const;

/**
 * The session bus: notifications with actions (Desktop Notifications Specification 1.2) and whether there is a tray. Electron's own
 * Notification has no actions on Linux. A desktop that has none of it is no failure: everything resolves.
 */
export class DesktopSession {
  readonly #address: string;
  readonly #onAction: (key: string, action: string) => void;
  #bus: Promise<MessageBus | undefined> | undefined;
  readonly #ids = new Map<string, number>();

  /** `address`: DBUS_SESSION_BUS_ADDRESS. */
  constructor(address: string | undefined, onAction: (key: string, action: string) => void) {
    this.#address = address ?? '';
    this.#onAction = onAction;
  }

  /** True if a server took it. */
  async notify(notification: DesktopNotification): Promise<boolean> {
    const { key, title, body, actions, urgency } = notification;
    try {
      const withMarkup = await this.#takesMarkup();
      const id = await this.#ask(server, serverPath, server, 'Notify', 'susssasa{sv}i', [
        'Treeline',
        this.#ids.get(key) ?? 0,
        'org.treeline.Treeline',
        title,
        withMarkup ? escapeMarkup(body) : body,
        actions.flatMap(({ id, label }) => [id, label]),
        {
          urgency: new dbus.Variant('y', urgencies[urgency]),
          'desktop-entry': new dbus.Variant('s', 'org.treeline.Treeline'),
        },
        -1,
      ]);
      this.#ids.set(key, Number(id));
      return true;
    } catch {
      return false;
    }
  }

  async hasTray(): Promise<boolean> {
    try {
      return (await this.#ask(busName, busPath, busName, 'NameHasOwner', 's', [trayWatcher])) === true;
    } catch {
      return false;
    }
  }

  close(): void {
    void this.#bus?.then((bus) => bus?.disconnect());
    this.#bus = undefined;
  }

  /** Text from packages may hold `<` and `&`; a server with `body-markup` would read them as tags. */
  async #takesMarkup(): Promise<boolean> {
    const capabilities = await this.#ask(server, serverPath, server, 'GetCapabilities');
    return Array.isArray(capabilities) && capabilities.includes('body-markup');
  }

  /** The first value of an answer. The library never ends a call whose bus has gone: after a while it is given up, and the next one connects anew. */
  async #ask(destination: string, path: string, iface: string, member: string, signature = '', body: unknown[] = []): Promise<unknown> {
    const bus = await (this.#bus ??= this.#connect());
    if (!bus) throw new Error('no session bus');
    const reply = await within(bus.call(new dbus.Message({ destination, path, interface: iface, member, signature, body }))).catch(
      (error: unknown) => {
        if (error instanceof TimeoutError) this.close();
        throw error;
      },
    );
    return reply?.body[0];
  }

  async #connect(): Promise<MessageBus | undefined> {
    if (!this.#address.startsWith('unix:')) return undefined;
    try {
      const bus = dbus.sessionBus({ busAddress: this.#address });
      await within(new Promise((resolve, reject) => bus.once('connect', () => resolve(undefined)).once('error', reject)));
      // what happens to the connection later shows at the next call
      bus.on('error', () => (this.#bus = undefined));
      bus.on('message', (message) => this.#hear(message));
      const rule = `type='signal',sender='${server}',interface='${server}',path='${serverPath}'`;
      await within(
        bus.call(
          new dbus.Message({ destination: busName, path: busPath, interface: busName, member: 'AddMatch', signature: 's', body: [rule] }),
        ),
      );
      return bus;
    } catch {
      return undefined;
    }
  }

  #hear(message: Message): void {
    if (message.interface !== server || message.path !== serverPath) return;
    const key = [...this.#ids].find(([, id]) => id === Number(message.body[0]))?.[0];
    if (key === undefined) return;
    if (message.member === 'ActionInvoked') this.#onAction(key, String(message.body[1]));
    if (message.member === 'NotificationClosed') this.#ids.delete(key);
  }
}

class TimeoutError extends Error {}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError('no answer from the session bus')), answerMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function escapeMarkup(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
