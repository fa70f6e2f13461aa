// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Descriptor } from '../oci.ts';
import type { DownloadOptions } from '../registry-port.ts';
import type { Answer } from './exchange.ts';
import { failure, garbage, Passing, type Subject } from './failures.ts';
import type { Endpoint } from './registries-conf.ts';
import { subjectOf, type Session } from './session.ts';
import type { Sink } from './sinks.ts';

type Blob = Pick<Descriptor, 'digest' | 'size'>;

/**
 * A blob into a sink, from where that ends. A connection that is cut is gone on with from where it was cut. What doesn't fit the digest in the end is begun anew once if
 * a part of it came from elsewhere (an earlier process, whose last bytes a power cut may have taken). Throws registry.*, job.cancelled; then the sink holds what may be gone
 * on with, and nothing after a lie.
 */
export async function fetchBlob(
  session: Session,
  endpoint: Endpoint,
  blob: Blob,
  sink: Sink,
  { signal, onBytes }: DownloadOptions = {},
): Promise<void> {
  const subject = subjectOf(endpoint);
  let foreign = sink.size > 0;
  for (;;) {
    if (sink.size < blob.size) await session.persistently(() => fetchPart(session, endpoint, blob, sink, { signal, onBytes }), signal);
    if (sink.digest() === blob.digest) return;
    await sink.restart();
    if (!foreign) throw garbage(subject, `what it gives as ${blob.digest} has another digest`);
    foreign = false;
  }
}

interface Follow {
  readonly signal: AbortSignal | undefined;
  readonly onBytes: DownloadOptions['onBytes'];
}

async function fetchPart(session: Session, endpoint: Endpoint, blob: Blob, sink: Sink, { signal, onBytes }: Follow): Promise<void> {
  const had = sink.size;
  const range = had > 0 ? { range: `bytes=${had}-` } : undefined;
  const answer = await session.ask(endpoint, {
    method: 'GET',
    at: `blobs/${blob.digest}`,
    ...(range ? { headers: range } : {}),
    expected: range ? [200, 206, 416] : [200],
    signal,
  });
  try {
    await judge(answer, blob, sink);
    for await (const chunk of answer.chunks()) {
      if (sink.size + chunk.length > blob.size)
        throw await lie(sink, answer.subject, `it gives more than the ${blob.size} bytes of ${blob.digest}`);
      await sink.write(chunk);
      onBytes?.(chunk.length);
    }
    if (sink.size < blob.size)
      throw new Passing(garbage(answer.subject, `it gives ${sink.size} of the ${blob.size} bytes of ${blob.digest}`));
  } catch (error) {
    if (error instanceof Passing) error.moved = sink.size > had;
    throw error;
  } finally {
    answer.drop();
  }
}

/** Make the sink ready for what comes; an answer that can't be gone on with is an error. */
async function judge(answer: Answer, { digest, size }: Blob, sink: Sink): Promise<void> {
  const { status, subject } = answer;
  if (status === 416) {
    // it has less than is here, or doesn't cut where it was asked to
    const there = /^bytes \*\/(\d+)$/.exec(answer.header('content-range') ?? '')?.[1];
    if (there !== undefined && Number(there) !== size)
      throw await lie(sink, subject, `its ${digest} has ${there} bytes instead of ${size}`);
    await sink.restart();
    throw new Passing(failure('registry.unreachable', subject, `it doesn’t go on with ${digest}`));
  }
  // the whole again
  if (status === 200) await sink.restart();
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header('content-range') ?? '') ?? [];
  if (status === 206 && (Number(from) !== sink.size || (total !== '*' && Number(total) !== size)))
    throw await lie(sink, subject, `it goes on with ${digest} elsewhere than it was asked to`);
  const length = answer.header('content-length');
  if (length !== undefined && Number(length) !== size - sink.size)
    throw await lie(sink, subject, `its ${digest} has ${Number(length) + sink.size} bytes instead of ${size}`);
}

/** What came from a server that lies isn't gone on with. */
async function lie(sink: Sink, subject: Subject, detail: string): Promise<Error> {
  await sink.restart();
  return garbage(subject, detail);
}
