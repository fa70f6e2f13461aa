// SPDX-License-Identifier: LGPL-2.1-or-later
import { messageOf, systemCodeOf, TreelineError, type ErrorCode, type ErrorReport } from '../../../../shared/errors/index.ts';

/** Who is asked, and for what: each error names both. */
export interface Subject {
  /** The server that is asked: a mirror's, where one is. */
  readonly host: string;
  /** The image as people name it. */
  readonly image: string;
}

type RegistryCode = Extract<ErrorCode, `registry.${string}`>;

/** Words of servers and libraries can't act where they are shown. */
const shown = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd').slice(0, 300);

export const failure = (code: RegistryCode, { host, image }: Subject, detail: string, facts: ErrorReport['facts'] = {}): TreelineError =>
  new TreelineError(code, { subject: shown(image), detail: shown(detail), facts: { host: shown(host), ...facts } });

export const garbage = (subject: Subject, detail: string): TreelineError => failure('registry.garbage', subject, detail);

/** What reading an answer throws, as an error of the registry that gave it. */
export function readAs<T>(subject: Subject, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw garbage(subject, TreelineError.report(error).detail ?? messageOf(error));
  }
}

/** What another attempt may help against; `told` is what is said if it doesn't. */
export class Passing extends Error {
  readonly told: TreelineError;
  /** The server said how long to wait. */
  readonly waitMs: number | undefined;
  /** Something arrived before it: what counts is how often in a row nothing did. */
  moved = false;

  constructor(told: TreelineError, waitMs?: number) {
    super(told.message);
    this.told = told;
    this.waitMs = waitMs;
  }
}

/** A server that says nothing for too long. */
export class Silence extends Error {}

/** A connection that ended, or a name server that had no time, may do better next time. */
const passing = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN', 'ETIMEDOUT', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** Where the libraries' words say nothing to people. */
function detailOf(message: string, code: string): string {
  if (/^(?:EPROTO|ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))$/.test(code)) return 'it doesn’t speak TLS';
  const proxy = /^Proxy response \((\d+)\)/.exec(message)?.[1];
  // of several addresses the error has no message of its own
  return proxy === undefined ? message || code : `the proxy answered ${proxy}`;
}

/** An error of the HTTP library or of the network, as one of ours. `Passing` where another attempt may help. */
export function networkFailure(error: unknown, subject: Subject): Error {
  if (error instanceof TreelineError || error instanceof Passing) return error;
  if (error instanceof Silence) return new Passing(failure('registry.unreachable', subject, 'it has fallen silent'));
  const code = systemCodeOf(error) ?? '';
  const detail = detailOf(messageOf(error), code);
  if (/^(?:CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/.test(code) || /CERTIFICATE/.test(code))
    return failure('registry.untrusted', subject, detail);
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return garbage(subject, `its answer isn’t HTTP (${code})`);
  const told = failure('registry.unreachable', subject, detail);
  return passing.has(code) ? new Passing(told) : told;
}
