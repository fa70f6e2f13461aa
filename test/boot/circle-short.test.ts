// SPDX-License-Identifier: LGPL-2.1-or-later
// One upgrade to a version with another kernel, and the way back, in a real system.
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from './machine/machine.ts';
import { kernelOf, testOs, type TestOs } from './os/compose-os.ts';
import { makeDisk } from './os/disk.ts';
import { startUpdateServer, type UpdateServer } from './os/server.ts';
import { scratchDirectory } from './support/scratch.ts';
import { kernel, leaveTraces, summary, systemState, traces } from './support/guest.ts';

describe('a real system', { concurrent: false }, () => {
  const directory = mkdtempSync(path.join(scratchDirectory(), 'short-'));
  let os: TestOs;
  let server: UpdateServer;
  let machine: Machine;

  beforeAll(async () => {
    os = testOs();
    server = await startUpdateServer(os, directory);
    await server.publish('1');
    machine = new Machine({ disk: await makeDisk(os, '1', directory), directory, port: server.port });
    await machine.start();
  });

  afterAll(async () => {
    await machine?.cutPower();
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('starts from the disk that was written, without a failed unit', async () => {
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('1*');
    expect(await machine.ok('treeline upgrade --check; echo "code $?"')).toMatch(/code (0|77)/);
    expect(await kernel(machine)).toBe(await kernelOf(os, '1'));
    await leaveTraces(machine);
  });

  test('stages a new version from its server', async () => {
    await server.publish('3');
    expect(await machine.ok('treeline upgrade --check')).toContain('3');
    await machine.ok('treeline upgrade', 800_000);
    expect(await summary(machine)).toBe('3+ 1*');
  });

  test('runs the new version with its kernel after a restart; /etc is merged, /var kept', async () => {
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('3* 1');
    expect(await kernel(machine)).toBe(await kernelOf(os, '3'));
    expect(await traces(machine)).toEqual({
      own: 'here',
      edited: 'first=edited here',
      shipped: 'version=3',
      var: 'precious',
      home: 'mine',
    });
  });

  test('goes back to the old version and the old kernel', async () => {
    await machine.ok('treeline rollback');
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('1* 3');
    expect(await kernel(machine)).toBe(await kernelOf(os, '1'));
    expect(await traces(machine)).toMatchObject({ own: 'here', shipped: 'version=1', var: 'precious' });
  });
});
