// SPDX-License-Identifier: LGPL-2.1-or-later
import { protocol, type Session } from 'electron';
import { randomBytes } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { appHost, appScheme } from './origin.ts';

/** What the renderer consists of; a file with another extension isn't served. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Has to run before the app is ready: afterwards the scheme can't become a standard, secure one. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges: { standard: true, secure: true, codeCache: true } }]);
}

/** Serves `directory` under app://treeline/ and nothing else. */
export function serveRenderer(session: Session, directory: string): void {
  session.protocol.handle(appScheme, (request) => respond(request.method, request.url, directory));
}

/** The answer for one request: 200 with a strict policy, 404 for anything that isn't a plain file below `directory`, 405 for other methods. */
export async function respond(method: string, url: string, directory: string): Promise<Response> {
  if (method !== 'GET' && method !== 'HEAD') return new Response('method not allowed', { status: 405 });
  const file = await fileFor(url, directory);
  const contentType = file && contentTypes[path.extname(file)];
  const content = file && contentType ? await readFile(file).catch(() => undefined) : undefined;
  if (!file || !contentType || !content) return new Response('not found', { status: 404 });
  const nonce = randomBytes(16).toString('base64');
  const body = contentType.startsWith('text/html')
    ? content.toString('utf8').replaceAll('__STYLE_NONCE__', nonce)
    : new Uint8Array(content);
  return new Response(body, {
    headers: {
      'Content-Type': contentType,
      'Content-Security-Policy': policy(nonce),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
    },
  });
}

/** Real path of the file a URL names, undefined if it leaves `directory` by `..`, an encoded slash, or a link. */
async function fileFor(url: string, directory: string): Promise<string | undefined> {
  const { host, pathname } = new URL(url);
  if (host !== appHost) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
  try {
    const root = await realpath(directory);
    const file = await realpath(path.join(root, decoded === '/' ? 'index.html' : decoded));
    return file.startsWith(root + path.sep) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** The nonce is for the two small style sheets that react-aria adds at run time; no script is ever inline. */
function policy(nonce: string): string {
  return [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}
