// SPDX-License-Identifier: LGPL-2.1-or-later
// Child of main/launch/fuzz.mjs: fuzzes one target for some seconds. A JSON object a line on stdout.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fuzz } from './loop.ts';
import { targets } from './targets/index.ts';

interface Request {
  readonly name: string;
  readonly directory: string;
  readonly seed: number;
  /** Either of the two. */
  readonly seconds?: number;
  readonly inputs?: number;
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const [argument = ''] = process.argv.slice(2);
if (argument === '--list') {
  say(Object.keys(targets));
} else {
  const { name, directory, seed, seconds, inputs: most = Infinity } = JSON.parse(argument) as Request;
  const load = name === 'staircase' ? () => import('./staircase.ts') : targets[name];
  if (!load) throw new Error(`no target ${name}`);
  const corpus = path.join(directory, 'corpus', name);
  mkdirSync(corpus, { recursive: true });
  const until = seconds === undefined ? Infinity : Date.now() + seconds * 1000;
  const result = await fuzz(load, {
    seed,
    corpus: readdirSync(corpus).map((file) => readFileSync(path.join(corpus, file))),
    goOn: (done) => done < most && Date.now() < until,
    // what hangs or kills this process is found in there
    before: (batch) => {
      writeFileSync(path.join(directory, `${name}.running`), JSON.stringify(batch.map((input) => Buffer.from(input).toString('base64'))));
      say({ alive: true });
    },
  });
  for (const input of result.found) writeFileSync(path.join(corpus, createHash('sha256').update(input).digest('hex').slice(0, 16)), input);
  const { inputs, reached, found, fault } = result;
  const told = fault && {
    input: Buffer.from(fault.input).toString('base64'),
    error: fault.error instanceof Error ? fault.error.stack : String(fault.error),
  };
  say({ inputs, reached, found: found.length, ...(told ? { fault: told } : {}) });
}
process.exit(0);
