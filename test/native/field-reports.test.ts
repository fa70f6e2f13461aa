// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePlainHost, type PlainHost } from '../../main/demo/plain-releases.ts';
import { pkglistOfPackages } from '../../main/engine/base/diff/index.ts';
import type { GpgVerify } from '../../main/engine/base/trust/signatures.ts';
import { loadState } from '../../main/engine/host/sysroot/index.ts';
import { Sysroot, verifyGpg } from '../../main/native/ostree/index.ts';
import { readRpmdb, writeRpmdb } from '../../main/native/rpm/index.ts';
import type { Deployment, PackageChange } from '../../shared/domain/index.ts';
import { makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { EtcFixture } from './etc-fixture.ts';
import { OstreeServer } from './ostree-server.ts';
import { result, simulatedSession } from './simulated-session.ts';
import { branch, Fixture, job, osname, sh, worker } from './sysroot-fixture.ts';

describe('an upgrade run twice (field report 6)', () => {
  let dir: string;
  let host: PlainHost;

  beforeEach(async () => {
    dir = mkdtempSync('/dev/shm/treeline-twice-');
    chmodSync(dir, 0o755);
    host = await makePlainHost(dir);
  });

  afterEach(() => {
    sh('bash', '-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    rmSync(dir, { recursive: true, force: true });
  });

  /** Publish the tree of release 3 with a list of changes, as the next one after `parent`. */
  function publish(version: string, parent: string, advisory: string): string {
    const side = (v: string): object => ({ name: 'a', epoch: 0, version: v, release: '1', arch: 'x86_64' });
    const changes = {
      format: 1,
      version,
      parent,
      timeSeconds: 1,
      installedSizeBytes: 1,
      installedSizeDeltaBytes: 0,
      packages: [
        {
          kind: 'upgraded',
          name: 'a',
          arch: 'x86_64',
          from: side(String(Number(version) - 1)),
          to: side(version),
          changelog: [{ timeSeconds: Number(version), author: 'A <a@example.org>', text: `- ${version}` }],
          advisories: [advisory],
        },
      ],
      advisories: [
        {
          id: advisory,
          kind: 'security',
          severity: 'critical',
          title: 't',
          description: 'd',
          issuedSeconds: 1,
          references: [],
          packages: [`a-${version}-1.x86_64`],
        },
      ],
    };
    const bytes = [...deflateSync(JSON.stringify(changes))].map((b) => `0x${b.toString(16)}`).join(', ');
    const names = [`--branch=${host.ref}`, `--bind-ref=${host.ref}`, `--parent=${parent}`, `--subject=${version}`];
    const metadata = [`--add-metadata-string=version=${version}`, `--add-metadata=treeline.changes=@ay [${bytes}]`];
    const checksum = sh('ostree', `--repo=${host.repo}`, 'commit', ...names, ...metadata, `--tree=ref=${host.commits[2]}`).trim();
    sh('ostree', `--repo=${host.repo}`, 'summary', '--update');
    return checksum;
  }

  test('the advisories of all releases since the booted one stay, also when another one comes on top', async () => {
    const os = { sysroot: '/', osname: 'plain' } as const;
    const first = publish('11', host.commits[0] as string, 'ADV-11');
    const steps = [
      ['update.check', os],
      ['update.upgrade', os],
      ['update.upgrade', os],
      ['update.check', os],
      ['update.details', os],
      ['update.cached', os],
    ] as const;
    const once = await simulatedSession(dir, host, steps, { powerCut: true });
    expect([result(once[1], 'update.upgrade').changed, result(once[2], 'update.upgrade').changed]).toEqual([true, false]);
    expect(result(once[4], 'update.details').advisories.map((a) => a.id)).toEqual(['ADV-11']);
    expect(result(once[5], 'update.cached')).toMatchObject({ kind: 'available', update: { security: { count: 1, worst: 'critical' } } });
    // staged again, then a second release on top of it: against what is booted, not against what is staged
    publish('12', first, 'ADV-12');
    const twice = await simulatedSession(dir, host, steps, { powerCut: true });
    const details = result(twice[4], 'update.details');
    expect(details.advisories.map((a) => a.id).sort()).toEqual(['ADV-11', 'ADV-12']);
    expect(details).toMatchObject({ fromVersion: '1', toVersion: '12', packages: [{ from: { version: '10' }, to: { version: '12' } }] });
    expect(result(twice[5], 'update.cached')).toMatchObject({ update: { version: '12', security: { count: 2 } } });
  });
});

describe('a preview and the real run (field report 7)', () => {
  test('tell the same changes, which are those between the two RPM databases as rpm reads them', async () => {
    const fixture = new EtcFixture();
    const server = new OstreeServer(fixture.server);
    try {
      const url = await server.start();
      const os = { sysroot: fixture.sysroot, osname: fixture.osname };
      const commit = (version: string, sources: readonly RpmSource[]): string => {
        const place = path.join(fixture.tree, 'usr/share/rpm');
        rmSync(place, { recursive: true, force: true });
        const packages = makeRpms(path.join(fixture.dir, 'packages'), sources);
        writeRpmdb({ root: fixture.tree, dbPath: '/usr/share/rpm', packages, installTimeSeconds: 1_700_000_000 });
        const rows = pkglistOfPackages(readRpmdb({ root: fixture.tree, dbPath: '/usr/share/rpm' }));
        const text = rows.map((row) => `(${row.map((cell) => `'${cell}'`).join(',')})`).join(',');
        return fixture.commit(version, [`--add-metadata=rpmostree.rpmdb.pkglist=@a(sssss) [${text}]`]);
      };
      const first = commit('1', [
        { name: 'brook', version: '86.0' },
        { name: 'fern', version: '15' },
        { name: 'gone', version: '1' },
        { name: 'same', version: '2' },
      ]);
      fixture.install(first, url);
      const second = commit('2', [
        { name: 'brook', version: '86.0.1' },
        { name: 'fern', version: '14' },
        { name: 'new', version: '1' },
        { name: 'same', version: '2' },
      ]);
      const lines = (changes: readonly PackageChange[]): string[] =>
        changes.map((c) => [c.kind, c.name, c.from?.version, c.to?.version].join(' ')).sort();
      await job('update.check', os);
      const previewed = lines((await job('update.details', os)).result.packages);
      expect(lines((await job('update.preview', { ...os, revision: second })).result.packages)).toEqual(previewed);
      await job('update.upgrade', os);
      const sides = { from: first, to: second, changelogs: false, advisories: false };
      expect(lines((await job('db.diff', { sysroot: fixture.sysroot, ...sides })).result.packages)).toEqual(previewed);
      // the judge
      const rpm = (checksum: string): string[] =>
        sh('rpm', '-qa', '--qf', '%{name} %{version}\n', `--dbpath=${path.join(fixture.deployment(checksum), 'usr/share/rpm')}`)
          .trim()
          .split('\n');
      const [before, after] = [rpm(first), rpm(second)].map((list) => new Map(list.map((line) => line.split(' ') as [string, string])));
      const expected = [...new Set([...before!.keys(), ...after!.keys()])]
        .filter((name) => before!.get(name) !== after!.get(name))
        .map((name) => `${name} ${before!.get(name) ?? ''} ${after!.get(name) ?? ''}`);
      expect(previewed.map((line) => line.replace(/^\w+ /, '')).sort()).toEqual(expected.sort());
      expect(previewed).toEqual(['added new  1', 'downgraded fern 15 14', 'removed gone 1 ', 'upgraded brook 86.0 86.0.1']);
    } finally {
      await server.stop();
      fixture[Symbol.dispose]();
    }
  });
});

describe('on one sysroot', () => {
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

  test('any origin text at all: the deployment is listed, an upgrade works or says why (field report 12)', async () => {
    fixture.install(url, fixture.release({ version: '1' }));
    const file = `${sh('bash', '-c', `echo ${fixture.sysroot}/ostree/deploy/${osname}/deploy/*.0`).trim()}.origin`;
    const good = readFileSync(file, 'utf8');
    // known ones: an empty unconfigured-state means nothing
    writeFileSync(file, `${good}unconfigured-state=\n`);
    expect((await job('update.upgrade', os())).result).toMatchObject({ changed: false });
    let unreadable = 0;
    let seed = 12;
    const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    const pieces = [
      '[origin]',
      'refspec=',
      'baserefspec=',
      `origin:${branch}`,
      'gone:x',
      '\n',
      '=',
      ';',
      '[packages]',
      'requested=a;b',
      '[',
      ']',
    ];
    const odd = [
      ...pieces,
      'container-image-reference=',
      'unconfigured-state=',
      '\\',
      '\t',
      'ü',
      '\u0000',
      'override-commit=',
      'x'.repeat(5000),
    ];
    for (let i = 0; i < 25; i++) {
      const text = Array.from({ length: 1 + random(12) }, () => odd[random(odd.length)]).join(random(3) ? '\n' : '');
      writeFileSync(file, i % 2 ? `[origin]\nrefspec=${text.replaceAll('\n', '')}\n` : text);
      const loaded = await job('sysroot.load', { sysroot: fixture.sysroot });
      const [row] = loaded.result.deployments;
      if (row?.origin.problem === 'unreadable') {
        // libostree itself loads nothing when one isn't a key file: the deployment is listed all the same, changes name the file
        expect([text, row.version, row.origin.problemDetail]).toEqual([text, '1', expect.stringMatching(/./)]);
        expect(() => sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).toThrow(/loading sysroot/);
        await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'origin.unreadable', report: { subject: file } });
        unreadable++;
        continue;
      }
      expect([text, loaded.result.deployments.length, loaded.result.deployments[0]?.version]).toEqual([text, 1, '1']);
      const code = await job('update.upgrade', os()).then(
        () => 'fine',
        (error: unknown) => (error as { code: string }).code,
      );
      expect([text, code]).toEqual([text, expect.stringMatching(/^(fine|origin\.|repo\.|not-supported)/)]);
    }
    expect([unreadable > 5, unreadable < 20]).toEqual([true, true]);
    // deleted: listed, without a source, until it is given one
    rmSync(file);
    expect((await job('sysroot.load', { sysroot: fixture.sysroot })).result.deployments).toMatchObject([
      { version: '1', origin: { problem: 'missing' } },
    ]);
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'origin.invalid' });
    expect((await job('update.upgrade', { ...os(), refspec: `origin:${branch}` })).result).toMatchObject({ toVersion: '1' });
    writeFileSync(file, good);
    fixture.release({ version: '2' });
    expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
  });

  test('a damaged origin among good ones hides nothing, stops changes only, and can be repaired (field report 12)', async () => {
    fixture.install(url, fixture.release({ version: '1' }));
    fixture.release({ version: '2' });
    await job('update.upgrade', os());
    const load = async () => (await job('sysroot.load', { sysroot: fixture.sysroot })).result.deployments;
    const [second, first] = (await load()) as [Deployment, Deployment];
    const originFile = (d: Deployment): string => `${fixture.sysroot}/ostree/deploy/${osname}/deploy/${d.checksum}.${d.serial}.origin`;
    const file = originFile(first);
    const good = readFileSync(file);
    fixture.release({ version: '3' });
    for (const [damage, why] of [
      [Buffer.from('[origin]\nno key and no value\n'), /key-value pair|no key and no value/],
      [Buffer.from('\xff\xfe[origin]\0', 'latin1'), /UTF-8/],
      [Buffer.from('refspec=outside of a group\n'), /group/],
    ] as const) {
      writeFileSync(file, damage);
      const rows = await load();
      expect(rows.map(({ version, rollback }) => [version, rollback])).toEqual([
        ['2', false],
        ['1', true],
      ]);
      expect(rows[0]).toMatchObject({ ...second, signatures: [] });
      expect(rows[1]?.origin).toMatchObject({ refspec: '', problem: 'unreadable', problemDetail: expect.stringMatching(why) as string });
      // looking goes on, of the commits too
      expect((await job('sysroot.disk-use', { sysroot: fixture.sysroot })).result.deployments).toHaveLength(2);
      expect((await job('update.check', os())).result).toMatchObject({ kind: 'available', update: { version: '3' } });
      const refused = { code: 'origin.unreadable', report: { subject: file } };
      await expect(job('update.upgrade', os())).rejects.toMatchObject(refused);
      await expect(job('sysroot.rollback', os())).rejects.toMatchObject(refused);
      await expect(job('sysroot.pin', { ...os(), deploymentId: second.id, pinned: true })).rejects.toMatchObject(refused);
      // nothing on disk was touched
      expect(readFileSync(file)).toEqual(damage);
    }
    // both at once
    const other = originFile(second);
    writeFileSync(other, '[origin');
    expect((await load()).map((d) => d.origin.problem)).toEqual(['unreadable', 'unreadable']);
    // who may not cover a file gets it named
    const asNobody = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, worker], {
      input: JSON.stringify({ job: 'sysroot.load', params: { sysroot: fixture.sysroot } }),
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    expect(asNobody.output[3]).toContain('"code":"origin.unreadable"');
    const repair = (id: string, refspec: string) => job('sysroot.repair-origin', { sysroot: fixture.sysroot, deploymentId: id, refspec });
    await expect(repair(first.id, 'gone:x')).rejects.toMatchObject({ code: 'origin.remote-missing' });
    await expect(repair(first.id, '../x')).rejects.toMatchObject({ code: 'usage.invalid' });
    await expect(repair(first.id.replace(/^/, '../'), `origin:${branch}`)).rejects.toMatchObject({ code: 'deployment.not-found' });
    const repaired = await repair(first.id, `origin:${branch}`);
    expect(repaired.events).toContainEqual(
      expect.objectContaining({ type: 'message', text: expect.stringContaining('outside of a group') }),
    );
    await repair(second.id, `origin:${branch}`);
    await expect(repair(first.id, `origin:${branch}`)).rejects.toMatchObject({ code: 'usage.invalid' });
    expect(readFileSync(file)).toEqual(good);
    expect(sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).toContain(`origin refspec: origin:${branch}`);
    expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '3' });
  });

  test('one bar: it never goes back, its steps follow each other, its bytes are those announced (field report 17)', async () => {
    fixture.install(url, fixture.release({ version: '1' }));
    fixture.release({ version: '2', files: 150, fileBytes: 20_000 });
    const check = (await job('update.check', os())).result;
    if (check.kind !== 'available') throw new Error(check.kind);
    // long enough for a rate on a fast machine too: 150 files, eight at a time
    server.delayMs = 100;
    const { events } = await job('update.upgrade', os());
    const bar = events.flatMap((e) => (e.type === 'progress' ? [e.progress] : []));
    const rising = (values: readonly number[]): boolean => values.every((value, i) => value >= (values[i - 1] ?? 0));
    expect(rising(bar.map((p) => p.fraction))).toBe(true);
    expect(rising(bar.map((p) => p.stepIndex))).toBe(true);
    expect(bar.at(-1)).toMatchObject({ fraction: 1, step: 'deploy' });
    expect(new Set(bar.map((p) => p.stepCount)).size).toBe(1);
    const pulling = bar.filter((p) => p.step === 'pull' && p.bytesTotal !== undefined);
    expect(pulling.length).toBeGreaterThan(3);
    expect(new Set(pulling.map((p) => p.bytesTotal))).toEqual(new Set([check.update.sizes?.downloadBytes]));
    expect(pulling.every((p) => (p.bytesDone ?? 0) <= (p.bytesTotal ?? 0))).toBe(true);
    expect(pulling.some((p) => p.secondsLeft !== undefined && p.bytesPerSecond !== undefined)).toBe(true);
  });

  test('a commit is verified once for a keyring, not at every look (field report 21)', () => {
    const home = mkdtempSync('/dev/shm/treeline-gpg-');
    const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
    try {
      gpg('--quick-generate-key', 'k <k@example.org>', 'ed25519', 'sign', 'never');
      gpg('--quick-generate-key', 'l <l@example.org>', 'ed25519', 'sign', 'never');
      const [first, second] = [...gpg('--with-colons', '--list-keys').matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map((m) => m[1] as string);
      const file = (key: string): string => path.join(home, `${key}.gpg`);
      for (const key of [first!, second!]) gpg('--output', file(key), '--export', key);
      const signed = [`--gpg-sign=${first}`, `--gpg-homedir=${home}`];
      fixture.install(url, fixture.release({ version: '1', commitArgs: signed }), [`--gpg-import=${file(first!)}`]);
      let verified = 0;
      const look = (): boolean | undefined => {
        using sysroot = Sysroot.open(fixture.sysroot);
        const counting: GpgVerify = (remote, data, signatures) => {
          verified++;
          return verifyGpg(sysroot.repo, remote, data, signatures);
        };
        return loadState(sysroot, counting).deployments[0]?.signatures[0]?.valid;
      };
      expect([look(), look(), look(), verified]).toEqual([true, true, true, 1]);
      // another keyring is another answer
      execFileSync('ostree', ['remote', 'gpg-import', `--repo=${fixture.repo}`, `--keyring=${file(second!)}`, 'origin'], {
        stdio: 'ignore',
      });
      expect([look(), look(), verified]).toEqual([true, true, 2]);
      mkdirSync(path.join(fixture.dir, 'away'));
      sh('mv', path.join(fixture.repo, 'origin.trustedkeys.gpg'), path.join(fixture.dir, 'away'));
      expect([look(), look(), verified]).toEqual([false, false, 3]);
    } finally {
      sh('gpgconf', '--homedir', home, '--kill', 'all');
      rmSync(home, { recursive: true, force: true });
    }
  });
});
