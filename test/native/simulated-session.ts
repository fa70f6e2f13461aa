// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { plainRepoInside, type PlainHost } from '../../main/demo/plain-releases.ts';
import { boot, type Bind } from '../../main/demo/simboot.ts';
import type { JobEvent, JobName, JobParams, JobResult } from '../../main/engine/jobs/index.ts';

const root = path.resolve(import.meta.dirname, '../..');
const inside = '/run/treeline-sim/app';

/** A job with its parameters, or shell words. */
export type Step = { [N in JobName]: readonly [N, JobParams<N>] }[JobName] | string;

/**
 * Start a plain host in a simulated boot, do the steps in it (jobs in worker processes), shut down. Returns each job's last event, and what
 * shell words printed as a message. `dir` takes what is handed in and out.
 */
export async function simulatedSession(
  dir: string,
  host: PlainHost,
  steps: readonly Step[],
  { binds = [], ...more }: { powerCut?: boolean; finalizeWrap?: string; binds?: readonly Bind[] } = {},
): Promise<JobEvent[]> {
  const shared = path.join(dir, 'shared');
  rmSync(shared, { recursive: true, force: true });
  mkdirSync(shared);
  const lines = steps.map((step, i) => {
    if (typeof step === 'string') return `{ ${step}; } > ${inside}/shared/${i}.out 2>&1`;
    writeFileSync(path.join(shared, `${i}.json`), JSON.stringify({ job: step[0], params: step[1] }));
    return `G_DEBUG=fatal-criticals ${inside}/node ${inside}/dist/worker/worker.mjs < ${inside}/shared/${i}.json 3> ${inside}/shared/${i}.events`;
  });
  writeFileSync(path.join(shared, 'steps.sh'), `${lines.join('\n')}\ntrue\n`);
  let output = '';
  const started = boot({
    sysroot: host.sysroot,
    init: path.join(root, 'assets/simboot/boot.sh'),
    command: ['bash', `${inside}/shared/steps.sh`],
    once: true,
    binds: [
      { source: host.repo, target: plainRepoInside },
      { source: process.execPath, target: `${inside}/node` },
      { source: path.join(root, 'dist'), target: `${inside}/dist` },
      { source: path.join(root, 'node_modules'), target: `${inside}/node_modules` },
      { source: shared, target: `${inside}/shared`, writable: true },
      ...binds,
    ],
    onOutput: (text) => (output += text),
    ...more,
  });
  await started.ended;
  return steps.map((step, i): JobEvent => {
    if (typeof step === 'string') return { type: 'message', text: readFileSync(path.join(shared, `${i}.out`), 'utf8') };
    const file = path.join(shared, `${i}.events`);
    const last = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').at(-1) : undefined;
    if (!last) throw new Error(`${step[0]} left nothing: ${output}`);
    return JSON.parse(last) as JobEvent;
  });
}

export function result<N extends JobName>(event: JobEvent | undefined, _: N): JobResult<N> {
  if (event?.type !== 'result') throw new Error(JSON.stringify(event));
  return event.result;
}

export const error = (event: JobEvent | undefined): unknown => (event?.type === 'error' ? event.error : event);
