// SPDX-License-Identifier: LGPL-2.1-or-later
import { app, Menu, nativeImage, Tray } from 'electron';
import path from 'node:path';
import * as z from 'zod';
import { DesktopSession } from '../client/desktop-session.ts';
import type { Preferences } from '../../shared/ipc/index.ts';
import type { HostClient } from '../client/index.ts';
import { readJson, writeJson } from './json-file.ts';
import { Notifier } from './notifier.ts';
import type { Texts } from './texts.ts';

type Wishes = Pick<Preferences, 'notifications' | 'tray'>;

const wishesSchema: z.ZodType<Wishes> = z.object({ notifications: z.boolean(), tray: z.boolean() });
const first: Wishes = { notifications: true, tray: false };

interface DesktopOptions {
  readonly client: HostClient;
  readonly texts: Texts;
  /** BCP 47 tag that times are written by. */
  readonly locale: string;
  readonly icon: string;
  readonly looking: () => boolean;
  readonly showWindow: () => void;
}

/** The app's place on the desktop beside its window: notifications, and a tray icon where the person wants one. */
export class Desktop {
  readonly #options: DesktopOptions;
  readonly #file = path.join(app.getPath('userData'), 'preferences.json');
  readonly #session: DesktopSession;
  readonly #notifier: Notifier;
  #wishes: Wishes;
  #tray: Tray | undefined;

  constructor(options: DesktopOptions) {
    this.#options = options;
    this.#wishes = readJson(this.#file, wishesSchema, first);
    const { client, texts, looking, locale } = options;
    this.#session = new DesktopSession(process.env['DBUS_SESSION_BUS_ADDRESS'], (_key, action) => {
      if (this.#notifier.act(action)) options.showWindow();
    });
    const time = timeFormat(locale);
    this.#notifier = new Notifier({
      client,
      texts,
      looking,
      file: path.join(app.getPath('userData'), 'notifications.json'),
      wanted: () => this.#wishes.notifications,
      show: (notification) => this.#session.notify(notification),
      formatTime: (seconds) => time.format(seconds * 1000),
    });
    void this.#applyTray();
  }

  /** True while the app goes on without a window. */
  get staysWithoutWindow(): boolean {
    return this.#tray !== undefined;
  }

  /** True while the person wants to hear of updates. */
  get notifies(): boolean {
    return this.#wishes.notifications;
  }

  /** Without a window nothing else asks for the first state. False: there is nothing to stay for. */
  async watch(): Promise<boolean> {
    await this.#applyTray();
    if (!this.notifies && !this.staysWithoutWindow) return false;
    // a service that isn't there yet tells by its first snapshot
    await this.#options.client.snapshot().then(
      (snapshot) => this.#notifier.consider(snapshot),
      () => undefined,
    );
    return true;
  }

  async preferences(): Promise<Preferences> {
    return { ...this.#wishes, trayPossible: await this.#session.hasTray() };
  }

  async setPreferences(change: Partial<Wishes>): Promise<Preferences> {
    this.#wishes = { ...this.#wishes, ...change };
    writeJson(this.#file, this.#wishes);
    await this.#applyTray();
    return this.preferences();
  }

  close(): void {
    this.#notifier.close();
    this.#session.close();
    this.#tray?.destroy();
    this.#tray = undefined;
  }

  async #applyTray(): Promise<void> {
    const wanted = this.#wishes.tray && (await this.#session.hasTray());
    if (wanted && !this.#tray) this.#tray = this.#createTray();
    if (!wanted && this.#tray) {
      this.#tray.destroy();
      this.#tray = undefined;
    }
  }

  #createTray(): Tray {
    const { texts, icon, showWindow, client } = this.#options;
    const tray = new Tray(nativeImage.createFromPath(icon).resize({ width: 24, height: 24 }));
    tray.setToolTip('Treeline');
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: texts('tray.show'), click: showWindow },
        { label: texts('tray.check'), click: () => void client.checkForUpdate().catch(() => undefined) },
        { type: 'separator' },
        { label: texts('tray.quit'), click: () => app.quit() },
      ]),
    );
    tray.on('click', showWindow);
    return tray;
  }
}

/** A locale such as C is no language tag; Electron hands it on as it is. */
function timeFormat(locale: string): Intl.DateTimeFormat {
  const style = { dateStyle: 'medium', timeStyle: 'short' } as const;
  try {
    return new Intl.DateTimeFormat(locale, style);
  } catch {
    return new Intl.DateTimeFormat('en', style);
  }
}
