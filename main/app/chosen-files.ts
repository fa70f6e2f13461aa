// SPDX-License-Identifier: LGPL-2.1-or-later
import { dialog, type BrowserWindow } from 'electron';
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { TreelineError } from '../../shared/errors/index.ts';
import { atomicFile } from '../files/index.ts';

/** A key ring of many keys is some ten kilobytes; what is larger is no key file. */
const largestKeyFile = 1024 * 1024;

/** Keys read from files the person pointed at. The window knows them by a token only. */
export class ChosenKeys {
  readonly #keys = new Map<string, string>();

  remember(keyBase64: string): string {
    const token = randomUUID();
    this.#keys.set(token, keyBase64);
    return token;
  }

  /** The bytes (base64) that belong to a token; each can be used until the app ends, so that a mistyped password costs nothing. */
  get(token: string): string {
    const key = this.#keys.get(token);
    if (key === undefined) throw new TreelineError('service.bad-argument', { subject: 'remotes.importKey', detail: 'no such key file' });
    return key;
  }
}

/** The file's bytes as base64, undefined when the dialog was closed. `title` is the dialog's. */
export async function chooseKeyFile(
  window: BrowserWindow | undefined,
  title: string,
): Promise<{ fileName: string; base64: string } | undefined> {
  const file = (await openDialog(window, { title, properties: ['openFile'] }))?.[0];
  if (file === undefined) return undefined;
  const handle = await open(file).catch((error: unknown) => Promise.reject(unreadable(file, error)));
  try {
    const { size } = await handle.stat();
    if (size > largestKeyFile) throw unreadable(file, `larger than ${largestKeyFile} bytes`);
    return { fileName: path.basename(file), base64: (await handle.readFile()).toString('base64') };
  } catch (error) {
    throw error instanceof TreelineError ? error : unreadable(file, error);
  } finally {
    await handle.close();
  }
}

/** A folder, or a delta file: GTK's dialog chooses one or the other, never both. Undefined when the dialog was closed. */
export async function chooseMedium(
  window: BrowserWindow | undefined,
  kind: 'folder' | 'file',
  title: string,
  filterName: string,
): Promise<string | undefined> {
  const options: Electron.OpenDialogOptions =
    kind === 'folder'
      ? { title, properties: ['openDirectory'] }
      : { title, properties: ['openFile'], filters: [{ name: filterName, extensions: ['tldelta', 'delta'] }] };
  return (await openDialog(window, options))?.[0];
}

/** Writes `content` where the person wants it, whole or not at all. Undefined when the dialog was closed. */
export async function saveAs(
  window: BrowserWindow | undefined,
  options: { readonly title: string; readonly fileName: string; readonly filter: { name: string; extensions: string[] } },
  content: string,
): Promise<string | undefined> {
  const given = { title: options.title, defaultPath: options.fileName, filters: [options.filter] };
  const { canceled, filePath } = await (window ? dialog.showSaveDialog(window, given) : dialog.showSaveDialog(given));
  if (canceled || !filePath) return undefined;
  atomicFile(filePath, content, { keepAttributes: true });
  return path.basename(filePath);
}

async function openDialog(window: BrowserWindow | undefined, options: Electron.OpenDialogOptions): Promise<string[] | undefined> {
  const { canceled, filePaths } = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  return canceled ? undefined : filePaths;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function unreadable(file: string, error: unknown): TreelineError {
  return new TreelineError('file.unreadable', { subject: file, detail: words(error) });
}
