// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runJob } from '../engine/jobs/index.ts';
import { type DemoContent, publishRelease, readContent } from './content.ts';
import { removeImage } from './image.ts';
import { buildPackages } from './packages.ts';
import { run } from './processes.ts';
import { type SigningKey, withSigningKey, writePublicKey } from './signing-key.ts';
import type { DemoPaths } from './state.ts';

/** Everything the demo's server offers, made once and kept: packages, and three releases composed of them and signed. */
export async function makeContent(paths: DemoPaths, step: (text: string) => void): Promise<DemoContent> {
  const sources = path.join(paths.root, 'assets/demo');
  const madeFrom = fingerprint(sources);
  const made = readContent(paths);
  if (made?.madeFrom === madeFrom) return made;
  // an installed host knows the old releases and their key
  await removeImage(paths);
  rmSync(paths.content, { force: true });
  const packages = await buildPackages({ sources, out: paths.packages, step });
  rmSync(paths.repo, { recursive: true, force: true });
  mkdirSync(paths.repo, { recursive: true });
  await run('ostree', [`--repo=${paths.repo}`, 'init', '--mode=archive']);
  const content = await withSigningKey(paths.run, 'Meadow OS releases <releases@meadow.example>', async (key) => {
    writePublicKey(paths.publicKey, key);
    const releases: DemoContent['releases'][number][] = [];
    let ref = '';
    for (const { treefile } of packages.releases) {
      step(`composing release ${releases.length + 1} of ${packages.releases.length}`);
      const composed = await compose(paths, treefile, key);
      ref = composed.ref;
      releases.push({ checksum: composed.checksum, version: composed.version });
    }
    return { ref, madeFrom, releases };
  });
  await publishRelease(paths, content, 1);
  writeFileSync(paths.content, `${JSON.stringify(content, null, 2)}\n`);
  return content;
}

async function compose(paths: DemoPaths, treefile: string, key: SigningKey): Promise<{ ref: string; checksum: string; version: string }> {
  const params = {
    treefile,
    repo: paths.repo,
    cachedir: path.join(paths.state, 'compose-cache'),
    gpgSign: [{ keyId: key.keyId, homedir: key.homedir }],
  };
  return runJob('compose.tree', params, { worker: path.join(paths.root, 'dist/worker/worker.mjs') }).done;
}

/** Of the demo's sources: when they change, the releases are made again. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    if (statSync(file).isFile()) hash.update(name).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex');
}
