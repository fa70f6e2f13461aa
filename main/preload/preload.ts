// SPDX-License-Identifier: LGPL-2.1-or-later
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import { channelOf, commandNames, eventNames, type CommandName, type EventName } from '../../shared/ipc/channels.ts';
import type { TreelineBridge } from '../../shared/ipc/index.ts';

// Names outside the contract never reach ipcRenderer: a script in the page can't invent a channel. Arguments are checked in main,
// which is the side that mustn't trust.
const knownCommands: ReadonlySet<string> = new Set<CommandName>(commandNames);
const knownEvents: ReadonlySet<string> = new Set<EventName>(eventNames);

const bridge: TreelineBridge = {
  invoke: (name, ...args) =>
    knownCommands.has(name)
      ? ipcRenderer.invoke(channelOf(name), ...args)
      : Promise.resolve({ ok: false, error: { code: 'service.bad-argument', subject: String(name), detail: 'no such command' } }),
  subscribe: (name, listener) => {
    if (!knownEvents.has(name)) return () => undefined;
    const forward = (_: IpcRendererEvent, payload: Parameters<typeof listener>[0]): void => listener(payload);
    ipcRenderer.on(channelOf(name), forward);
    return () => {
      ipcRenderer.removeListener(channelOf(name), forward);
    };
  },
};

contextBridge.exposeInMainWorld('treeline', Object.freeze(bridge));
