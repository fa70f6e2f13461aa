// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm test`: sets up, runs every check and suite, two at a time, ends with "N passed, N failed". `npm test -- unit lint` runs only those.
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { LaunchError, runMain, steps } from './console.mjs';
import { ensureSandbox, resolveElectron } from './electron-runtime.mjs';
import { outsideErrors } from './outside-reporter.mjs';
import { againWhereOthersCanRead, againWithOwnRoot } from './own-root.mjs';
import { follow } from './processes.mjs';
import { checkNode, ensureBuild, ensureNodeModules, ensureSystemPackages, root } from './setup.mjs';
import { readReport } from './test-report.mjs';
import { startXvfb } from './xvfb.mjs';

const bin = (name) => path.join(root, 'node_modules/.bin', name);
const reports = path.join(root, '.cache/test-reports');
const outsideReporter = path.join(root, 'main/launch/outside-reporter.mjs');
/** Checks count as one each, suites by their tests. */
const checks = {
  typecheck: [bin('tsc'), ['-b']],
  lint: [bin('eslint'), ['--max-warnings=0', '.']],
  format: [bin('prettier'), ['--check', '.']],
  unused: [bin('knip'), []],
  // what docs/adding.md says of new options and methods; after the type check, on whose results it builds
  adding: [process.execPath, ['main/launch/adding.mjs']],
};
/** In the order in which they start: long ones early, so that two lanes end at about the same time. */
const suites = ['unit', 'native', 'boot-short', 'e2e', 'service', 'pack', 'boot', 'crash'];
/** Half an hour in a virtual machine (`npm run test:boot`); as long of power cuts (`npm run test:crash`). */
const onRequest = ['boot', 'crash'];
const names = ['build', ...Object.keys(checks), ...suites];
/**
 * Most suites keep one processor busy: two run side by side, the longest from the beginning, and after each the next that waits. The booted
 * ones share the system that the first of them composes, and run two machines by themselves.
 */
const lanesFor = (chosen) => (chosen.includes('boot') ? 1 : Math.min(2, availableParallelism()));
const longest = 'native';

runMain(async () => {
  const ended = (await againWithOwnRoot()) ?? (await againWhereOthersCanRead(root));
  if (ended !== undefined) return ended;
  checkNode();
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new LaunchError(`Unknown: ${unknown.join(', ')}. There are: ${names.join(', ')}.`);
  const chosen = names.filter(
    (name) =>
      (asked.length === 0 && !onRequest.includes(name)) ||
      asked.includes(name) ||
      (name === 'build' && suites.some((suite) => asked.includes(suite))),
  );
  const started = Date.now();
  const say = steps(chosen.length + 2);
  say.step('System packages');
  await ensureSystemPackages('test', say);
  say.step('Node modules');
  await ensureNodeModules(say);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });

  const results = [];
  const run = async (name) => {
    const from = Date.now();
    say.step(name);
    const result = name === 'build' ? await runBuild(say) : name in checks ? await runCheck(name) : await runSuite(name, say);
    results.push({ name, ...result });
    const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : '';
    say.line(`${name}: ${result.passed} passed, ${result.failed} failed${skipped} (${Math.round((Date.now() - from) / 1000)} s)`);
  };
  const waiting = chosen.filter((name) => name !== 'build').sort((a, b) => Number(b === longest) - Number(a === longest));
  // the suites run what was built
  if (chosen.includes('build')) await run('build');
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await run(name);
  };
  await Promise.all(Array.from({ length: lanesFor(chosen) }, lane));
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const broken = results.filter((result) => result.failed > 0);
  // two suites' thousands of lines stand between a failure and the end: it is said again where one looks
  for (const { name, failures } of broken) for (const failure of failures) console.log(`\nFAILED in ${name}: ${failure}`);
  console.log(
    `\n${Math.round((Date.now() - started) / 1000)} seconds${broken.length > 0 ? `; failed in: ${broken.map((result) => result.name).join(', ')}` : ''}`,
  );
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
});

/** Two suites talk at once: each line says whose it is. */
const told = (name, line) => console.log(`    ${name}| ${line}`);

async function runBuild(say) {
  try {
    await ensureBuild(say);
    return { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    return { passed: 0, failed: 1, skipped: 0, failures: [String(error.message)] };
  }
}

async function runCheck(name) {
  const [program, args] = checks[name];
  const { code } = await follow(program, args, { cwd: root, onLine: (line) => line && told(name, line) });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, failures: [`ended with ${code}; its words stand above`] };
}

async function runSuite(name, say) {
  const report = path.join(reports, `${name}.json`);
  const outside = path.join(reports, `${name}.outside.json`);
  // what an earlier run left says nothing of this one
  for (const file of [report, outside]) rmSync(file, { force: true });
  const args = [
    'run',
    '--project',
    name,
    '--reporter=default',
    '--reporter=json',
    `--reporter=${outsideReporter}`,
    `--outputFile.json=${report}`,
  ];
  // nothing of a machine's own buses and displays gets into a test
  const unwanted = ['DBUS_SYSTEM_BUS_ADDRESS', 'WAYLAND_DISPLAY', 'ELECTRON_RUN_AS_NODE'];
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([variable]) => !unwanted.includes(variable))),
    NO_COLOR: '1',
    LC_ALL: 'C.UTF-8',
    [outsideErrors]: outside,
  };
  let display;
  if (name === 'e2e') {
    env.ELECTRON_OVERRIDE_DIST_PATH = await resolveElectron(say);
    await ensureSandbox(env.ELECTRON_OVERRIDE_DIST_PATH, say);
    display = await startXvfb();
    env.DISPLAY = display.display;
  }
  const { code } = await follow(bin('vitest'), args, { cwd: root, env, onLine: (line) => told(name, line) });
  await display?.stop();
  return readReport(report, outside, code, root);
}
