// SPDX-License-Identifier: LGPL-2.1-or-later
import { app } from 'electron';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { TreelineError } from '../../shared/errors/index.ts';
import { atomicFile } from '../files/index.ts';
import type { ComposeTarget, OpenTreefile, RecentTreefile } from '../../shared/ipc/index.ts';
import { readJson, writeJson } from './json-file.ts';

/** What is larger is no treefile. */
const largestBytes = 1024 * 1024;
const keptRecent = 10;

interface Remembered {
  readonly path: string;
  readonly repo?: string | undefined;
  /** Text that was never saved. */
  readonly draft?: string | undefined;
}

const schema: z.ZodType<Remembered[]> = z.array(
  z.object({ path: z.string().startsWith('/'), repo: z.string().startsWith('/').optional(), draft: z.string().optional() }),
);

/** What was read last: another content on disk means that somebody else wrote it. */
interface Opened {
  readonly digest: string;
  readonly crlf: boolean;
}

/**
 * Treefiles that the person pointed at, now or before. The window knows them by tokens; reading and writing happens for files that have one
 * and for no other.
 */
export class Treefiles {
  readonly #file = path.join(app.getPath('userData'), 'treefiles.json');
  readonly #tokens = new Map<string, string>();
  readonly #opened = new Map<string, Opened>();
  #remembered = readJson(this.#file, schema, []);

  recent(): RecentTreefile[] {
    return this.#remembered.map(({ path: file }) => this.#describe(file));
  }

  /** The path that a token stands for. Throws service.bad-argument for one that was never given out. */
  pathOf(token: string): string {
    const file = this.#tokens.get(token);
    if (file === undefined) throw new TreelineError('service.bad-argument', { subject: token, detail: 'no such treefile' });
    return file;
  }

  /** Throws file.unreadable. */
  async open(file: string): Promise<OpenTreefile> {
    const { text, digest } = await readText(file);
    this.#opened.set(file, { digest, crlf: text.includes('\r\n') });
    const before = this.#remembered.find((each) => each.path === file);
    this.#remember({ path: file, repo: before?.repo, draft: before?.draft === text ? undefined : before?.draft });
    const { repo, draft } = this.#remembered[0] ?? { path: file };
    return {
      ...this.#describe(file),
      path: file,
      text: text.replaceAll('\r\n', '\n'),
      ...(draft === undefined ? {} : { draft }),
      ...(repo === undefined ? {} : { target: targetOf(repo) }),
    };
  }

  /** Whole or not at all. Throws file.changed, unless told to overwrite, and file.unwritable. */
  async save(token: string, text: string, overwrite: boolean): Promise<void> {
    const named = this.pathOf(token);
    const opened = this.#opened.get(named);
    if (!opened) throw new TreelineError('service.bad-argument', { subject: token, detail: 'not open' });
    const now = await readText(named).catch(() => undefined);
    if (now && now.digest !== opened.digest && !overwrite) throw new TreelineError('file.changed', { subject: named });
    const bytes = Buffer.from(opened.crlf ? text.replaceAll('\n', '\r\n') : text);
    try {
      // a link stays one, and the file it leads to keeps its mode
      atomicFile(await realpath(named).catch(() => named), bytes, { keepAttributes: true });
    } catch (error) {
      throw new TreelineError(TreelineError.report(error).code, { subject: named, detail: TreelineError.report(error).detail ?? '' });
    }
    this.#opened.set(named, { ...opened, digest: digestOf(bytes) });
    this.keepDraft(token, undefined);
  }

  keepDraft(token: string, draft: string | undefined): void {
    this.#change(this.pathOf(token), { draft });
  }

  forget(token: string): RecentTreefile[] {
    const file = this.pathOf(token);
    this.#remembered = this.#remembered.filter((each) => each.path !== file);
    writeJson(this.#file, this.#remembered);
    return this.recent();
  }

  repoOf(token: string): string | undefined {
    const file = this.pathOf(token);
    return this.#remembered.find((each) => each.path === file)?.repo;
  }

  setRepo(token: string, repo: string): ComposeTarget {
    this.#change(this.pathOf(token), { repo });
    return targetOf(repo);
  }

  #change(file: string, more: Omit<Remembered, 'path'>): void {
    this.#remembered = this.#remembered.map((each) => (each.path === file ? { ...each, ...more } : each));
    writeJson(this.#file, this.#remembered);
  }

  #remember(entry: Remembered): void {
    this.#remembered = [entry, ...this.#remembered.filter((each) => each.path !== entry.path)].slice(0, keptRecent);
    writeJson(this.#file, this.#remembered);
  }

  #describe(file: string): RecentTreefile {
    let token = [...this.#tokens].find(([, each]) => each === file)?.[0];
    if (token === undefined) {
      token = randomUUID();
      this.#tokens.set(token, file);
    }
    const home = app.getPath('home');
    const folder = path.dirname(file);
    const inHome = folder === home || folder.startsWith(home + path.sep);
    return { token, fileName: path.basename(file), folder: inHome ? `~${folder.slice(home.length)}` : folder };
  }
}

/** An OSTree repository, or a folder that can become one. */
export function targetOf(repo: string): ComposeTarget {
  if (existsSync(path.join(repo, 'config')) && existsSync(path.join(repo, 'objects'))) return { path: repo, state: 'repo' };
  try {
    return { path: repo, state: readdirSync(repo).length === 0 ? 'new' : 'missing' };
  } catch {
    return { path: repo, state: 'missing' };
  }
}

async function readText(file: string): Promise<{ text: string; digest: string }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error('not a file');
    if (stats.size > largestBytes) throw new Error(`larger than ${largestBytes} bytes`);
    const bytes = await handle.readFile();
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), digest: digestOf(bytes) };
  } catch (error) {
    throw new TreelineError('file.unreadable', { subject: file, detail: words(error) });
  } finally {
    await handle?.close();
  }
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
