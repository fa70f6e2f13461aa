// SPDX-License-Identifier: LGPL-2.1-or-later
// Random operations on everything that is stored of a system, against a model of what must come of them. `npm run test:model` does 500 sequences of 30 operations;
// TREELINE_MODEL_SEED, TREELINE_MODEL_SEQUENCES, TREELINE_MODEL_LENGTH: other ones. Each sequence's seed is the first one and its number.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generator } from '../../fuzz/mutate.ts';
import { bundleDriver } from './host.ts';
import { randomSequence } from './operations.ts';
import { runSequence, shrink } from './sequence.ts';
import { Universe } from './universe.ts';

const number = (name: string, usual: number): number => Number(process.env[`TREELINE_MODEL_${name}`] ?? usual);
const seed = number('SEED', 1);
const count = number('SEQUENCES', 30);
const length = number('LENGTH', 8);

let universe: Universe;
let bundled: Disposable;
beforeAll(async () => {
  universe = new Universe();
  bundled = await bundleDriver();
  await universe.make();
});
afterAll(() => {
  universe.dispose();
  bundled[Symbol.dispose]();
});

/** What went wrong once. */
const found: readonly (readonly string[])[] = [
  ['upgrade', 'override-remove extra', 'install extra --allow-inactive'],
  ['upgrade', 'override-remove extra', 'deploy 1', 'install extra', 'upgrade'],
  ['override-remove tool', 'install needy', 'override-reset tool', 'install needy', 'override-remove tool'],
];
test.each(found.map((operations) => [operations]))('%j', async (operations) => {
  expect(await runSequence(universe, operations)).toBeUndefined();
});

test(`${count} sequences of ${length} operations from seed ${seed} leave what the model says`, { timeout: 60_000 * count }, async () => {
  const failures: string[] = [];
  for (let i = 0; i < count; i++) {
    const operations = randomSequence(generator(seed + i), length);
    const failure = await runSequence(universe, operations);
    if (count > 30) process.stdout.write(`${i + 1} of ${count}${failure ? `: ${JSON.stringify(failure)}` : ''}\n`);
    if (!failure) continue;
    const shortest = await shrink(universe, failure);
    const text = `seed ${seed + i}: ${JSON.stringify(shortest.operations, null, 2)}\n${shortest.wrong.join('\n')}`;
    process.stdout.write(`${text}\n`);
    failures.push(text);
  }
  expect(failures).toEqual([]);
});
