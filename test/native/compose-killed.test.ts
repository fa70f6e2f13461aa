// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob, type RunningJob } from '../../main/engine/jobs/index.ts';
import type { TreelineError } from '../../shared/errors/index.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { bundles, ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;

beforeAll(() => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), {
    name: 'worker',
    tags: ['Requires: testshell'],
    files: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`/usr/share/worker/${i}`, `content ${i}`])),
    scripts: { post: 'echo made > /usr/share/worker/made', posttrans: 'sleep 0.1' },
  });
});
afterAll(() => f.dispose());

/** Numbers in 0..1, the same every time (a linear congruence): a failure can be seen again. */
function* randoms(seed: number): Generator<number> {
  for (let state = seed; ;) yield (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

/** It is put behind walls before it is started, and may have ended by itself: neither is to throw out of a timer, where it is nobody's. */
function kill({ pid }: RunningJob<'compose.tree'>): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

test('killed at 30 random moments: the repository stays whole, and the next run finishes', async () => {
  const ref = 'test/x86_64/killed';
  const treefile = f.treefile(`packages: [worker, filesystem]\nref: ${ref}\npostprocess: [echo post]`, 'killed.yaml');
  const { worker } = await bundles();
  const cachedir = path.join(f.directory, 'kill-cache');
  const params = { treefile, repo: f.repo, cachedir, forceNocache: true };
  const start = performance.now();
  await runJob('compose.tree', params, { worker }).done;
  const wholeMs = performance.now() - start;
  const wanted = 16;
  let killed = 0;
  const moments = randoms(7);
  // a machine that is quick now and slow then is killed in time only now and then
  for (let i = 0; i < 30 || (killed < wanted && i < 90); i++) {
    // a third of them begin with nothing at all, so that making the cache is interrupted, too
    if (i % 3 === 0) rmSync(cachedir, { recursive: true, force: true });
    const before = f.refs();
    const job = runJob('compose.tree', params, { worker });
    const timer = setTimeout(() => kill(job), 60 + wholeMs * (moments.next().value as number));
    const error = await job.done.then(
      () => undefined,
      (e: TreelineError) => e,
    );
    clearTimeout(timer);
    if (error) {
      expect(error.code).toBe('internal.worker-crashed');
      killed++;
    }
    f.fsck();
    // the ref is the old commit or a whole new one
    if (f.refs() !== before) execFileSync('ostree', [`--repo=${f.repo}`, 'ls', '-R', ref], { stdio: 'ignore' });
  }
  expect(killed).toBeGreaterThanOrEqual(wanted);
  const last = await runJob('compose.tree', params, { worker }).done;
  expect(last.changed).toBe(true);
  f.fsck();
  f.fsck(path.join(cachedir, 'pkgcache-repo'));
  expect(f.cat('/usr/share/worker/made', ref)).toBe('made\n');
  expect(readdirSync(cachedir).filter((name) => name.startsWith('work.'))).toEqual([]);
  expect(readdirSync(path.join(f.repo, 'tmp')).filter((name) => name !== 'cache')).toEqual([]);
  expect(execFileSync('mount', { encoding: 'utf8' })).not.toContain(cachedir);
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(f.directory);
});
