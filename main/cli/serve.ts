// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../shared/errors/index.ts';
import { answerFile, listen, requestPath } from '../engine/compose/publish/static-server.ts';
import { standardError, standardOutput } from './output/terminal.ts';

/** Serve a repository's files until a signal comes; a line per request on stderr unless `quiet`. Throws repo.open, usage.invalid. */
export async function serve(repo: string, address: string, port: number, quiet: boolean): Promise<number> {
  const base = path.resolve(repo);
  if (!existsSync(path.join(base, 'config')) || !existsSync(path.join(base, 'objects')))
    throw new TreelineError('repo.open', { subject: repo, detail: 'there is no OSTree repository' });
  const server = await listen(
    (request, response) => {
      if (!quiet)
        response.on('close', () =>
          standardError.print(`${request.socket.remoteAddress ?? '-'} ${request.method} ${requestPath(request)} ${response.statusCode}`),
        );
      answerFile(base, request, response);
    },
    address,
    port,
  ).catch((error: Error) => {
    throw new TreelineError('usage.invalid', { subject: '--address', detail: `${address}:${port} can’t be listened on: ${error.message}` });
  });
  standardOutput.print(`http://${address.includes(':') ? `[${address}]` : address}:${server.port}/`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await server.close();
  return 0;
}
