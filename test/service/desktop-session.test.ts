// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appClient } from '../../main/app/app-client.ts';
import { Notifier } from '../../main/app/notifier.ts';
import { createTexts } from '../../main/app/texts.ts';
import { DesktopSession } from '../../main/client/desktop-session.ts';
import { Bus, type DbusMessage } from '../../shared/dbus/index.ts';
import type { HostSnapshot } from '../../shared/domain/index.ts';
import * as f from '../e2e/support/page-fixtures.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'treeline-session-'));
let address = '';
let daemon: ChildProcess;
let server: Bus;
const shown: DbusMessage[] = [];
let capabilities: string[] = [];

/** The server's side of the Desktop Notifications Specification 1.2, on a real session bus. */
beforeAll(async () => {
  const socket = path.join(folder, 'bus');
  daemon = spawn('dbus-daemon', ['--session', '--nofork', '--print-address', `--address=unix:path=${socket}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  address = await new Promise<string>((resolve, reject) => {
    daemon.once('error', reject);
    daemon.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
  });
  server = await Bus.connect(address);
  server.connection.onCall = (call) => {
    if (call.member === 'GetCapabilities') server.connection.reply(call, 'as', [capabilities]);
    else if (call.member === 'Notify') {
      shown.push(call);
      server.connection.reply(call, 'u', [Number(call.body[1]) || shown.length]);
    } else server.connection.replyError(call, 'org.freedesktop.DBus.Error.UnknownMethod', 'no such method');
  };
  expect(await server.ownName('org.freedesktop.Notifications')).toBe(true);
});
afterAll(() => {
  server.close();
  daemon.kill();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  shown.length = 0;
  capabilities = ['actions', 'body', 'body-markup'];
});

const notice = {
  key: 'k',
  title: 'A <title>',
  body: '<b>5 & 6</b>',
  urgency: 'critical',
  actions: [{ id: 'show', label: 'Show' }],
} as const;

describe('the session bus', () => {
  it('shows a notification with its actions, replaces it, and hears which was chosen', async () => {
    const chosen: string[][] = [];
    const session = new DesktopSession(address, (key, action) => chosen.push([key, action]));
    expect(await session.notify(notice)).toBe(true);
    expect(await session.notify(notice)).toBe(true);
    const [first, second] = shown;
    expect(first?.bodyProblem).toBeUndefined();
    expect(first?.signature).toBe('susssasa{sv}i');
    expect(first?.body.slice(0, 6)).toEqual([
      'Treeline',
      0,
      'org.treeline.Treeline',
      'A <title>',
      '&lt;b&gt;5 &amp; 6&lt;/b&gt;',
      ['show', 'Show'],
    ]);
    expect(first?.body[6]).toMatchObject({ urgency: { signature: 'y', value: 2 } });
    expect(second?.body[1]).toBe(1);
    const act = (sender: Bus, id: number): void =>
      sender.connection.signal('/org/freedesktop/Notifications', 'org.freedesktop.Notifications', 'ActionInvoked', 'us', [id, 'show']);
    // somebody else on the bus can't press our buttons
    const stranger = await Bus.connect(address);
    act(stranger, 1);
    await stranger.nameOwner('org.freedesktop.DBus');
    act(server, 77);
    act(server, 1);
    await expect.poll(() => chosen).toEqual([['k', 'show']]);
    stranger.close();
    session.close();
  });

  it('leaves text as it is where the server knows no markup', async () => {
    capabilities = ['body'];
    const session = new DesktopSession(address, () => undefined);
    await session.notify(notice);
    expect(shown[0]?.body[4]).toBe('<b>5 & 6</b>');
    session.close();
  });

  it('knows whether there is a tray, and lives without a bus', async () => {
    const session = new DesktopSession(address, () => undefined);
    expect(await session.hasTray()).toBe(false);
    await server.ownName('org.kde.StatusNotifierWatcher');
    expect(await session.hasTray()).toBe(true);
    await server.releaseName('org.kde.StatusNotifierWatcher');
    session.close();
    for (const none of [undefined, 'disabled:', `unix:path=${folder}/nothing`]) {
      const alone = new DesktopSession(none, () => undefined);
      expect([await alone.notify(notice), await alone.hasTray()]).toEqual([false, false]);
    }
  });
});

describe('the notifier', () => {
  it('says what the policy finds, once, in the person’s language, and remembers it over a restart of the app', async () => {
    const listeners = new Set<(snapshot: HostSnapshot) => void>();
    const postponed: number[] = [];
    const client = appClient({
      onSnapshot: (listener: (snapshot: HostSnapshot) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      postponeRestart: (seconds: number) => {
        postponed.push(seconds);
        return Promise.reject(new Error('no matter'));
      },
    });
    const session = new DesktopSession(address, () => undefined);
    const file = path.join(folder, 'notifications.json');
    const start = (): Notifier =>
      new Notifier({
        client,
        file,
        texts: createTexts(['de-DE', 'en']),
        looking: () => false,
        wanted: () => true,
        show: (notification) => session.notify(notification),
        formatTime: (seconds) => `T${seconds}`,
      });
    const tell = (snapshot: HostSnapshot): void => listeners.forEach((listener) => listener(snapshot));
    const failed = f.snapshot({ finalizeFailure: { at: f.now, version: '43.2', text: 'No space left on device' } });

    const first = start();
    tell(failed);
    tell(failed);
    await expect
      .poll(() => shown.map(({ body }) => body[3]))
      .toEqual(['Version 43.2 wurde nicht übernommen', 'Sicherheitsupdate 43.2 ist verfügbar']);
    expect(shown[0]?.body[4]).toBe('No space left on device');
    expect([first.act('show'), first.act('postpone')]).toEqual([true, false]);
    expect(postponed).toEqual([3600]);
    first.close();
    // remembered once the server has answered, which is after it was shown
    await expect.poll(() => JSON.parse(readFileSync(file, 'utf8')) as object).toMatchObject({ said: [`finalize:${f.now}`] });

    const second = start();
    tell(failed);
    tell({ ...failed, finalizeFailure: { at: f.now + 1, version: '43.3', text: 'again' } });
    await expect.poll(() => shown.length).toBe(3);
    expect(shown[2]?.body[3]).toBe('Version 43.3 wurde nicht übernommen');
    second.close();
    session.close();
  });
});
