// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { TreelineError } from '../../../../shared/errors/index.ts';

export interface SkopeoOptions {
  readonly authfile?: string;
  /** Talk to the registry without TLS, or with a certificate that nobody vouches for. */
  readonly insecure?: boolean;
  readonly retries?: number;
  /** It may become another manifest: images of Docker's own format as OCI's. */
  readonly convert?: boolean;
}

/** skopeo-copy(1): move an image between transports, its layers as they are. Throws library.missing, container.transport. */
export async function skopeoCopy(from: string, to: string, { authfile, insecure, retries, convert }: SkopeoOptions = {}): Promise<void> {
  const tls = (side: 'src' | 'dest'): string[] => (insecure ? [`--${side}-tls-verify=false`] : []);
  const args = [
    'copy',
    '--quiet',
    ...(convert ? [] : ['--preserve-digests']),
    ...(authfile === undefined ? [] : ['--authfile', authfile]),
    ...(retries === undefined ? [] : ['--retry-times', String(retries)]),
    ...tls('src'),
    ...tls('dest'),
    from,
    to,
  ];
  const { status, output } = await new Promise<{ status: number | null; output: string }>((resolve, reject) => {
    const child = spawn('skopeo', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text = (text + part).slice(-8192)));
    child.on('error', (error) =>
      reject(new TreelineError('library.missing', { subject: 'skopeo', detail: error.message, facts: { install: 'skopeo' } })),
    );
    child.on('close', (code) => resolve({ status: code, output: text }));
  });
  if (status !== 0)
    throw new TreelineError('container.transport', {
      subject: to.startsWith('oci:') ? from : to,
      detail: output.trim().split('\n').slice(-2).join(' | '),
    });
}
