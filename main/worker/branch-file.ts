// SPDX-License-Identifier: LGPL-2.1-or-later
import http from 'node:http';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import { readRegularFile } from '../files/index.ts';

type Options = Readonly<Record<string, string>>;

/** Together with what libostree does, well below the silence after which a server counts as unreachable. */
const timeoutMs = 8000;
/** A checksum and a line break; more is something else. */
const maxBytes = 200;
const maxRedirects = 5;

/**
 * The commit that a branch's own file (`refs/heads/NAME`) names. libostree asks for it only where a repository has no summary, and a summary that wasn't made
 * anew after the last commit hides what is there. undefined: not told, or not to be reached in this way (proxies, lists of mirrors); no
 * reason to fail, for libostree asks next.
 */
export async function branchTip(options: Options, ref: string): Promise<string | undefined> {
  const base = options['url'] ?? '';
  if (!/^(?:https?|file):\/\//.test(base) || usesProxy(options)) return undefined;
  try {
    const url = new URL(base);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/refs/heads/${ref.split('/').map(encodeURIComponent).join('/')}`;
    const text =
      url.protocol === 'file:'
        ? readRegularFile(fileURLToPath(url), { limitBytes: maxBytes }).toString()
        : await get(url, options, maxRedirects);
    return /^([0-9a-f]{64})\n?$/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

/** What libcurl would use (curl(1), ENVIRONMENT); Node.js doesn't. */
function usesProxy(options: Options): boolean {
  const names = ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
  return options['proxy'] !== undefined || names.some((name) => process.env[name]);
}

/** A short text. Rejects for anything but 200, for too much, and after `timeoutMs`. */
function get(url: URL, options: Options, redirects: number): Promise<string> {
  const file = (key: string): Buffer | undefined => (options[key] === undefined ? undefined : readRegularFile(options[key]));
  const given = { signal: AbortSignal.timeout(timeoutMs), headers: { 'cache-control': 'no-cache' } };
  return new Promise((resolve, reject) => {
    const take = (response: http.IncomingMessage): void => {
      const { statusCode = 0, headers } = response;
      const target = statusCode >= 300 && statusCode < 400 && headers.location !== undefined ? new URL(headers.location, url) : undefined;
      if (
        target &&
        redirects > 0 &&
        ['http:', 'https:'].includes(target.protocol) &&
        (target.protocol === 'https:' || url.protocol === 'http:')
      ) {
        response.destroy();
        get(target, options, redirects - 1).then(resolve, reject);
        return;
      }
      if (statusCode !== 200) {
        response.destroy();
        return reject(new Error(`status ${statusCode}`));
      }
      let text = '';
      response.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > maxBytes) response.destroy(new Error('too much'));
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    };
    const tls = {
      rejectUnauthorized: options['tls-permissive'] !== 'true',
      ca: file('tls-ca-path'),
      cert: file('tls-client-cert-path'),
      key: file('tls-client-key-path'),
    };
    const request = url.protocol === 'https:' ? https.get(url, { ...given, ...tls }, take) : http.get(url, given, take);
    request.on('error', reject);
  });
}
