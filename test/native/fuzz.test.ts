// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseReleaseChanges } from '../../main/engine/base/diff/index.ts';
import type { JobName, JobParams } from '../../main/engine/jobs/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname } from './sysroot-fixture.ts';

/** What comes from outside may be anything: bad input gives a typed error or a degraded answer, never a crash. All of it seeded. */

let fixture: Fixture;
let server: OstreeServer;
let url: string;
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  url = await server.start();
});
afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

/** Numbers below a bound, the same for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
}

/** Run a job; a typed error is as good as an answer, a crash or an unexpected error isn't. Returns the code, '' for an answer. */
async function tolerant<N extends JobName>(name: N, params: JobParams<N>): Promise<string> {
  try {
    const { result } = await job(name, params);
    const state = result as { kind?: string; error?: { code: string } } | undefined;
    const code = state?.kind === 'failed' ? (state.error?.code ?? '') : '';
    expect(code).not.toMatch(/^internal\./);
    return code;
  } catch (error) {
    expect(error).toBeInstanceOf(TreelineError);
    const { code } = error as TreelineError;
    expect(`${code} ${JSON.stringify((error as TreelineError).report)}`).not.toMatch(/^(internal|library)\./);
    return code;
  }
}

function mutate(bytes: Buffer, random: (below: number) => number): Buffer {
  const out = Buffer.from(random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
  for (let i = 0; i < 1 + random(12) && out.length > 0; i++) out[random(out.length)] = random(256);
  return out;
}

const oddVariants = [
  '@ay []',
  '@ay [0x78,0x9c,0x00]',
  "'text'",
  'true',
  '@aay []',
  '@aay [[0x1],[0x2,0x3]]',
  "@a(sssss) [('','','','',''),('a','x','','','noarch')]",
  "@a(sssss) [('ä\\n\\u202e','-1','1','1','x86_64'),('a','0','1','1','x86_64'),('a','0','1','1','x86_64')]",
  '@a(ayttt) [(@ay [0x1],1,2,3)]',
  "@a(saytt) [('../../x',@ay [],1,18446744073709551615)]",
  "@a(suuasa{sv}) [('ADV',4294967295,9,['not a nevra',''],{})]",
  "{'a': <1>}",
  'uint64 18446744073709551615',
];
const keys = [
  'version',
  'rpmostree.rpmdb.pkglist',
  'treeline.changes',
  'treeline.history',
  'treeline.gaps',
  'treeline.files',
  'ostree.sizes',
  'rpmostree.advisories',
  'rpmostree.inputhash',
  'rpmostree.clientlayer',
];

test('commit metadata: any key of any type', async () => {
  const random = generator(7);
  fixture.install(url, fixture.release({ version: '1' }));
  let described = 0;
  for (let round = 0; round < 8; round++) {
    const chosen = [...keys].sort(() => random(3) - 1).slice(0, 1 + random(4));
    const metadata = chosen
      .filter((key) => key !== 'version')
      .map((key) => `--add-metadata=${key}=${oddVariants[random(oddVariants.length)]}`);
    const checksum = fixture.release({ version: `2.${round}`, sizes: false, metadata });
    expect(await tolerant('update.check', os())).toBe('');
    if ((await tolerant('update.details', os())) === '') described++;
    await tolerant('remote.versions', { ...os(), refspec: `origin:${branch}`, limit: 3 });
    await tolerant('db.diff', {
      repo: fixture.server,
      from: fixture.commits[0] as string,
      to: checksum,
      changelogs: false,
      advisories: true,
    });
  }
  // what a commit says badly of itself doesn't keep the update from being shown
  expect(described).toBe(8);
});

test('summary and commit objects with changed bytes', async () => {
  const random = generator(11);
  fixture.install(url, fixture.release({ version: '1' }));
  const newest = fixture.release({ version: '2' });
  const summary = path.join(fixture.server, 'summary');
  const commit = path.join(fixture.server, 'objects', newest.slice(0, 2), `${newest.slice(2)}.commit`);
  const good = { summary: readFileSync(summary), commit: readFileSync(commit) };
  const codes = new Set<string>();
  for (let round = 0; round < 10; round++) {
    writeFileSync(summary, round % 2 === 0 ? mutate(good.summary, random) : good.summary);
    writeFileSync(commit, round % 2 === 1 ? mutate(good.commit, random) : good.commit);
    codes.add(await tolerant('update.check', os()));
    codes.add(await tolerant('remote.refs', { ...os(), name: 'origin' }));
  }
  expect(codes.size).toBeGreaterThan(1);
  writeFileSync(summary, good.summary);
  writeFileSync(commit, good.commit);
  expect((await job('update.check', os())).result).toMatchObject({ kind: 'available' });
});

test('remotes: configuration and files of remotes.d', async () => {
  const random = generator(13);
  fixture.install(url, fixture.release({ version: '1' }));
  const remotes = path.join(fixture.sysroot, 'etc/ostree/remotes.d');
  mkdirSync(remotes, { recursive: true });
  const pieces = [
    '[remote "x"]',
    '[remote "origin"]',
    '[remote ]',
    'url=',
    'url=http://[',
    'gpg-verify=',
    'gpg-verify=maybe',
    '=',
    ';',
    '\n',
    '[',
    '\u0000',
    'sign-verify=ed25519:inline',
    'ä',
  ];
  const codes = new Set<string>();
  for (let round = 0; round < 10; round++) {
    const text = Array.from({ length: 1 + random(8) }, () => `${pieces[random(pieces.length)]}${random(3) === 0 ? '' : '\n'}`).join('');
    writeFileSync(path.join(remotes, 'x.conf'), text);
    // what is wrong in one file never hides the deployments
    expect(await tolerant('sysroot.load', { sysroot: fixture.sysroot })).toBe('');
    expect(await tolerant('remote.list', { sysroot: fixture.sysroot })).toBe('');
    codes.add(await tolerant('update.upgrade', os()));
  }
  // where libostree couldn't load the system at shutdown, changes are refused with the file's name
  expect(codes).toContain('remote.unreadable');
  rmSync(path.join(remotes, 'x.conf'));
  expect(await tolerant('update.check', os())).toBe('');
});

test('what was written down: state files with anything in them', async () => {
  const random = generator(17);
  fixture.install(url, fixture.release({ version: '1' }));
  fixture.release({ version: '2' });
  await job('update.check', os());
  const state = path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/lib/treeline');
  const names = ['check.json', 'update-details.json', 'rolled-back.json', 'finalize-failure.json', 'staged.json'];
  for (let round = 0; round < 10; round++) {
    for (const name of names) {
      const file = path.join(state, name);
      const content = [
        '',
        '{',
        'null',
        '[]',
        '{"format":1}',
        '{"format":1,"state":{"kind":"available"}}',
        '{"format":2,"x":[1]}',
        '\u0000\u0001',
      ];
      writeFileSync(file, content[random(content.length)] as string);
    }
    await tolerant('update.cached', os());
    await tolerant('update.details', os());
    expect(await tolerant('sysroot.load', { sysroot: fixture.sysroot })).toBe('');
  }
  expect((await job('update.check', os())).result).toMatchObject({ kind: 'available', update: { version: '2' } });
});

describe('change lists', () => {
  const good = {
    format: 1,
    parent: 'c',
    version: '2',
    timeSeconds: 1,
    packages: [
      {
        kind: 'upgraded',
        name: 'a',
        arch: 'noarch',
        from: { name: 'a', epoch: 0, version: '1', release: '1', arch: 'noarch' },
        to: { name: 'a', epoch: 0, version: '2', release: '1', arch: 'noarch' },
        changelog: [{ timeSeconds: 1, author: 'x', text: '- <script>\u202e' }],
        advisories: ['A'],
      },
    ],
    advisories: [
      {
        id: 'A',
        kind: 'security',
        severity: 'low',
        title: 't',
        description: 'd',
        issuedSeconds: 1,
        references: [{ kind: 'cve', id: 'C', title: '', url: 'javascript:1' }],
        packages: ['a-2-1.noarch'],
      },
    ],
    installedSizeBytes: 1,
    installedSizeDeltaBytes: 0,
  };

  test('JSON whose values are of other types, missing, or nested too deep', () => {
    const random = generator(23);
    const odd = [null, -1, 1e300, 'x', [], {}, true, [[[[]]]], { kind: 'added' }];
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const value = structuredClone(good) as unknown;
      // walk to a random place and change it
      let at = value as Record<string, unknown>;
      for (let depth = random(5); depth > 0; depth--) {
        const inner = Object.values(at).filter((v) => typeof v === 'object' && v !== null);
        if (inner.length > 0) at = inner[random(inner.length)] as Record<string, unknown>;
      }
      const names = Object.keys(at);
      const name = names[random(Math.max(1, names.length))] ?? 'extra';
      if (random(3) === 0) Reflect.deleteProperty(at, name);
      else at[name] = odd[random(odd.length)];
      try {
        parseReleaseChanges(deflateSync(JSON.stringify(value)), '2');
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(TreelineError);
        expect((error as TreelineError).report).toMatchObject({ code: 'repo.corrupt', subject: '2' });
      }
    }
    expect(refused).toBeGreaterThan(150);
  });

  test('bytes that unpack to more than is taken are refused without unpacking them', () => {
    const bomb = deflateSync(Buffer.alloc(80 << 20), { level: 9 });
    expect(() => parseReleaseChanges(bomb, '2')).toThrow(expect.objectContaining({ code: 'repo.corrupt' }) as Error);
  });
});
