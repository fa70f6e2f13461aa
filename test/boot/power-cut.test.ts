// SPDX-License-Identifier: LGPL-2.1-or-later
// The plug is pulled while an update is staged, and while it is finished at shutdown: whatever was there, a whole system starts again.
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from './machine/machine.ts';
import { testOs, type TestOs } from './os/compose-os.ts';
import { makeDisk } from './os/disk.ts';
import { startUpdateServer, type UpdateServer } from './os/server.ts';
import { deployments, leaveTraces, systemState, traces } from './support/guest.ts';
import { randomFrom } from './support/random.ts';
import { say, scratchDirectory } from './support/scratch.ts';

const cutsOfEachKind = Number(process.env['TREELINE_TEST_CUTS'] ?? 5);
const seed = Number(process.env['TREELINE_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a power cut', { concurrent: false }, () => {
  const directory = mkdtempSync(path.join(scratchDirectory(), 'power-'));
  let os: TestOs;
  let server: UpdateServer;
  let machine: Machine;
  /** How long staging takes here, once one was done before the cut. */
  let stageMs = 0;

  beforeAll(async () => {
    os = testOs();
    server = await startUpdateServer(os, directory);
    await server.publish('1');
    machine = new Machine({ disk: await makeDisk(os, '1', directory), directory, port: server.port });
    await machine.start();
    await leaveTraces(machine);
    say(`moments of the power cuts: TREELINE_TEST_SEED=${seed}`);
  });

  afterAll(async () => {
    await machine?.cutPower();
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Publish what isn't running, and say which that is. */
  async function offerAnother(): Promise<'1' | '3'> {
    const booted = (await deployments(machine)).find((d) => d.booted);
    const other = booted?.version === '1' ? '3' : '1';
    await server.publish(other);
    return other;
  }

  const upgrade = 'treeline upgrade --allow-downgrade';

  /** After the cut: a system of one of the two versions starts, all of it, with what people had put there. */
  async function expectWhole(moment: string): Promise<void> {
    await machine.start();
    const booted = (await deployments(machine)).find((d) => d.booted);
    say(`${moment}: version ${booted?.version} starts`);
    expect(['1', '3']).toContain(booted?.version);
    expect(await systemState(machine)).toBe('running');
    expect(await traces(machine)).toMatchObject({
      own: 'here',
      edited: 'first=edited here',
      shipped: `version=${booted?.version}`,
      var: 'precious',
    });
  }

  test(`leaves a system that starts, at ${cutsOfEachKind} moments of staging`, async () => {
    for (let i = 0; i < cutsOfEachKind; i++) {
      await offerAnother();
      const started = Date.now();
      const staging = machine.run(upgrade, 800_000).catch(() => undefined);
      const delayMs = Math.round(1000 + random() * (stageMs || 60_000));
      const first = await Promise.race([staging, pause(delayMs).then(() => undefined)]);
      if (first) stageMs = Date.now() - started;
      await machine.cutPower();
      await staging;
      await expectWhole(
        `cut ${i + 1}, ${((Date.now() - started) / 1000).toFixed(1)} s after staging began${first ? ', when it was done' : ''}`,
      );
    }
  }, 2_800_000);

  test(`leaves a system that starts, at ${cutsOfEachKind} moments of finishing at shutdown`, async () => {
    let taken = 0;
    for (let i = 0; i < cutsOfEachKind; i++) {
      const offered = await offerAnother();
      await machine.ok(upgrade, 800_000);
      machine.begin('systemctl --no-block reboot');
      const delayMs = Math.round(500 + random() * 14_500);
      await pause(delayMs);
      await machine.cutPower();
      await expectWhole(`cut ${i + 1}, ${(delayMs / 1000).toFixed(1)} s after the shutdown began`);
      if ((await deployments(machine)).some((d) => d.booted && d.version === offered)) taken++;
    }
    say(`${taken} of ${cutsOfEachKind} had been finished`);
  }, 2_800_000);

  test('leaves a repository without a fault, and the next update goes through', async () => {
    const offered = await offerAnother();
    await machine.ok(upgrade, 800_000);
    await machine.restart();
    expect((await deployments(machine)).find((d) => d.booted)?.version).toBe(offered);
    expect(await systemState(machine)).toBe('running');
    expect(await machine.ok('ostree fsck --quiet 2>&1; echo "code $?"', 600_000)).toContain('code 0');
  });
});
