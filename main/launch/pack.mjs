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
  const say = steps(values.headless ? 3 : 5);
  say.step('Build');
  await ensureNodeModules(say);
  const out = path.resolve(values.out);
  const work = `${out}.work`;
  const dist = path.join(work, 'dist');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  // a build of its own: dist/ may hold leftovers of earlier ones
  const words = [path.join(root, 'main/launch/build.mjs'), `--out=${dist}`, ...(values.headless ? ['--no-renderer'] : [])];
  const built = await follow(process.execPath, words, { cwd: root });
  if (built.code !== 0) throw new LaunchError(`The build failed:\n${built.output}`);

  // these need the node modules
  const { packageMetadata } = await import('./pack/metadata.mjs');
  const { stageHeadless } = await import('./pack/headless.mjs');
  const { buildRpm } = await import('./pack/rpm.mjs');
  const { buildDeb } = await import('./pack/deb.mjs');
  const metadata = packageMetadata(values.release);

  async function pack(name, staging) {
    staging.stamp(metadata.epochSeconds);
    for (const make of [buildRpm, buildDeb]) {
      try {
        say.line(await make(name, staging, metadata, out, work));
      } catch (error) {
        // a machine may have the tools of one family only; a failure of both is one
        if (!(error instanceof LaunchError) || !/ is missing: /.test(error.message)) throw error;
        say.warn(error.message);
      }
    }
  }

  say.step('treeline-headless');
  await pack('treeline-headless', stageHeadless(path.join(work, 'headless'), dist, metadata));
  if (!values.headless) {
    const { stageApp } = await import('./pack/app.mjs');
    say.step('treeline');
    await pack('treeline', await stageApp(path.join(work, 'app'), dist, metadata, say));
  }
  rmSync(work, { recursive: true, force: true });
});
