// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalComposeClient } from '../../main/local/compose-client.ts';
import { namespaceFor } from '../../main/local/user-namespace.ts';
import type { JobState } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(path.join(tmpdir(), 'treeline-composer-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** A stand-in for the worker: `request` is what it was asked. */
function composer(body: string): { client: LocalComposeClient; jobs: JobState[] } {
  const worker = path.join(directory, `${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(
    worker,
    `import { readFileSync, writeSync } from 'node:fs';
const say = (o) => writeSync(3, JSON.stringify(o) + '\\n');
const request = JSON.parse(readFileSync(0, 'utf8'));
${body}`,
  );
  const client = new LocalComposeClient(() => ({ node: process.execPath, worker }));
  const jobs: JobState[] = [];
  client.onJob((job) => jobs.push(job));
  return { client, jobs };
}

const draft = { treefile: '/t.yaml', text: 'ref: a' };

test('a resolve is followed from its start to its end', async () => {
  const { client, jobs } = composer(`
say({type:'progress',progress:{step:'resolve',stepIndex:0,stepCount:2,fraction:0}});
say({type:'message',text:'reading'});
say({type:'result',result:{asked:request}});`);
  // root's job is behind walls, and gets the treefile as it was read outside of them
  expect(await client.resolve(draft, '/repo')).toMatchObject({
    asked: { job: 'compose.resolve', params: { ...draft, repo: '/repo', cachedir: expect.stringMatching(/treeline\/compose$/) } },
  });
  expect(jobs.map(({ phase }) => phase)).toEqual(['running', 'running', 'running', 'succeeded']);
  expect(jobs.at(-1)).toMatchObject({ method: 'compose.resolve', messages: ['reading'], changed: true, endedAt: expect.any(Number) });
});

test('a failure is the job’s and the caller’s', async () => {
  const { client, jobs } = composer(`say({type:'error',error:{code:'package.not-found',subject:'x',line:3}});`);
  await expect(client.resolve(draft, undefined)).rejects.toMatchObject({ code: 'package.not-found', report: { line: 3 } });
  expect(jobs.at(-1)).toMatchObject({ phase: 'failed', error: { code: 'package.not-found' } });
});

test('one at a time, and cancelled when asked for', async () => {
  const { client, jobs } = composer('setInterval(() => undefined, 1000);');
  const running = client.resolve(draft, undefined);
  await expect.poll(() => jobs.length).toBe(1);
  await expect(client.resolve(draft, undefined)).rejects.toMatchObject({ code: 'compose.busy' });
  expect(await client.cancel()).toBe(true);
  await expect(running).rejects.toMatchObject({ code: 'job.cancelled' });
  expect(jobs.at(-1)?.phase).toBe('cancelled');
  expect(await client.cancel()).toBe(false);
});

test('nothing goes on when the app ends', async () => {
  const { client, jobs } = composer('setInterval(() => undefined, 1000);');
  const running = client.resolve(draft, undefined);
  await expect.poll(() => jobs.length).toBe(1);
  client.close();
  await expect(running).rejects.toMatchObject({ code: 'job.cancelled' });
});

test('what has the cache for itself waits for the other', async () => {
  const { client } = composer(`
const at = Date.now();
setTimeout(() => say({type:'result',result:[at, Date.now()]}), 300);`);
  const [first, second] = (await Promise.all([client.packages(draft), client.resolve(draft, undefined)])) as unknown as [
    [number, number],
    [number, number],
  ];
  expect(second[0]).toBeGreaterThanOrEqual(first[1]);
});

test('an app without a composer says what is missing', async () => {
  const client = new LocalComposeClient(() => {
    throw new TreelineError('compose.not-installed', { subject: 'node' });
  });
  await expect(client.keys()).rejects.toMatchObject({ code: 'compose.not-installed', report: { subject: 'node' } });
});

test('root needs no namespace; others get one, or the reason', () => {
  expect(namespaceFor(0)).toEqual({ ability: { kind: 'root', detail: '' }, before: [] });
  const { ability, before } = namespaceFor(1000);
  expect(['range', 'single', 'none']).toContain(ability.kind);
  expect(before.length > 0).toBe(ability.kind !== 'none');
  expect(ability.detail === '').toBe(ability.kind === 'range');
});
