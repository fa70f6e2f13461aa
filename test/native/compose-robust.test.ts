import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob, type JobEvent } from '../../main/engine/jobs/index.ts';
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

test('killed at 30 random moments: the repository stays whole, and the next run finishes', async () => {
  const ref = 'test/x86_64/killed';
  const treefile = f.treefile(`packages: [worker, filesystem]\nref: ${ref}\npostprocess: [echo post]`, 'killed.yaml');
  const { worker } = await bundles();
  const cachedir = path.join(f.directory, 'kill-cache');
  const params = { treefile, repo: f.repo, cachedir, forceNocache: true };
  const start = performance.now();
  await runJob('compose.tree', params, { worker }).done;
  const wholeMs = performance.now() - start;
  let killed = 0;
  const moments = randoms(7);
  for (let i = 0; i < 30; i++) {
    // a third of them begin with nothing at all, so that making the cache is interrupted, too
    if (i % 3 === 0) rmSync(cachedir, { recursive: true, force: true });
    const before = f.refs();
    const job = runJob('compose.tree', params, { worker });
    const timer = setTimeout(() => process.kill(job.pid as number, 'SIGKILL'), 60 + wholeMs * (moments.next().value as number));
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
  expect(killed).toBeGreaterThan(15);
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

test('two composes into one repository: one waits and says so, both commits are there; or it is refused', async () => {
  const { worker } = await bundles();
  const compose = (name: string, more = {}): { done: Promise<string>; messages: string[] } => {
    const messages: string[] = [];
    const onEvent = (event: JobEvent): void => void (event.type === 'message' && messages.push(event.text));
    const treefile = f.treefile(
      `packages: [worker, filesystem]\nref: test/x86_64/same\nadd-commit-metadata: {by: ${name}}`,
      `${name}.yaml`,
    );
    const params = { treefile, repo: f.repo, cachedir: path.join(f.directory, `cache-${name}`), ...more };
    return { done: runJob('compose.tree', params, { worker, onEvent }).done.then((o) => o.checksum), messages };
  };
  const both = [compose('one'), compose('two')];
  const [one, two] = (await Promise.all(both.map((c) => c.done))) as [string, string];
  const waiting = both.flatMap((c) => c.messages).filter((m) => m.includes('Waiting for compose of test/x86_64/same'));
  expect(waiting).toHaveLength(1);
  expect(waiting[0]).toContain(f.repo);
  // one is the other's parent: none was lost
  const parents = [one, two].map((commit) => /Parent:\s+(\w+)/.exec(f.ostree('show', commit))?.[1]);
  expect(parents.includes(one) || parents.includes(two)).toBe(true);
  f.fsck();

  const first = compose('three');
  const slow = compose('four', { noWait: true });
  const results = await Promise.allSettled([first.done, slow.done]);
  const refused = results.filter((r) => r.status === 'rejected').map((r) => (r.reason as TreelineError).report);
  if (refused.length === 0) expect(f.ostree('rev-parse', 'test/x86_64/same')).toMatch(/^\w{64}$/);
  else {
    expect(refused).toEqual([expect.objectContaining({ code: 'repo.locked', subject: f.repo })]);
    expect(refused[0]?.detail).toContain('compose of test/x86_64/same');
  }
  f.fsck();
});

test('a lock that a killed compose held is free at once', async () => {
  const { worker } = await bundles();
  const treefile = f.treefile('packages: [worker, filesystem]\nref: test/x86_64/freed\npostprocess: ["sleep 30"]', 'freed.yaml');
  const job = runJob('compose.tree', { treefile, repo: f.repo, cachedir: f.cachedir }, { worker });
  const gone = job.done.catch((error: unknown) => error);
  while (!existsSync(path.join(f.repo, '.treeline.lock'))) await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(job.pid as number, 'SIGKILL');
  await gone;
  await f.compose(f.treefile('packages: [worker, filesystem]\nref: test/x86_64/freed', 'freed.yaml'), { noWait: true });
});
