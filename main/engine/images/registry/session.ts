// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { isObject, parseJson } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { imageName } from '../image-names.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { addressIn, Exchange, withoutLogin, type Answer, type Question } from './exchange.ts';
import { failure, garbage, Passing, readAs, type Subject } from './failures.ts';
import { findLogin, type Login } from './logins.ts';
import type { Endpoint } from './registries-conf.ts';
import type { RegistrySettings } from './settings.ts';

/** A question to a registry, below `/v2/NAME/`, or to an address that it gave. */
export interface Request {
  readonly method: Question['method'];
  readonly at: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** What the image may be changed by. */
  readonly push?: boolean;
  /** Answers that the caller judges; others are errors. */
  readonly expected: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

interface Ticket {
  readonly authorization: string;
  /** Unix milliseconds. */
  readonly until: number;
}

const tokenBytes = 1 << 20;
const mostAttempts = 5;
/** A server that cuts again and again doesn't want to. */
const mostCuts = 200;

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

/** Asks registries, logs in where they want it, and waits where it helps. */
export class Session {
  readonly settings: RegistrySettings;
  readonly #exchange: Exchange;
  /** By host: which of HTTPS and HTTP an insecure registry speaks. */
  readonly #schemes = new Map<string, string>();
  readonly #tickets = new Map<string, Ticket>();

  constructor(settings: RegistrySettings) {
    this.settings = settings;
    this.#exchange = new Exchange(settings);
  }

  close(): Promise<void> {
    return this.#exchange.close();
  }

  /** An address that an answer names, to be asked next. Throws registry.garbage. */
  addressIn(endpoint: Endpoint, answer: Answer, text: string): URL {
    return addressIn(text, answer, this.#isInsecure(endpoint));
  }

  #isInsecure(endpoint: Endpoint): boolean {
    return endpoint.insecure || this.settings.insecure;
  }

  /** Once more while it may help: as long as something arrives, else a few times, with growing pauses or those that the server asks for. */
  async persistently<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let failed = 0, cuts = 0; ; cuts++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        failed = error.moved ? 1 : failed + 1;
        if (failed >= mostAttempts || cuts >= mostCuts) throw error.told;
        await this.#pause(error.waitMs ?? 250 * 2 ** failed, signal);
      }
    }
  }

  async #pause(ms: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.settings.delay(ms, signal);
    } catch (error) {
      throw signal?.aborted ? new TreelineError('job.cancelled') : error;
    }
  }

  /** One question, answered with a status that is expected. Throws registry.*, job.cancelled, Passing. */
  async ask(endpoint: Endpoint, request: Request): Promise<Answer> {
    const subject = subjectOf(endpoint);
    const key = `${subject.host} ${endpoint.image.name} ${request.push ?? false}`;
    let answer = await this.#send(endpoint, request, this.#ticket(key));
    if (answer.status === 401 && isOwn(answer)) {
      const challenges = parseChallenges(answer.header('www-authenticate') ?? '');
      const { login: given, places } = this.settings;
      const login = given ? given(endpoint.image) : findLogin(places.authFiles, endpoint.image);
      const ticket = await this.#logIn(endpoint, answer, challenges, login, request);
      answer.drop();
      if (!ticket) throw refused(subject, 'it wants a login, and there is none', login);
      this.#tickets.set(key, ticket);
      answer = await this.#send(endpoint, request, ticket.authorization);
      if (answer.status === 401) {
        answer.drop();
        this.#tickets.delete(key);
        throw refused(
          subject,
          login && login.kind !== 'helper' ? 'the login isn’t good enough' : 'it wants a login, and there is none',
          login,
        );
      }
    }
    if (request.expected.includes(answer.status)) return answer;
    throw await this.#unexpected(answer);
  }

  #ticket(key: string): string | undefined {
    const ticket = this.#tickets.get(key);
    return ticket && this.settings.now() < ticket.until ? ticket.authorization : undefined;
  }

  async #send(endpoint: Endpoint, request: Request, authorization: string | undefined): Promise<Answer> {
    const subject = subjectOf(endpoint);
    const insecure = this.#isInsecure(endpoint);
    const over = (scheme: string): Promise<Answer> => {
      const base = new URL(`${scheme}//${subject.host}`);
      const url = typeof request.at === 'string' ? new URL(`/v2/${endpoint.image.name}/${request.at}`, base) : request.at;
      const headers = { ...request.headers, ...(authorization === undefined ? {} : { authorization }) };
      const { method, body, signal } = request;
      return this.#exchange.ask({
        method,
        url,
        headers: url.origin === base.origin ? headers : withoutLogin(headers),
        ...(body === undefined ? {} : { body }),
        insecure,
        subject,
        signal,
      });
    };
    const known = this.#schemes.get(subject.host);
    if (known !== undefined || !insecure) return over(known ?? 'https:');
    let scheme = 'https:';
    const answer = await over(scheme).catch((error: unknown) => {
      if (!(error instanceof Passing) && TreelineError.report(error).code !== 'registry.unreachable') throw error;
      scheme = 'http:';
      return over(scheme);
    });
    this.#schemes.set(subject.host, scheme);
    return answer;
  }

  /** What lets a question through, by the ways that the registry names; undefined if there is nothing to show. */
  async #logIn(
    endpoint: Endpoint,
    answer: Answer,
    challenges: readonly Challenge[],
    login: Login | undefined,
    request: Request,
  ): Promise<Ticket | undefined> {
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined);
    if (bearer) return this.#token(endpoint, answer, bearer.parameters, login, request);
    if (!challenges.some(({ scheme }) => scheme === 'basic')) throw garbage(answer.subject, 'it wants a login of an unknown kind');
    return login?.kind === 'password' ? { authorization: basic(login), until: Infinity } : undefined;
  }

  /** Docker's and the distribution specification's token server: without a login it gives what everybody may. */
  async #token(
    endpoint: Endpoint,
    answer: Answer,
    parameters: Challenge['parameters'],
    login: Login | undefined,
    { push, signal }: Request,
  ): Promise<Ticket> {
    const { subject } = answer;
    const insecure = this.#isInsecure(endpoint);
    const url = addressIn(parameters['realm'] ?? '', answer, insecure);
    const asked = new URLSearchParams({
      ...(parameters['service'] === undefined ? {} : { service: parameters['service'] }),
      scope: `repository:${endpoint.image.name}:${push ? 'pull,push' : 'pull'}`,
    });
    const question = { insecure, subject, signal };
    let given: Answer;
    if (login?.kind === 'token') {
      asked.set('grant_type', 'refresh_token');
      asked.set('refresh_token', login.token);
      asked.set('client_id', 'treeline');
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      given = await this.#exchange.ask({ ...question, method: 'POST', url, headers, body: asked.toString() });
    } else {
      for (const [name, value] of asked) url.searchParams.set(name, value);
      const headers: Record<string, string> = login?.kind === 'password' ? { authorization: basic(login) } : {};
      given = await this.#exchange.ask({ ...question, method: 'GET', url, headers });
    }
    if ([400, 401, 403].includes(given.status)) {
      given.drop();
      throw refused(subject, login && login.kind !== 'helper' ? 'it doesn’t take the login' : 'it wants a login, and there is none', login);
    }
    if (given.status !== 200) throw await this.#unexpected(given);
    const { bytes, whole } = await given.start(tokenBytes);
    if (!whole) throw garbage(subject, 'what it gives as a token is too large');
    const read = readAs(subject, () => tokenSchema.safeParse(parseJson(bytes.toString(), 'token')));
    const token = read.data?.token ?? read.data?.access_token ?? '';
    if (!/^[\x21-\x7e]{1,16384}$/.test(token)) throw garbage(subject, 'what it gives as a token is none');
    // without a word it is a minute, by the specification; not to the last second
    const seconds = Math.max(60, read.data?.expires_in ?? 60) - 5;
    return { authorization: `Bearer ${token}`, until: this.settings.now() + seconds * 1000 };
  }

  /** The error for an answer that nobody expected. Of what the server says only its code is taken: it may repeat what it was sent. */
  async #unexpected(answer: Answer): Promise<Error> {
    const { status, subject } = answer;
    const told = `it answered ${status}${await codeIn(answer)}`;
    if (status === 429 || (status === 503 && answer.header('retry-after') !== undefined)) return this.#wait(answer);
    if (status === 401 || status === 403) return failure('registry.refused', subject, told);
    if (status === 404) return failure('registry.not-found', subject, told);
    if (status === 408 || status >= 500) return new Passing(failure('registry.unreachable', subject, told));
    return garbage(subject, told);
  }

  #wait(answer: Answer): Error {
    const text = answer.header('retry-after') ?? '';
    const until = /^\d{1,9}$/.test(text) ? this.settings.now() + Number(text) * 1000 : Date.parse(text);
    if (Number.isNaN(until)) return new Passing(failure('registry.rate-limited', answer.subject, ''));
    const told = failure('registry.rate-limited', answer.subject, '', { until: `${new Date(until).toISOString().slice(0, 19)}Z` });
    const waitMs = Math.max(0, until - this.settings.now());
    return waitMs > this.settings.longestWaitMs ? told : new Passing(told, waitMs);
  }
}

/** Docker Hub's images have another host than its registry. */
const serverOf = (host: string): string => (host === 'docker.io' ? 'registry-1.docker.io' : host);

export const subjectOf = ({ image }: Endpoint): Subject => ({ host: serverOf(image.host), image: imageName(image) });

/** Whether it is the registry that answers, and not a server that it sent us to. */
const isOwn = ({ url, subject }: Answer): boolean => url.origin === new URL(`${url.protocol}//${subject.host}`).origin;

const basic = ({ user, password }: Extract<Login, { kind: 'password' }>): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const refused = (subject: Subject, detail: string, login: Login | undefined): TreelineError =>
  failure(
    'registry.refused',
    subject,
    login?.kind === 'helper' ? `${detail}: the credential helper “${login.helper}” of ${login.file} isn’t asked` : detail,
  );

/** ` (CODE)` of a registry's error. */
async function codeIn(answer: Answer): Promise<string> {
  try {
    const { bytes } = await answer.start(64 << 10);
    const value = parseJson(bytes.toString(), 'error');
    const [first]: unknown[] = isObject(value) && Array.isArray(value['errors']) ? value['errors'] : [];
    const code = isObject(first) ? first['code'] : undefined;
    return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? ` (${code})` : '';
  } catch {
    return '';
  }
}
