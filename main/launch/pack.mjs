// `npm run pack`: RPM and DEB of treeline-headless (service, command line) and of treeline (the app) into .cache/pack/packages.
// `npm run pack -- --headless`: only the first, without Electron. `--out=FOLDER`: elsewhere. `--release=N`: number of the packaging.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LaunchError, runMain, steps } from './console.mjs';
import { follow } from './processes.mjs';
import { checkNode, ensureNodeModules, root } from './setup.mjs';

runMain(async () => {
  checkNode();
  const { values } = parseArgs({
    options: {
      headless: { type: 'boolean', default: false },
      out: { type: 'string', default: path.join(root, '.cache/pack/packages') },
      release: { type: 'string' },
    },
  });
  // below the checkout, wherever the packages go: bundles depend on how far away their sources are
  const work = path.join(root, `.cache/pack/work-${process.pid}`);
  try {
    await packAll(values, path.resolve(values.out), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

async function packAll({ headless, release }, out, work) {
  const say = steps(headless ? 2 : 3);
  say.step('Build');
  await ensureNodeModules(say);
  mkdirSync(out, { recursive: true });
  // a build of its own: dist/ may hold leftovers of earlier ones
  const dist = path.join(work, 'dist');
  const words = [path.join(root, 'main/launch/build.mjs'), `--out=${dist}`, ...(headless ? ['--no-renderer'] : [])];
  const built = await follow(process.execPath, words, { cwd: root });
  if (built.code !== 0) throw new LaunchError(`The build failed:\n${built.output}`);

  // these need the node modules
  const { packageMetadata } = await import('./pack/metadata.mjs');
  const { stageHeadless } = await import('./pack/headless.mjs');
  const { buildRpm, missingForRpm } = await import('./pack/rpm.mjs');
  const { buildDeb, missingForDeb } = await import('./pack/deb.mjs');
  const metadata = packageMetadata(release);
  const makers = [
    [buildRpm, missingForRpm()],
    [buildDeb, missingForDeb()],
  ];
  if (makers.every(([, missing]) => missing)) throw new LaunchError(makers.map(([, missing]) => missing).join('\n'));

  async function pack(name, staging) {
    staging.stamp(metadata.epochSeconds);
    for (const [make, missing] of makers) {
      // a machine may have the tools of one family of distributions only
      if (missing) say.warn(missing);
      else say.line(await make(name, staging, metadata, out, work));
    }
  }

  say.step('treeline-headless');
  await pack('treeline-headless', stageHeadless(path.join(work, 'headless'), dist, metadata));
  if (headless) return;
  const { stageApp } = await import('./pack/app.mjs');
  say.step('treeline');
  await pack('treeline', await stageApp(path.join(work, 'app'), dist, metadata, say));
}
