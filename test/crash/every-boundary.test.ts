// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run test:crash`: every recorded write boundary of every operation on every layout. CRASH_ONLY=finalize,xfs: some of them only.
import { afterEach, describe, expect, it } from 'vitest';
import { layouts } from './layouts.ts';
import { operations } from './operations.ts';
import { allCuts } from './replay.ts';
import { Scenario } from './scenario.ts';

const only = (process.env['CRASH_ONLY'] ?? '').split(',').filter((word) => word !== '');
const seed = Number(process.env['CRASH_SEED'] ?? 20_261_130);

let scenario: Scenario;
afterEach(() => scenario.dispose());

const chosen = Object.entries(layouts()).flatMap(([layout, parts]) =>
  Object.entries(operations)
    .filter(([name]) => only.every((word) => word === name || word === layout))
    .map(([name, operation]) => ({ name, layout, parts, operation })),
);

describe('the power goes at every boundary', () => {
  it.each(chosen)('of $name on $layout', async ({ name, layout, parts, operation }) => {
    scenario = new Scenario(parts, operation);
    await scenario.record();
    const cuts = allCuts(scenario.records, seed);
    const wrong: string[] = [];
    for (const cut of cuts) for (const problem of await scenario.cut(cut)) wrong.push(`${JSON.stringify(cut)}: ${problem}`);
    process.stdout.write(`${layout} ${name}: ${cuts.length} cuts at ${scenario.records.length} records left ${scenario.states} states\n`);
    expect(wrong).toEqual([]);
  });
});
