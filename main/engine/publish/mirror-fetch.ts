import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TreelineError } from '../../../shared/errors/index.ts';

/** Summaries and parts of deltas are below this (libostree splits parts at 32 MB). */
const maxBytes = 256 << 20;
const timeoutMs = 60_000;

/** A file of a repository, whole; undefined when it isn't there. Throws the `repo.*` codes. */
export async function fetchUpstreamFile(url: string): Promise<Buffer | undefined> {
  if (url.startsWith('file://')) {
    try {
      return readFileSync(fileURLToPath(url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new TreelineError('repo.unreachable', { subject: url, detail: (error as Error).message });
    }
  }
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const cause = (error as Error).cause as Error | undefined;
    throw new TreelineError('repo.unreachable', { subject: url, detail: cause?.message ?? (error as Error).message });
  }
  if (response.status === 404) return undefined;
  if (!response.ok) throw new TreelineError('repo.http-status', { subject: url, facts: { status: response.status } });
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > maxBytes) throw new TreelineError('repo.garbage', { subject: url, detail: `it has ${length} bytes` });
  try {
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new TreelineError('repo.unreachable', { subject: url, detail: (error as Error).message });
  }
}
