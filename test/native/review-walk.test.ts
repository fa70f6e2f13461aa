// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { readLocalTree } from '../../main/engine/host/review/etc-local.ts';

test('who may write into a directory of /etc leads the walk through it nowhere else, also while it is swapped for a link', async () => {
  const top = mkdtempSync(path.join(tmpdir(), 'treeline-walk-'));
  const etc = path.join(top, 'etc');
  for (const name of ['etc/service/own', 'elsewhere']) mkdirSync(path.join(top, name), { recursive: true });
  writeFileSync(path.join(etc, 'service/own/mine'), '');
  writeFileSync(path.join(top, 'elsewhere/secret'), '');
  symlinkSync(path.join(top, 'elsewhere'), path.join(etc, 'service/link'));
  const swapper = new Worker(
    `const { renameSync } = require('node:fs');
     const { workerData: at, parentPort } = require('node:worker_threads');
     parentPort.postMessage('swapping');
     for (;;) {
       renameSync(at + '/own', at + '/away'); renameSync(at + '/link', at + '/own');
       renameSync(at + '/own', at + '/link'); renameSync(at + '/away', at + '/own');
     }`,
    { eval: true, workerData: path.join(etc, 'service') },
  );
  try {
    await new Promise((resolve) => swapper.once('message', resolve));
    const seen = new Set<string>();
    for (let round = 0; round < 4000; round++) for (const name of readLocalTree(etc).keys()) seen.add(name);
    expect(seen).toContain('service/own/mine');
    expect([...seen].filter((name) => name.endsWith('secret'))).toEqual([]);
  } finally {
    await swapper.terminate();
    rmSync(top, { recursive: true, force: true });
  }
});
