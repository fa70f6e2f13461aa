import { Bus, Variant } from '../../shared/dbus/index.ts';

const server = 'org.freedesktop.Notifications';
const serverPath = '/org/freedesktop/Notifications';
/** Who shows tray icons: KDE itself, GNOME with an extension, most panels. */
const trayWatcher = 'org.kde.StatusNotifierWatcher';

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
  #bus: Promise<Bus | undefined> | undefined;
  readonly #ids = new Map<string, number>();

  /** `address`: DBUS_SESSION_BUS_ADDRESS. */
  constructor(address: string | undefined, onAction: (key: string, action: string) => void) {
    this.#address = address ?? '';
    this.#onAction = onAction;
  }

  /** True if a server took it. */
  async notify(notification: DesktopNotification): Promise<boolean> {
    const bus = await this.#open();
    if (!bus) return false;
    const { key, title, body, actions, urgency } = notification;
    try {
      const withMarkup = await this.#takesMarkup(bus);
      const reply = await bus.call({
        destination: server,
        path: serverPath,
        interface: server,
        member: 'Notify',
        signature: 'susssasa{sv}i',
        body: [
          'Treeline',
          this.#ids.get(key) ?? 0,
          'org.treeline.Treeline',
          title,
          withMarkup ? escapeMarkup(body) : body,
          actions.flatMap(({ id, label }) => [id, label]),
          {
            urgency: new Variant('y', urgencies[urgency]),
            'desktop-entry': new Variant('s', 'org.treeline.Treeline'),
          },
          -1,
        ],
      });
      this.#ids.set(key, Number(reply.body[0]));
      return true;
    } catch {
      return false;
    }
  }

  async hasTray(): Promise<boolean> {
    const bus = await this.#open();
    return bus !== undefined && (await bus.nameOwner(trayWatcher)) !== undefined;
  }

  close(): void {
    void this.#bus?.then((bus) => bus?.close());
  }

  /** Text from packages may hold `<` and `&`; a server with `body-markup` would read them as tags. */
  async #takesMarkup(bus: Bus): Promise<boolean> {
    const reply = await bus.call({ destination: server, path: serverPath, interface: server, member: 'GetCapabilities' });
    return Array.isArray(reply.body[0]) && reply.body[0].includes('body-markup');
  }

  #open(): Promise<Bus | undefined> {
    this.#bus ??= this.#connect().catch(() => undefined);
    return this.#bus;
  }

  async #connect(): Promise<Bus | undefined> {
    if (!this.#address.startsWith('unix:')) return undefined;
    const bus = await Bus.connect(this.#address, 3000);
    void bus.connection.closed.then(() => (this.#bus = undefined));
    bus.connection.onSignal = (message) => {
      if (message.interface !== server || message.path !== serverPath) return;
      const key = [...this.#ids].find(([, id]) => id === Number(message.body[0]))?.[0];
      if (key === undefined) return;
      if (message.member === 'ActionInvoked') this.#onAction(key, String(message.body[1]));
      if (message.member === 'NotificationClosed') this.#ids.delete(key);
    };
    await bus.addMatch(`type='signal',sender='${server}',interface='${server}',path='${serverPath}'`);
    return bus;
  }
}

function escapeMarkup(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
