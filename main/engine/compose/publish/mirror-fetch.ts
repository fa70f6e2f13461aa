// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';

/** Summaries and parts of deltas are below this (libostree splits parts at 32 MB). */
const maxBytes = 256 << 20;
/** How long a server may say nothing, not how long all of it may take: that depends on the line. Seconds in TREELINE_FETCH_TIMEOUT change it. */
const silenceSeconds = 60;

/** A file of a repository, whole; undefined when it isn't there. Throws the `repo.*` codes. */
export async function fetchUpstreamFile(url: string): Promise<Buffer | undefined> {
  if (url.startsWith('file://')) {
    try {
      const file = fileURLToPath(url);
      return existsSync(file) ? readRegularFile(file, { limitBytes: maxBytes }) : undefined;
    } catch (error) {
      throw new TreelineError('repo.unreachable', { subject: url, detail: TreelineError.report(error).detail ?? '' });
    }
  }
  const silence = new Silence();
  let response: Response;
  try {
    response = await fetch(url, { signal: silence.signal });
  } catch (error) {
    silence.end();
    // fetch itself says only that it failed
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new TreelineError('repo.unreachable', { subject: url, detail: messageOf(cause) });
  }
  try {
    return await content(url, response, silence);
  } finally {
    silence.end();
  }
}

async function content(url: string, response: Response, silence: Silence): Promise<Buffer | undefined> {
  if (response.status === 404) return undefined;
  if (!response.ok) throw new TreelineError('repo.http-status', { subject: url, facts: { status: response.status } });
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > maxBytes) throw new TreelineError('repo.garbage', { subject: url, detail: `it has ${length} bytes` });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      silence.heard();
      bytes += chunk.byteLength;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new TreelineError('repo.unreachable', { subject: url, detail: messageOf(error) });
  }
  if (bytes > maxBytes) throw new TreelineError('repo.garbage', { subject: url, detail: `it has more than ${maxBytes} bytes` });
  return Buffer.concat(chunks);
}

/** Aborts when nothing was heard for too long. */
class Silence {
  readonly #controller = new AbortController();
  readonly #seconds = Number(process.env['TREELINE_FETCH_TIMEOUT']) || silenceSeconds;
  #timer = this.#start();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#controller.abort(new Error(`no answer within ${this.#seconds} seconds`)), this.#seconds * 1000);
  }
}
