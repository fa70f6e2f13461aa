// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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

test('a disk of any size: it is enough, or said to be full at the step that met it; the repository is untouched', async () => {
  const treefile = f.treefile(
    'packages: [worker, filesystem]\nref: test/x86_64/room\npostprocess: ["cat /usr/bin/* > /usr/share/copy"]',
    'room.yaml',
  );
  const before = f.refs();
  const outcomes: string[] = [];
  for (const kilobytes of [600, 1500, 2500, 3300, 4200, 5200, 6400, 7600, 9000, 30_000]) {
    const at = path.join(f.directory, `room-${kilobytes}`);
    mkdirSync(at);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', at]);
    try {
      const report = await f
        .compose(treefile, { cachedir: path.join(at, 'cache'), repo: repoAt(path.join(f.directory, `repo-${kilobytes}`)) })
        .then(
          () => undefined,
          (error: TreelineError) => error.report,
        );
      outcomes.push(report?.code ?? 'enough');
      if (report) expect(report, JSON.stringify(report)).toMatchObject({ code: 'disk.full' });
    } finally {
      execFileSync('umount', [at]);
    }
  }
  // as there is more, it is enough at last, and stays so
  expect(outcomes).toEqual([...outcomes].sort());
  expect([outcomes[0], outcomes.at(-1)]).toEqual(['disk.full', 'enough']);
  expect(f.refs()).toBe(before);
});

function repoAt(repo: string): string {
  execFileSync('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
  return repo;
}

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
  let works = (): void => undefined;
  const started = new Promise<void>((resolve) => (works = resolve));
  const onEvent = (event: JobEvent): void => void (event.type === 'task' && event.text === 'Postprocessing' && works());
  const job = runJob('compose.tree', { treefile, repo: f.repo, cachedir: f.cachedir }, { worker, onEvent });
  const gone = job.done.catch((error: unknown) => error);
  await Promise.race([started, gone]);
  expect(job.pid).toBeDefined();
  process.kill(job.pid ?? 0, 'SIGKILL');
  expect(await gone).toMatchObject({ code: 'internal.worker-crashed' });
  await f.compose(f.treefile('packages: [worker, filesystem]\nref: test/x86_64/freed', 'freed.yaml'), { noWait: true });
});

test('a compose that is killed while its walls are built has ended, and works on nowhere', async () => {
  const { worker } = await bundles();
  const treefile = f.treefile('packages: [worker, filesystem]\nref: test/x86_64/early', 'early.yaml');
  for (let milliseconds = 0; milliseconds < 24; milliseconds++) {
    const job = runJob('compose.tree', { treefile, repo: f.repo, cachedir: f.cachedir }, { worker });
    const gone = job.done.catch((error: unknown) => error);
    while (job.pid === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, milliseconds / 2));
    process.kill(job.pid, 'SIGKILL');
    expect(await gone).toMatchObject({ code: 'internal.worker-crashed' });
  }
  await f.compose(treefile, { noWait: true });
});
