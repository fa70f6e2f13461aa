// SPDX-License-Identifier: LGPL-2.1-or-later
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import { channelOf, isCommand, isEvent } from '../../shared/ipc/command-table.ts';
import type { TreelineBridge } from '../../shared/ipc/index.ts';

// Names outside the contract never reach ipcRenderer: a script in the page can't invent a channel. Arguments are checked in main,
// which is the side that mustn't trust.
const bridge: TreelineBridge = {
  invoke: (name, ...args) =>
    isCommand(name)
      ? ipcRenderer.invoke(channelOf(name), ...args)
      : Promise.resolve({ ok: false, error: { code: 'service.bad-argument', subject: String(name), detail: 'no such command' } }),
  subscribe: (name, listener) => {
    if (!isEvent(name)) return () => undefined;
    const forward = (_: IpcRendererEvent, payload: Parameters<typeof listener>[0]): void => listener(payload);
    ipcRenderer.on(channelOf(name), forward);
    return () => {
      ipcRenderer.removeListener(channelOf(name), forward);
    };
  },
};

contextBridge.exposeInMainWorld('treeline', Object.freeze(bridge));
