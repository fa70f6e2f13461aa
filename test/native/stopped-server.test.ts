// SPDX-License-Identifier: LGPL-2.1-or-later
import { statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runJob } from '../../main/engine/jobs/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { Fixture, job, osname, sh, worker } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let url: string;

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  url = await server.start();
  fixture.install(url, fixture.release({ version: '1' }));
  // every lost connection ends the job: the next one has to go on
  process.env['TREELINE_RETRY_SECONDS'] = '';
});

afterEach(async () => {
  delete process.env['TREELINE_RETRY_SECONDS'];
  await server.stop().catch(() => undefined);
  fixture[Symbol.dispose]();
});

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const stops = 20;
/**
 * Files that were the last to be sent before a stop may not have been read (one of each of libostree's 8 connections) or not been written (16 side
 * by side) on the other side.
 */
const onTheWay = 8 + 16;

test(`the server is stopped ${stops} times in the middle of a pull: what had arrived isn’t fetched again (field report 18)`, async () => {
  fixture.release({ version: '2', files: 700, fileBytes: 3000 });
  const port = Number(new URL(url).port);
  let seed = Date.now() % 100_000;
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const firstSeed = seed;
  server.delayMs = 30;
  /** The how manieth answer each file was, again and again. */
  const sent = new Map<string, number[]>();
  let answers = 0;
  server.onCompleted = (file) => sent.set(file, [...(sent.get(file) ?? []), ++answers]);
  /** After how many answers. */
  const stoppedAt: number[] = [];
  let before = 0;
  while (stoppedAt.length < stops) {
    const running = runJob('update.upgrade', os(), { worker });
    const outcome = running.done.then(
      () => 'done',
      (error: unknown) => {
        const { code, message } = error as { code: string; message: string };
        return code === 'repo.unreachable' ? code : message;
      },
    );
    // after the check, and after something new has come: 5 to 34 more objects
    const until = before + 5 + random(30);
    const started = Date.now();
    const content = (): number => [...sent.keys()].filter((file) => file.endsWith('.filez')).length;
    while (content() < until && Date.now() - started < 20_000) await sleep(5);
    await sleep(random(40));
    await server.stop();
    stoppedAt.push(answers);
    before = content();
    expect([firstSeed, await outcome]).toEqual([firstSeed, 'repo.unreachable']);
    await server.start(port);
  }
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
  const twice = [...sent].filter(([file, times]) => {
    if (!file.startsWith('/objects/') || /\.commit(meta)?$/.test(file) || times.length < 2) return false;
    // each time but the last one was right before a stop
    return !times.slice(0, -1).every((at) => stoppedAt.some((stop) => at <= stop && stop - at < onTheWay));
  });
  expect(twice).toEqual([]);
  const objects = [...sent].filter(([file]) => file.startsWith('/objects/') && !/\.commit(meta)?$/.test(file));
  const size = (file: string): number => statSync(path.join(fixture.server, file)).size;
  const needed = objects.reduce((sum, [file]) => sum + size(file), 0);
  const served = objects.reduce((sum, [file, times]) => sum + size(file) * times.length, 0);
  // connections run eight abreast: that much can be on the way at each stop
  expect(served - needed).toBeLessThanOrEqual(stops * 8 * 3100);
  expect(objects.length).toBeGreaterThan(700);
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});
