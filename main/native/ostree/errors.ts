// SPDX-License-Identifier: LGPL-2.1-or-later
import { timeText } from '../../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import type { GErrorMapper, GErrorValue } from '../core/index.ts';

/** GIOErrorEnum of gio/gioenums.h, the values libostree uses. */
const io = {
  notFound: 1,
  noSpace: 12,
  permissionDenied: 14,
  cancelled: 19,
  readOnly: 21,
  timedOut: 24,
  hostNotFound: 28,
  invalidData: 35,
  hostUnreachable: 37,
  networkUnreachable: 38,
  connectionRefused: 39,
  connectionClosed: 44,
} as const;

const unreachable: readonly number[] = [
  io.timedOut,
  io.hostNotFound,
  io.hostUnreachable,
  io.networkUnreachable,
  io.connectionRefused,
  io.connectionClosed,
];

/** OstreeGpgError of ostree-gpg-verify-result.h, in order. */
const gpg = ['no-signature', 'invalid', 'missing-key', 'expired-signature', 'expired-key', 'revoked-key'] as const;

type Fields = Omit<ErrorReport, 'code'>;
type Rule = readonly [pattern: RegExp, make: (match: RegExpExecArray, error: GErrorValue) => TreelineError];

const err = (code: ErrorReport['code'], fields: Fields): TreelineError => new TreelineError(code, fields);
const firstUrl = (text: string): string => /(?:https?|file):\/\/[^\s,;]+?(?=[:,;]?(?:\s|$))/.exec(text)?.[0] ?? '';
const firstRef = (text: string): string => /collection ID \W([^\s‘’']*)\W$/.exec(text)?.[1] ?? 'this source';
const key = (text: string): string => /\b(?:0x)?([0-9A-F]{8,40})\b/.exec(text)?.[1] ?? '';

/** libostree's sentences, which carry more than its codes. First match wins. */
const rules: readonly Rule[] = [
  [
    /min-free-space|No space left on device|ENOSPC|Disk quota exceeded/,
    (_, e) => err('disk.full', { subject: 'OSTree repository', detail: e.message }),
  ],
  [
    /(?:Server returned HTTP|HTTP response code said error|returned error:)\D*(\d{3})/,
    (m, e) =>
      m[1] === '404'
        ? err('repo.not-found', { subject: firstUrl(e.message) || 'The file', detail: e.message, facts: { status: 404 } })
        : err('repo.http-status', {
            subject: firstUrl(e.message) || 'The server',
            detail: e.message,
            facts: { status: Number(m[1]) },
          }),
  ],
  [
    // ostree_repo_verify_bindings
    /Commit has no requested ref \W([^\s‘’']*)\W in ref binding metadata \(([^)]*)\)/,
    (m) =>
      err('update.other-branch', {
        subject: 'The newest commit',
        detail: (m[2] ?? '').replace(/[‘’']/g, '') || 'no branch',
        facts: { ref: m[1] ?? '' },
      }),
  ],
  [
    /Commit has collection ID \W([^\s‘’']*)\W in collection binding metadata|Expected commit metadata to have (?:ref|collection ID) binding information/,
    (m, e) =>
      err('update.other-branch', {
        subject: 'The newest commit',
        detail: m[1] ? `collection ${m[1]}` : 'no collection',
        facts: { ref: firstRef(e.message) },
      }),
  ],
  [
    /exceeded maximum size of (\d+) bytes/,
    (m, e) => err('repo.too-large', { subject: firstUrl(e.message) || 'A file', facts: { limitBytes: Number(m[1]) } }),
  ],
  // ostree_validate_rev, ostree_parse_refspec
  [/Invalid ref(?:spec| name) (.*)$/s, (m) => err('repo.ref-invalid', { subject: m[1] ?? '' })],
  [/No such branch '([^']*)' in repository summary/, (m, e) => err('repo.ref-not-found', { subject: m[1] ?? '', detail: e.message })],
  [/(?:Refspec|Rev) '?([^' ]*)'? not found/, (m, e) => err('repo.revision-not-found', { subject: m[1] ?? '', detail: e.message })],
  [/No such metadata object (\w+)\.commit/, (m, e) => err('repo.revision-not-found', { subject: m[1] ?? '', detail: e.message })],
  [/Remote "([^"]*)" not found/, (m) => err('origin.remote-missing', { subject: m[1] ?? '' })],
  [
    /no (?:summary |commit )?signatures? found|No signatures found|no summary\.sig found|no summary found/i,
    (_, e) => err('repo.signature-missing', { subject: subjectOf(e.message), detail: e.message }),
  ],
  [
    /Can't check signature: public key not found|none are in trusted keyring|key .* not found/i,
    (_, e) => err('repo.key-missing', { subject: subjectOf(e.message), detail: e.message, facts: { keyId: key(e.message) } }),
  ],
  [
    /signature verification failed|BAD signature|Signature couldn't be verified|no valid (?:ed25519 )?signatures?|Can't verify/i,
    (_, e) => err('repo.signature-invalid', { subject: subjectOf(e.message), detail: e.message }),
  ],
  [
    // OpenSSL's and GnuTLS' words in libcurl's
    /certificate (?:has expired|is not yet valid|expired)|not activated|expired certificate/i,
    (_, e) =>
      err('repo.certificate-time', {
        subject: firstUrl(e.message) || 'The server',
        detail: e.message,
        facts: { clock: timeText(Math.floor(Date.now() / 1000)) },
      }),
  ],
  [
    // libostree's sentence for every failed transfer, with libcurl's number (libcurl-errors(3)); 23 and 27 are ours: writing, memory
    /While fetching .*?: \[(?!23\]|27\])\d+\] |Couldn't resolve host|Could ?n.t connect|Failed to connect|Timeout was reached|Connection (?:refused|reset|timed out)/,
    (_, e) => err('repo.unreachable', { subject: firstUrl(e.message) || 'The server', detail: e.message }),
  ],
  [/URI is not absolute|Invalid URI/i, (_, e) => err('remote.invalid-url', { subject: firstUrl(e.message) || 'url', detail: e.message })],
  [/SSL|TLS|certificate/i, (_, e) => err('repo.unreachable', { subject: firstUrl(e.message) || 'The server', detail: e.message })],
  [
    // what GLib's zlib and streams say of a compressed object that is cut off or holds other bytes comes after libostree's own words
    /Validating (?:commit|dirtree|dirmeta) [0-9a-f]{64}|Corrupted|checksum expected|is corrupted|Need more input|Invalid compressed data|Unexpected (?:early )?end|Premature end/i,
    (_, e) => err('repo.corrupt', { subject: firstUrl(e.message) || 'The repository', detail: e.message }),
  ],
  [
    /Object .* has wrong|Invalid checksum|bad-?magic|Key file contains|Invalid (?:rev|mode)|not a valid|Invalid character|isn't a valid|must be in GVariant|not normal form|Not a repository archive/i,
    (_, e) => err('repo.garbage', { subject: firstUrl(e.message) || 'The repository', detail: e.message }),
  ],
];

function subjectOf(message: string): string {
  const commit = /\b[0-9a-f]{64}\b/.exec(message)?.[0];
  return commit ? `Commit ${commit.slice(0, 12)}` : (/^([^:]+):/.exec(message)?.[1] ?? 'The commit');
}

function byGpgCode(error: GErrorValue): TreelineError {
  const subject = subjectOf(error.message);
  const facts = { keyId: key(error.message) };
  switch (gpg[error.code]) {
    case 'no-signature':
      return err('repo.signature-missing', { subject, detail: error.message });
    case 'missing-key':
      return err('repo.key-missing', { subject, detail: error.message, facts });
    case 'expired-key':
    case 'expired-signature':
      return err('repo.key-expired', { subject, detail: error.message, facts });
    default:
      return err('repo.signature-invalid', { subject, detail: error.message });
  }
}

/** libostree's GErrors as ours: by domain, by sentence, then by G_IO_ERROR code. */
export const ostreeError: GErrorMapper = (error, call) => {
  if (error.domain === 'ostree-gpg-error-quark' || error.domain === 'OstreeGpgError') return byGpgCode(error);
  for (const [pattern, make] of rules) {
    const match = pattern.exec(error.message);
    if (match) return make(match, error);
  }
  if (error.domain === 'g-io-error-quark') {
    const subject = firstUrl(error.message) || 'The repository';
    if (unreachable.includes(error.code))
      return err('repo.unreachable', { subject: firstUrl(error.message) || 'The server', detail: error.message });
    if (error.code === io.noSpace) return err('disk.full', { subject, detail: error.message });
    if (error.code === io.cancelled) return err('job.cancelled', { subject: 'The job' });
    if (error.code === io.notFound) return err('repo.not-found', { subject, detail: error.message });
    if (error.code === io.invalidData) return err('repo.garbage', { subject, detail: error.message });
  }
  return err('internal.unexpected', { subject: call, detail: error.message });
};

/** Run `call` and fill in what the library's words can't know (the repo's path, the ref asked for); given fields win over derived ones. */
export function withSubject<T>(fields: Fields, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof TreelineError)) throw error;
    const { code, ...old } = error.report;
    throw new TreelineError(code, { ...old, ...fields, facts: { ...old.facts, ...fields.facts } }, { cause: error });
  }
}
