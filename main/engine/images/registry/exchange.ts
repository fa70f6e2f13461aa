// SPDX-License-Identifier: LGPL-2.1-or-later
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { certificatesOf } from './certificates.ts';
import { garbage, networkFailure, Passing, Silence, type Subject } from './failures.ts';
import { proxyFor } from './proxies.ts';
import type { RegistrySettings } from './settings.ts';

/** One question to one address. */
export interface Question {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Take any certificate. */
  readonly insecure: boolean;
  readonly subject: Subject;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Where the answer came from, behind all redirects. */
  readonly url: URL;
  readonly subject: Subject;
  header(name: string): string | undefined;
  /** The body as it comes. Throws Passing when the connection ends or nothing comes any more. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /** The body, or its beginning of `limitBytes` if it is longer; `whole` says which. */
  start(limitBytes: number): Promise<{ readonly bytes: Buffer; readonly whole: boolean }>;
  /** Let go of a body that nobody reads. */
  drop(): void;
}

const mostRedirects = 5;
/** A server that sends less in `stallMs` sends nothing that ends in time. */
const stallBytes = 100;

/** Connections by host: each host has its own certificates, and none sees those for another. */
export class Exchange {
  readonly #settings: RegistrySettings;
  readonly #dispatchers = new Map<string, Dispatcher>();

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
  }

  #dispatcher(url: URL, insecure: boolean): Dispatcher {
    const key = `${url.origin} ${insecure}`;
    const known = this.#dispatchers.get(key);
    if (known) return known;
    const { ca, client } = this.#settings.certificates?.(url.host) ?? certificatesOf(this.#settings.places, url.host);
    const tls = { ca: [...ca], ...client, rejectUnauthorized: !insecure };
    // the times are watched here: silence counts, not how long all takes
    const usual = { headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: 32 << 10 };
    const proxy = proxyFor(url, this.#settings.env);
    const made =
      proxy === undefined
        ? new Agent({ ...usual, connect: { ...tls, timeout: this.#settings.stallMs } })
        : new ProxyAgent({ ...usual, uri: proxy, requestTls: tls, proxyTls: { ca: [...ca] } });
    this.#dispatchers.set(key, made);
    return made;
  }

  /** Ask; redirects of GET and HEAD are followed. `Authorization` stays with the host that it was given for. Throws registry.*, Passing, job.cancelled. */
  async ask(question: Question): Promise<Answer> {
    const { subject } = question;
    let { url, headers } = question;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#once({ ...question, url, headers });
      if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
      answer.drop();
      if (question.method !== 'GET' && question.method !== 'HEAD') throw garbage(subject, `it leads elsewhere (${answer.status})`);
      if (redirects === mostRedirects) throw garbage(subject, 'it leads in a circle');
      const next = leadsTo(answer, question.insecure);
      if (next.origin !== url.origin) headers = withoutLogin(headers);
      url = next;
    }
  }

  async #once({ method, url, headers, body, insecure, subject, signal }: Question): Promise<Answer> {
    const controller = new AbortController();
    const cancel = (): void => controller.abort(new TreelineError('job.cancelled'));
    if (signal?.aborted) throw new TreelineError('job.cancelled');
    signal?.addEventListener('abort', cancel, { once: true });
    const { stallMs } = this.#settings;
    // whoever gets much looks through it before the answer: a megabyte a second is little
    const timer = setTimeout(() => controller.abort(new Silence()), stallMs + (body?.length ?? 0) / 1000);
    try {
      const {
        statusCode,
        headers: given,
        body: stream,
      } = await request(url, {
        method,
        // packed bodies would have other lengths and digests, and a limit of their own
        headers: { ...headers, ...lengthOf(body), 'accept-encoding': 'identity', 'user-agent': 'treeline' },
        body: typeof body === 'object' && body.length > 0 ? inPieces(body, () => timer.refresh()) : (body ?? null),
        dispatcher: this.#dispatcher(url, insecure),
        signal: controller.signal,
      });
      stream.on('error', () => undefined);
      stream.on('close', () => signal?.removeEventListener('abort', cancel));
      return answerOf(statusCode, given, stream, { url, subject, stallMs, controller });
    } catch (error) {
      signal?.removeEventListener('abort', cancel);
      const failed = networkFailure(error, subject);
      // who says nothing at all won't the next time
      throw error instanceof Silence && failed instanceof Passing ? failed.told : failed;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#dispatchers.values()].map((each) => each.destroy()));
    this.#dispatchers.clear();
  }
}

const lengthOf = (body: Question['body']): Readonly<Record<string, string>> =>
  typeof body === 'object' ? { 'content-length': String(body.length) } : {};

/** What is sent, as it is taken: as long as it goes, nobody is silent. */
function inPieces(bytes: Buffer, onTaken: () => void): Readable {
  const piece = 256 << 10;
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += piece) {
      onTaken();
      yield bytes.subarray(at, at + piece);
    }
  }
  return Readable.from(pieces(), { highWaterMark: 1 });
}

/** Where another address than the asked one is told (`Location`, `Link`). Throws registry.garbage for one that isn't HTTP, or that leaves TLS. */
export function addressIn(text: string, answer: Pick<Answer, 'url' | 'subject'>, insecure: boolean): URL {
  const next = URL.canParse(text, answer.url.href) ? new URL(text, answer.url) : undefined;
  if (next?.protocol !== 'https:' && next?.protocol !== 'http:') throw garbage(answer.subject, 'it leads to what is no address in the web');
  if (next.protocol === 'http:' && answer.url.protocol === 'https:' && !insecure)
    throw garbage(answer.subject, `it leads to ${next.host} without TLS`);
  if (next.username !== '' || next.password !== '') throw garbage(answer.subject, 'it leads to an address with a login in it');
  return next;
}

const leadsTo = (answer: Answer, insecure: boolean): URL => {
  const location = answer.header('location');
  if (location === undefined) throw garbage(answer.subject, 'it leads elsewhere, and doesn’t say where');
  return addressIn(location, answer, insecure);
};

export const withoutLogin = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'));

function answerOf(
  status: number,
  headers: IncomingHttpHeaders,
  stream: Readable,
  { url, subject, stallMs, controller }: { url: URL; subject: Subject; stallMs: number; controller: AbortController },
): Answer {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  // at once: an error may come before anybody reads
  const arriving = arrivals(stream);
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const encoding = header('content-encoding') ?? 'identity';
    if (encoding !== 'identity' && encoding !== '') throw garbage(subject, `its answer is packed (${encoding}), which wasn’t asked for`);
    let came = 0;
    const timer = setInterval(() => {
      if (came < stallBytes) controller.abort(new Silence());
      came = 0;
    }, stallMs);
    try {
      for await (const chunk of arriving) {
        came += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw networkFailure(error, subject);
    } finally {
      clearInterval(timer);
      stream.destroy();
    }
  }
  const start: Answer['start'] = async (limitBytes) => {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of chunks()) {
      pieces.push(chunk);
      size += chunk.length;
      if (size > limitBytes) return { bytes: Buffer.concat(pieces).subarray(0, limitBytes), whole: false };
    }
    return { bytes: Buffer.concat(pieces), whole: true };
  };
  return { status, url, subject, header, chunks, start, drop: () => stream.destroy() };
}

/** So much may wait to be written. */
const mostWaitingBytes = 4 << 20;

/** What arrives, also that which came right before an error: reading a stream in the usual way loses what it had buffered then, which would be fetched twice. */
function arrivals(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let ended: { readonly error?: unknown } | undefined;
  let wake = (): void => undefined;
  const end = (error?: unknown): void => {
    ended ??= { error };
    wake();
  };
  stream.on('end', () => end());
  stream.on('error', end);
  stream.on('close', () => end(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })));
  stream.on('data', (chunk: unknown) => {
    if (!(chunk instanceof Uint8Array)) return;
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes > mostWaitingBytes) stream.pause();
    wake();
  });
  async function* taken(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk) {
        waitingBytes -= chunk.length;
        yield chunk;
        if (waitingBytes <= mostWaitingBytes && stream.isPaused()) stream.resume();
      } else if (ended) {
        if (ended.error !== undefined) throw ended.error;
        return;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  }
  return taken();
}
