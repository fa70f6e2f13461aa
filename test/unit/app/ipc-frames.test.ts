// SPDX-License-Identifier: LGPL-2.1-or-later
import type { WebContents } from 'electron';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';

// files share what they load: what is mocked here is loaded anew, and by the next file again
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());

const registered = new Map<string, (event: unknown, ...args: unknown[]) => Promise<unknown>>();
vi.mock('electron', () => ({
  ipcMain: { handle: (channel: string, listener: (event: unknown) => Promise<unknown>) => registered.set(channel, listener) },
}));
const { registerCommands } = await import('../../../main/app/ipc.ts');
const { channelOf, commandNames } = await import('../../../shared/ipc/index.ts');
const { appUrl, isOwnUrl } = await import('../../../main/app/origin.ts');

const mainFrame = { url: appUrl };
const contents = { mainFrame } as unknown as WebContents;
let window: WebContents | undefined;
const called: string[] = [];
const handlers = new Proxy({}, { get: (_, name) => () => Promise.resolve(called.push(String(name))) });
registerCommands(handlers, () => window);

beforeEach(() => {
  window = contents;
  called.length = 0;
});

const ask = (name: (typeof commandNames)[number], event: object): Promise<unknown> => {
  const listener = registered.get(channelOf(name));
  if (!listener) throw new Error(`${name} isn't registered`);
  return listener(event);
};
const refused = { ok: false, error: { code: 'auth.denied', facts: { owner: 'a foreign page' } } };

test.each([
  ['another frame of the window', { sender: contents, senderFrame: { url: mainFrame.url } }],
  ['another window', { sender: { mainFrame }, senderFrame: mainFrame }],
  ['a frame that has gone', { sender: contents, senderFrame: null }],
])('every command is refused to %s', async (_, event) => {
  for (const name of commandNames) expect(await ask(name, event), name).toMatchObject(refused);
  expect(called).toEqual([]);
});

test('and to the main frame once it shows a page that isn’t ours, and when there is no window', async () => {
  const elsewhere = { mainFrame: { url: 'https://example.org/' } } as unknown as WebContents;
  window = elsewhere;
  expect(await ask('host.snapshot', { sender: elsewhere, senderFrame: elsewhere.mainFrame })).toMatchObject(refused);
  window = undefined;
  expect(await ask('host.snapshot', { sender: contents, senderFrame: mainFrame })).toMatchObject(refused);
  expect(called).toEqual([]);
});

test('our own main frame reaches the handler', async () => {
  await ask('host.snapshot', { sender: contents, senderFrame: mainFrame });
  expect(called).toEqual(['host.snapshot']);
});

test('no development server is an origin of the window', () => {
  expect(appUrl).toBe('app://treeline/index.html');
  expect(['http://127.0.0.1:5173/index.html', 'http://localhost/', 'app://other/', ''].filter(isOwnUrl)).toEqual([]);
});
