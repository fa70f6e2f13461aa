// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run pack`: RPM and DEB of treeline-headless (service, command line) and of treeline (the app) into .cache/pack/packages.
// `npm run pack -- --headless`: only the first, without Electron. `--out=FOLDER`: elsewhere. `--release=N`: number of the packaging.
// `--sign-key=FINGERPRINT`: sign the RPMs and SHA256SUMS with that key of gpg's keyring. `--any-electron`: see electron-runtime.mjs; for tests only.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LaunchError, runMain, steps } from '../console.mjs';
import { resolveElectron } from '../electron-runtime.mjs';
import { follow } from '../processes.mjs';
import { checkNode, ensureNodeModules, root } from '../setup.mjs';

runMain(async () => {
  checkNode();
  const { values } = parseArgs({
    options: {
      headless: { type: 'boolean', default: false },
      out: { type: 'string', default: path.join(root, '.cache/pack/packages') },
      release: { type: 'string' },
      'sign-key': { type: 'string' },
      'any-electron': { type: 'boolean', default: false },
    },
  });
  // what a package's files and folders may be for others doesn't depend on who packs
  process.umask(0o022);
  // below the checkout, wherever the packages go: bundles depend on how far away their sources are
  const work = path.join(root, `.cache/pack/work-${process.pid}`);
  try {
    await packAll(values, path.resolve(values.out), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

async function packAll({ headless, release, 'sign-key': signKey, 'any-electron': anyElectron }, out, work) {
  const say = steps(headless ? 2 : 3);
  say.step('Build');
  await ensureNodeModules(say);
  // before minutes are spent
  const electron = headless ? undefined : await resolveElectron(say, { exactly: !anyElectron });
  mkdirSync(out, { recursive: true });
  // a build of its own: dist/ may hold leftovers of earlier ones
  const dist = path.join(work, 'dist');
  const words = [path.join(root, 'main/launch/build.mjs'), `--out=${dist}`, ...(headless ? ['--no-renderer'] : [])];
  const built = await follow(process.execPath, words, { cwd: root });
  if (built.code !== 0) throw new LaunchError(`The build failed:\n${built.output}`);

  // these need the node modules
  const { packageMetadata } = await import('./metadata.mjs');
  const { stageHeadless } = await import('./headless.mjs');
  const { buildRpm, missingForRpm } = await import('./rpm.mjs');
  const { buildDeb, missingForDeb } = await import('./deb.mjs');
  const metadata = packageMetadata(release);
  const makers = [
    [buildRpm, missingForRpm()],
    [buildDeb, missingForDeb()],
  ];
  if (makers.every(([, missing]) => missing)) throw new LaunchError(makers.map(([, missing]) => missing).join('\n'));

  const made = [];
  async function pack(name, staging) {
    staging.stamp(metadata.epochSeconds);
    for (const [make, missing] of makers) {
      // a machine may have the tools of one family of distributions only
      if (missing) say.warn(missing);
      else {
        made.push(await make(name, staging, metadata, out, work));
        say.line(made.at(-1));
      }
    }
  }

  say.step('treeline-headless');
  await pack('treeline-headless', stageHeadless(path.join(work, 'headless'), dist, metadata));
  if (headless) return finish(made, out, signKey, say);
  const { stageApp } = await import('./app.mjs');
  say.step('treeline');
  await pack('treeline', await stageApp(path.join(work, 'app'), dist, metadata, electron, say));
  await finish(made, out, signKey, say);
}

/** Checksums of what was made, signed where a key was named: RPMs carry their signature, Debian's packages are checked by the signed list. */
async function finish(made, out, signKey, say) {
  const { signRpms, writeChecksums } = await import('./signing.mjs');
  if (signKey) await signRpms(made, signKey);
  say.line(await writeChecksums(made, out, signKey));
}
