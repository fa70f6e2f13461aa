// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { mediaTypes } from '../oci.ts';
import { manifestLimitBytes } from '../registry-port.ts';
import type { Answer } from './exchange.ts';
import { garbage } from './failures.ts';
import type { Endpoint } from './registries-conf.ts';
import { subjectOf, type Session } from './session.ts';

const mostPages = 1000;

export const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const accept = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerIndex].join(', ');

async function whole(answer: Answer): Promise<Buffer> {
  const { bytes, whole: isWhole } = await answer.start(manifestLimitBytes);
  if (!isWhole) throw garbage(answer.subject, `its answer is larger than ${manifestLimitBytes} bytes`);
  return bytes;
}

/** A manifest or list by tag or digest, its bytes checked against the digest that was asked for, else against the one that the registry names. */
export async function manifestBytes(
  session: Session,
  endpoint: Endpoint,
  reference: string,
): Promise<{ readonly digest: string; readonly bytes: Buffer }> {
  return session.persistently(async () => {
    const answer = await session.ask(endpoint, { method: 'GET', at: `manifests/${reference}`, headers: { accept }, expected: [200] });
    const bytes = await whole(answer);
    const digest = digestOf(bytes);
    const said = reference.startsWith('sha256:') ? reference : answer.header('docker-content-digest');
    if (said?.startsWith('sha256:') && said !== digest) throw garbage(answer.subject, `what it gives as ${said} has the digest ${digest}`);
    return { digest, bytes };
  });
}

export async function putManifestBytes(
  session: Session,
  endpoint: Endpoint,
  reference: string,
  bytes: Buffer,
  mediaType: string,
): Promise<Answer> {
  return session.persistently(async () => {
    const headers = { 'content-type': mediaType };
    const at = `manifests/${reference}`;
    const answer = await session.ask(endpoint, { method: 'PUT', at, headers, push: true, body: bytes, expected: [201] });
    answer.drop();
    return answer;
  });
}

export interface Page {
  readonly status: number;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** An answer in pages (`Link: <…>; rel="next"`), all from the host that was asked. `missing`: statuses that say that there is no such list, which are a page of their own. */
export async function* listPages(
  session: Session,
  endpoint: Endpoint,
  first: string,
  missing: readonly number[] = [],
): AsyncGenerator<Page, void, undefined> {
  const subject = subjectOf(endpoint);
  const seen = new Set<string>();
  for (let at: string | URL | undefined = first; at !== undefined;) {
    const asked: string | URL = at;
    const { answer, bytes } = await session.persistently(async () => {
      const given = await session.ask(endpoint, { method: 'GET', at: asked, expected: [200, ...missing] });
      return { answer: given, bytes: await whole(given) };
    });
    yield { status: answer.status, mediaType: (answer.header('content-type') ?? '').split(';')[0]?.trim() ?? '', bytes };
    const link = /<([^<>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?/i.exec(answer.header('link') ?? '')?.[1];
    if (link === undefined) return;
    const next = session.addressIn(endpoint, answer, link);
    if (next.origin !== answer.url.origin) throw garbage(subject, `its list goes on at another host, ${next.host}`);
    if (seen.has(next.href) || seen.size === mostPages) throw garbage(subject, 'its list doesn’t end');
    seen.add(next.href);
    at = next;
  }
}
