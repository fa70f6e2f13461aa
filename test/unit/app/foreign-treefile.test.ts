// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import type { ErrorReport } from '../../../shared/errors/index.ts';

// files share what they load: what is mocked here is loaded anew, and by the next file again
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());

const directory = mkdtempSync(path.join(tmpdir(), 'treeline-foreign-app-'));
afterAll(() => rmSync(directory, { recursive: true }));
const treefile = path.join(directory, 'os.yaml');
writeFileSync(treefile, 'ref: os\n');

const asked: { message: string; detail: string; defaultId: number }[] = [];
let answer = 0;
vi.mock('electron', () => ({
  app: { getPath: () => directory },
  dialog: {
    showOpenDialog: () => Promise.resolve({ canceled: false, filePaths: [treefile] }),
    showMessageBox: (options: (typeof asked)[number]) => {
      asked.push(options);
      return Promise.resolve({ response: answer });
    },
  },
}));
const { createComposeHandlers } = await import('../../../main/app/compose-commands.ts');
const { createTexts } = await import('../../../main/app/texts.ts');

let foreign: readonly ErrorReport[] | Error = [];
const composed: string[] = [];
const compose = {
  onJob: () => () => undefined,
  foreign: () => (foreign instanceof Error ? Promise.reject(foreign) : Promise.resolve(foreign)),
  createRepo: () => Promise.resolve(),
  compose: (file: string) => Promise.resolve(composed.push(file)),
};
const handlers = (language: string): ReturnType<typeof createComposeHandlers> =>
  createComposeHandlers({ compose: compose as never, window: () => undefined, texts: createTexts([language]) });

/** What the window does: open, choose where to, run. */
async function run(window: ReturnType<typeof createComposeHandlers>): Promise<unknown> {
  const opened = await window['compose.open']();
  const token = opened?.token ?? '';
  await window['compose.chooseRepo'](token);
  return window['compose.run'](token);
}
beforeEach(() => {
  asked.length = 0;
  composed.length = 0;
});

const strange: ErrorReport = { code: 'treefile.foreign-owner', file: treefile, subject: treefile, facts: { owner: 'mallory' } };

test('one’s own treefile is composed without a question', async () => {
  foreign = [];
  await run(handlers('en'));
  expect([asked.length, composed]).toEqual([0, [treefile]]);
});

test.each(['en', 'de'])('a treefile of somebody else isn’t composed before a person has said so (%s)', async (language) => {
  const window = handlers(language);
  foreign = [strange];
  answer = 0;
  await expect(run(window)).rejects.toMatchObject({ code: 'job.cancelled' });
  expect(composed).toEqual([]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.detail).toMatch(/mallory/);
  expect(asked[0]?.detail).toContain(treefile);
  expect(asked[0]?.detail).toMatch(/root/);
  expect(asked[0]?.defaultId).toBe(0);
  answer = 1;
  await run(window);
  await run(window);
  expect([asked.length, composed.length]).toEqual([2, 2]);
  // something else is the matter with it now
  foreign = [strange, { code: 'treefile.others-may-write', file: treefile, subject: directory }];
  answer = 0;
  await expect(run(window)).rejects.toMatchObject({ code: 'job.cancelled' });
  expect(composed).toHaveLength(2);
});

test('where nobody can tell whose a treefile is, it isn’t composed', async () => {
  foreign = new Error('the worker ended');
  await expect(run(handlers('en'))).rejects.toThrow('the worker ended');
  expect([asked.length, composed]).toEqual([0, []]);
});
