// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run fuzz -- --seconds N [--seed S] [TARGET…]`: coverage-guided fuzzing of what reads strangers' bytes, N seconds for each (default 30).
// What reached new code stays in .cache/fuzz/corpus for the next time; what broke a decoder is written to .cache/fuzz/faults.
// `--inputs N`: so many instead of a time, which is the same each time. `--directory D`: instead of .cache/fuzz.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { LaunchError, runMain } from './console.mjs';
import { capture } from './processes.mjs';
import { root } from './setup.mjs';

/** A batch of two dozen small inputs that takes longer hangs. */
const silenceMs = 60_000;

runMain(async () => {
  const { values, positionals } = parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      inputs: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      directory: { type: 'string', default: path.join(root, '.cache/fuzz') },
    },
    allowPositionals: true,
  });
  for (const name of ['seconds', 'inputs'])
    if (values[name] !== undefined && !(Number(values[name]) > 0)) throw new LaunchError(`--${name} needs a number above 0.`);
  const directory = path.resolve(values.directory);
  const limit = values.inputs === undefined ? { seconds: Number(values.seconds) } : { inputs: Number(values.inputs) };
  // below the checkout, where node_modules are found
  const bundled = path.join(root, `.cache/fuzz/bundle-${process.pid}`);
  const entry = path.join(bundled, 'entry.mjs');
  process.once('exit', () => rmSync(bundled, { recursive: true, force: true }));
  mkdirSync(directory, { recursive: true });
  await bundle(entry);
  const all = JSON.parse(capture(process.execPath, [entry, '--list']).stdout);
  const unknown = positionals.filter((name) => !all.includes(name) && name !== 'staircase');
  if (unknown.length > 0) throw new LaunchError(`Unknown: ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
  let faults = 0;
  console.log(`seed ${values.seed}`);
  for (const name of positionals.length > 0 ? positionals : all) {
    const { inputs = 0, reached = 0, found = 0, fault } = await run(entry, { name, directory, seed: Number(values.seed), ...limit });
    console.log(`${name}: ${inputs} inputs, ${reached} ways through the code, ${found} new inputs kept${fault ? '' : ', no fault'}`);
    if (!fault) continue;
    faults++;
    const file = path.join(directory, 'faults', `${name}-${values.seed}`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(fault.input, 'base64'));
    console.log(`  ${fault.error}\n  input: ${path.relative(root, file)}`);
  }
  return faults === 0 ? 0 : 1;
});

async function bundle(entry) {
  await build({
    entryPoints: { entry: path.join(root, 'test/fuzz/entry.ts') },
    outdir: path.dirname(entry),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi', 'usocket', 'x11', 'electron'],
    // the loop's own blocks must not count: it stays recognizable by its path
    chunkNames: '[name]-[hash]',
    banner: { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" },
    logLevel: 'warning',
  });
}

/** One target in a process of its own: what hangs or crashes is a fault, too. */
function run(entry, request) {
  const { name, directory } = request;
  const child = spawn(process.execPath, ['--max-old-space-size=1024', entry, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let result;
  let timer;
  let hung = false;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, silenceMs);
  };
  watch();
  createInterface({ input: child.stdout }).on('line', (line) => {
    watch();
    const said = JSON.parse(line);
    if (!said.alive) result = said;
  });
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (result) return resolve(result);
      const running = path.join(directory, `${name}.running`);
      const batch = existsSync(running) ? JSON.parse(readFileSync(running, 'utf8')) : [];
      const error = `${hung ? `hung for ${silenceMs / 1000} s` : `ended with ${signal ?? code}`} on one of ${batch.length} inputs`;
      resolve({ fault: { input: Buffer.from(batch.join('\n')).toString('base64'), error } });
    });
  });
}
