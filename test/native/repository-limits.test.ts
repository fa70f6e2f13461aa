// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { runJob, type RunningJob } from '../../main/engine/jobs/run-worker.ts';
import type { RepoDefinition, ResolveRequest } from '../../main/engine/base/ports/resolver.ts';
import { downloadLimits, type DownloadLimits } from '../../main/native/dnf/limits.ts';
import { resolve } from '../../main/native/dnf/resolver.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { advisoryXml, writeRepository, type ListedPackage, type Packing } from '../fixtures/repository.ts';

const worker = path.join(import.meta.dirname, '../../dist/worker/worker.mjs');
let work: string;
let count = 0;
let server: ChildProcess | undefined;
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-limits-'));
});
afterEach(() => server?.kill());
afterAll(() => rmSync(work, { recursive: true }));

/** Small, so that tests are quick: 256 kB of an index or list, 1 MiB of metadata unpacked whatever its ratio. */
const limits: DownloadLimits = {
  ...downloadLimits,
  indexBytes: 1 << 18,
  metadataBytes: 1 << 20,
  anyRatioBytes: 1 << 20,
  packageBytes: 1 << 20,
};

/** libdnf works synchronously: the server needs a process of its own. */
async function serve(
  modes: Readonly<Record<string, 'endless' | 'slow'>> = {},
): Promise<{ web: string; url: string; requests: () => string[]; mend: () => void }> {
  const web = path.join(work, `web-${++count}`);
  mkdirSync(web);
  const log = path.join(work, `log-${count}`);
  writeFileSync(log, '');
  const script = path.join(import.meta.dirname, '../fixtures/odd-server.mjs');
  server = spawn(process.execPath, [script, web, log, JSON.stringify(modes)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout ?? process.stdin, 'data')) as [Buffer];
  return {
    web,
    url: `http://127.0.0.1:${port.toString().trim()}`,
    mend: () => writeFileSync(`${log}.mended`, ''),
    requests: () =>
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.trim()),
  };
}

const repoOf = (fields: Partial<RepoDefinition>): RepoDefinition => ({
  ...{ id: 'odd', name: 'odd', baseurl: [], enabled: true, gpgcheck: false, gpgkey: [], excludes: [] },
  ...{ other: { retries: '1' }, file: 'test.repo', line: 1, ...fields },
});
const request = (repo: RepoDefinition, cachedir = path.join(work, `cache-${++count}`)): ResolveRequest => ({
  ...{ cachedir, repos: [repo], releasever: '1', packages: ['p'], excludes: [], recommends: false },
});

/** What resolving and fetching says, or undefined when all went well. */
function attempt(asked: ResolveRequest): ErrorReport | undefined {
  try {
    using resolution = resolve(asked, limits);
    resolution.fetch(resolution.packages, () => undefined);
    return undefined;
  } catch (error) {
    if (error instanceof TreelineError) return error.report;
    throw error;
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((again) => setTimeout(again, 20));
}

/** Bytes of all files below a directory, without what libsolv and librpm make themselves. */
function bytesBelow(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/\.solv|rpmdb/.test(entry.name))
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}

function packageFile(directory: string, bytes: number): ListedPackage {
  const content = randomBytes(bytes);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'p.rpm'), content);
  return { name: 'p', bytes, checksum: createHash('sha256').update(content).digest('hex') };
}

test.each([
  ['repomd.xml', '/r/repodata/repomd.xml', limits.indexBytes],
  ['primary.xml', '/r/repodata/primary.xml', undefined],
  ['p.rpm', '/r/p.rpm', 30_000],
] as const)(
  'a server whose %s doesn’t end is stopped where the metadata says it ends, and nothing of it stays',
  async (name, at, limitBytes) => {
    const { web, url } = await serve({ [at]: 'endless' });
    writeRepository(path.join(web, 'r'), [packageFile(path.join(web, 'r'), 30_000)]);
    const listed = ['repomd', 'primary', 'filelists', 'other'].map((kind) => statSync(path.join(web, `r/repodata/${kind}.xml`)).size);
    const asked = request(repoOf({ baseurl: [`${url}/r`] }));
    expect(attempt(asked)).toMatchObject({
      code: 'rpmmd.too-large',
      subject: 'odd',
      facts: { name, limitBytes: limitBytes ?? Math.max(...listed) },
    });
    expect(bytesBelow(asked.cachedir)).toBeLessThan(20_000);
  },
);

test('where nothing says how large a file is, there is a limit all the same', async () => {
  const { web, url } = await serve({ '/r/p.rpm': 'endless', '/mirrors': 'endless' });
  writeRepository(path.join(web, 'r'), [{ ...packageFile(path.join(web, 'r'), 10), bytes: 0 }]);
  expect(attempt(request(repoOf({ baseurl: [`${url}/r`] })))).toMatchObject({
    code: 'rpmmd.too-large',
    subject: 'odd',
    facts: { name: 'p.rpm', limitBytes: limits.packageBytes },
  });
  expect(attempt(request(repoOf({ mirrorlist: `${url}/mirrors` })))).toMatchObject({
    code: 'rpmmd.too-large',
    subject: 'odd',
    facts: { name: 'mirrorlist', limitBytes: limits.indexBytes },
  });
});

test('a compose that was cancelled while a package was on its way goes on with it, and takes it for what it is meanwhile', async () => {
  const { web, url, requests, mend } = await serve({ '/r/p.rpm': 'slow' });
  writeRepository(path.join(web, 'r'), [packageFile(path.join(web, 'r'), 400_000)]);
  const at = path.join(work, `compose-${++count}`);
  mkdirSync(at);
  writeFileSync(path.join(at, 'odd.repo'), `[odd]\nbaseurl=${url}/r\ngpgcheck=0\n`);
  writeFileSync(path.join(at, 'os.json'), JSON.stringify({ ref: 'os', repos: ['odd'], packages: ['p'], selinux: false }));
  execFileSync('ostree', ['init', '--mode=archive', `--repo=${at}/repo`]);
  const [cachedir, treefile] = [path.join(at, 'cache'), path.join(at, 'os.json')];
  const fetched = path.join(cachedir, 'packages/p.rpm');
  const compose = (): RunningJob<'compose.tree'> =>
    runJob('compose.tree', { treefile, repo: path.join(at, 'repo'), cachedir, downloadOnlyRpms: true }, { worker, killAfterMs: 50 });
  const first = compose();
  await until(() => existsSync(fetched) && statSync(fetched).size > 100_000);
  first.cancel();
  await expect(first.done).rejects.toMatchObject({ code: 'job.cancelled' });
  const cutBytes = statSync(fetched).size;
  const plan = await runJob('compose.resolve', { treefile, cachedir }, { worker }).done;
  expect(plan).toMatchObject({ packages: [{ name: 'p', here: false }], downloadBytes: 400_000 });
  mend();
  await compose().done;
  expect(readFileSync(fetched).equals(readFileSync(path.join(web, 'r/p.rpm')))).toBe(true);
  expect(requests().at(-1)).toBe(`/r/p.rpm bytes=${cutBytes}-`);
  // the beginning is of something else: fetched anew
  truncateSync(fetched);
  writeFileSync(fetched, 'something else');
  execFileSync('setfattr', ['-n', 'user.Librepo.DownloadInProgress', '-v', '1', fetched]);
  await compose().done;
  expect(readFileSync(fetched).equals(readFileSync(path.join(web, 'r/p.rpm')))).toBe(true);
});

test('what a failed download has left isn’t kept under the package’s name', async () => {
  const { web, url } = await serve();
  writeRepository(path.join(web, 'r'), [{ ...packageFile(path.join(web, 'r'), 400_000), checksum: '0'.repeat(64) }]);
  const asked = request(repoOf({ baseurl: [`${url}/r`] }));
  expect(attempt(asked)).toMatchObject({ code: 'package.corrupt', subject: 'p-1-1.noarch' });
  expect(readdirSync(path.join(asked.cachedir, 'packages'))).toEqual([]);
});

test('metadata that is here already isn’t fetched again; what is damaged here is', async () => {
  const { web, url, requests } = await serve();
  writeRepository(path.join(web, 'r'), [packageFile(path.join(web, 'r'), 10)]);
  const asked = request(repoOf({ baseurl: [`${url}/r`] }));
  expect(attempt(asked)).toBeUndefined();
  const before = requests().length;
  expect(attempt(asked)).toBeUndefined();
  expect(requests().slice(before)).toEqual(['/r/repodata/repomd.xml']);
  const [place = ''] = readdirSync(path.join(asked.cachedir, 'rpmmd'));
  rmSync(path.join(asked.cachedir, 'rpmmd', place, 'repodata/primary.xml'));
  expect(attempt(asked)).toBeUndefined();
  expect(requests()).toContain('/r/repodata/primary.xml');
});

test('beside a directory that is a repository nothing is removed, though another address of it is on the network', () => {
  const directory = writeRepository(path.join(work, 'mine'), [{ name: 'p' }]);
  mkdirSync(`${directory}.tmp`);
  // libdnf uses it in place; what is also on the network may not name files of this machine
  expect(attempt(request(repoOf({ baseurl: [`file://${directory}`, 'http://127.0.0.1:1/r'] })))).toMatchObject({ code: 'rpmmd.corrupt' });
  expect(existsSync(`${directory}.tmp`)).toBe(true);
});

test('a list of mirrors from the network never leads to files of this machine; one of this machine may', async () => {
  const { web, url } = await serve();
  writeRepository(path.join(web, 'r'), [packageFile(path.join(web, 'r'), 10)]);
  const local = `file://${path.join(web, 'r')}`;
  writeFileSync(path.join(web, 'mirrors'), `${local}\n${url}/r\n`);
  writeFileSync(path.join(web, 'honest'), `${url}/r\n`);
  const index = readFileSync(path.join(web, 'r/repodata/repomd.xml'));
  const metalink = (address: string): string => `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="repomd.xml"><size>${index.length}</size>
<verification><hash type="sha256">${createHash('sha256').update(index).digest('hex')}</hash></verification>
<resources><url protocol="file" type="file" preference="100">${address}/repodata/repomd.xml</url></resources></file></files></metalink>`;
  writeFileSync(path.join(web, 'metalink'), metalink(local.replace('file', '&#102;ile')));
  writeFileSync(
    path.join(web, 'honest-metalink'),
    metalink(`${url}/r`).replaceAll('"file" type', '"http" type').replace('type="file"', 'type="http"'),
  );
  for (const [key, name] of [
    ['mirrorlist', 'mirrors'],
    ['metalink', 'metalink'],
  ] as const)
    expect(attempt(request(repoOf({ [key]: `${url}/${name}` }))), name).toMatchObject({
      code: 'rpmmd.corrupt',
      subject: 'odd',
      detail: expect.stringContaining('file://') as string,
    });
  expect(attempt(request(repoOf({ mirrorlist: `${url}/honest` })))).toBeUndefined();
  expect(attempt(request(repoOf({ metalink: `${url}/honest-metalink` })))).toBeUndefined();
  expect(attempt(request(repoOf({ mirrorlist: `file://${web}/mirrors` })))).toBeUndefined();
});

const blanks = ' '.repeat(3 << 20);
test.each(['gz', 'xz', 'zst', 'bz2'] as const)(
  'metadata packed with %s is measured before a library unpacks it in memory',
  (packing: Packing) => {
    const at = (): string => path.join(work, `packed-${++count}`);
    const updates = `<updates>${advisoryXml({ id: 'A', issued: '2026-01-01 00:00:00', packages: [['p', '1']] })}</updates>`;
    const local = (
      more: Readonly<Record<string, string>>,
      packed: { unpackedBytes?: number; cutBytes?: number } = {},
    ): ErrorReport | undefined => {
      const directory = writeRepository(at(), [{ name: 'p' }], more, { packing, ...packed });
      return attempt(request(repoOf({ baseurl: [`file://${directory}`] })));
    };
    expect(local({ updateinfo: updates })).toBeUndefined();
    for (const [type, text] of [
      ['updateinfo', updates],
      ['primary', '<metadata packages="0"></metadata>'],
      ['filelists', '<filelists packages="0"></filelists>'],
      ['modules', '---\n'],
    ] as const)
      expect(local({ [type]: `${text}${blanks}` }), type).toMatchObject({
        code: 'rpmmd.too-large',
        subject: 'odd',
        facts: { name: expect.stringContaining(`${type}.`) as string, limitBytes: limits.anyRatioBytes },
      });
    // it unpacks to more than it says
    expect(local({}, { unpackedBytes: 50 })).toMatchObject({ code: 'rpmmd.too-large', subject: 'odd', facts: { limitBytes: 50 } });
    // cut off: not taken for less
    expect(local({ updateinfo: updates }, { cutBytes: 20 })).toMatchObject({ code: 'rpmmd.corrupt', subject: 'odd' });
  },
);

test('a list of advisories that ends in the middle is an error, not none', () => {
  const updates = `<updates>${advisoryXml({ id: 'A', issued: '2026-01-01 00:00:00', packages: [['p', '1']] })}</updates>\n<!-- made by hand -->\n`;
  const of = (text: string): ErrorReport | undefined =>
    attempt(
      request(repoOf({ baseurl: [`file://${writeRepository(path.join(work, `cut-${++count}`), [{ name: 'p' }], { updateinfo: text })}`] })),
    );
  expect(of(updates)).toBeUndefined();
  expect(of('<updates/>')).toBeUndefined();
  expect(of(updates.slice(0, 120))).toMatchObject({
    code: 'rpmmd.corrupt',
    subject: 'odd',
    detail: expect.stringContaining('updateinfo.xml') as string,
  });
});

test('more packages than the disk has room for aren’t begun', async () => {
  const { web, url, requests } = await serve();
  writeRepository(path.join(web, 'r'), [{ ...packageFile(path.join(web, 'r'), 10), bytes: 2 ** 50 }]);
  const asked = request(repoOf({ baseurl: [`${url}/r`] }));
  expect(attempt(asked)).toMatchObject({ code: 'disk.full', facts: { needBytes: 2 ** 50 } });
  expect(requests()).not.toContain('/r/p.rpm');
  expect(existsSync(path.join(asked.cachedir, 'packages/p.rpm'))).toBe(false);
});
