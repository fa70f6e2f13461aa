// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runJob, type JobEvent, type JobParams } from '../../main/engine/jobs/index.ts';
import { isWalled, walled, type WalledJob } from '../../main/engine/jobs/walls/decisions.ts';
import { readRequests } from '../../main/engine/layering/requests.ts';
import { isKeyOf } from '../../main/files/index.ts';
import type { TreelineError } from '../../shared/errors/index.ts';
import { job } from './sysroot-fixture.ts';
import { unconfinedWorker } from './unconfined-worker.ts';

/** What a job is given. */
let place: string;
/** What no job has anything to do with. */
let machine: string;
/** Directly in the root directory. */
let inRoot: string;
let unconfined: Awaited<ReturnType<typeof unconfinedWorker>>;
const at = (...names: string[]): string => path.join(place, ...names);
const secret = (): string => path.join(machine, 'secret');

/** Stands for a worker: it tells what it finds. */
const probe = `import { existsSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
const { params } = JSON.parse(readFileSync(0, 'utf8'));
const list = (directory) => { try { return readdirSync(directory); } catch { return []; } };
const text = (file) => { try { return readFileSync(file, 'latin1'); } catch { return ''; } };
const writable = (file) => { try { writeFileSync(file, 'x'); return true; } catch { return false; } };
writeSync(3, JSON.stringify({ type: 'result', result: {
  params,
  // what covers a directory is empty
  sees: JSON.parse(process.env.PROBE_LOOKS).filter((file) => list(file).length > 0 || (existsSync(file) && statSync(file).size > 0 && !statSync(file).isDirectory())),
  writes: ['/proc/sys/kernel/core_pattern', '/usr/treeline-probe', '/etc/treeline-probe', '/proc/sysrq-trigger'].filter((file) => writable(file)),
  environment: Object.keys(process.env).filter((name) => name.startsWith('SECRET')).concat(text('/proc/1/environ').includes('SECRET_OF') ? ['pid 1'] : []),
  processes: list('/proc').filter((name) => /^[0-9]+$/.test(name)).length,
  sockets: list('/run').concat(list('/run/user')),
} }) + '\\n');`;

interface Seen {
  readonly params: unknown;
  readonly sees: string[];
  readonly writes: string[];
  readonly environment: string[];
  readonly processes: number;
  readonly sockets: string[];
}

/** Parameters as people give them; a job that gets walls gets its line here. */
const samples = (): { readonly [N in WalledJob]: JobParams<N> } => {
  const [treefile, repo, cachedir] = [at('trees/tree.yaml'), at('repo'), at('cache')];
  const compose = { treefile, repo, cachedir };
  const repos = { cachedir, repos: [], problems: [], releasever: '1' };
  return {
    'compose.tree': compose,
    'compose.install': { treefile, cachedir, destination: at('installed') },
    'compose.rootfs': { treefile, cachedir, destination: at('rootfs-made') },
    'compose.postprocess': { rootfs: at('rootfs') },
    'compose.commit': { ...compose, rootfs: at('rootfs') },
    'compose.extensions': { treefile, cachedir, repo, extensions: at('trees/extensions.yaml'), outputDir: at('extensions') },
    'compose.image': { treefile, cachedir, output: at('images/out.ociarchive'), format: 'ociarchive' },
    'compose.encapsulate': { repo, revision: 'main', image: `oci:${at('images/new')}` },
    'compose.build-chunked': { rootfs: at('rootfs'), output: `oci-archive:${at('images/chunked.tar')}` },
    'compose.unencapsulate': { image: `oci:${at('images/oci')}`, repo },
    'image.pull': { image: 'docker://localhost:5000/os:latest', repo },
    'compose.resolve': { treefile, cachedir, repo, text: 'ref: draft\npackages: [a]\n' },
    'compose.packages': { treefile, cachedir },
    'disk.create': { repo, revision: 'main', output: at('images/disk.raw') },
    'disk.install-alongside': { repo, revision: 'main', root: at('rootfs'), rootDevice: '/dev/vda1' },
    'layer.make': {
      ...{ repo, base: 'b', version: '', current: 'c', cachedir, releasever: '1', recommends: true, newRequests: [], allowInactive: true },
      ...{ repos: [], users: { passwd: '', group: '' }, requests: readRequests('') },
    },
    'layer.import-local': { repo, files: [{ path: at('brought.rpm'), name: 'brought.rpm' }] },
    'media.create': { repo, target: at('stick'), refs: ['main'], kind: 'repo' },
    'packages.find': { ...repos, query: { kind: 'search', words: ['a'] } },
    'packages.refresh': { ...repos, force: true, skipUnavailable: false },
    'packages.offered-keys': { id: 'a', addresses: [] },
  };
};

beforeAll(async () => {
  place = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'treeline-walls-'));
  machine = mkdtempSync(path.join(tmpdir(), 'treeline-machine-'));
  inRoot = mkdtempSync('/treeline-walls-test-');
  for (const name of ['trees', 'cache', 'images/oci/blobs/sha256', 'rootfs/usr', 'rootfs/boot', 'rootfs/etc', 'stick', 'probe'])
    mkdirSync(at(name), { recursive: true });
  for (const directory of [place, machine]) chmodSync(directory, 0o755);
  execFileSync('ostree', [`--repo=${at('repo')}`, 'init', '--mode=archive']);
  writeFileSync(at('trees/tree.yaml'), 'ref: main\nrepos: [test]\npackages: [a]\ncontainer: true\n');
  writeFileSync(at('brought.rpm'), '');
  writeFileSync(at('trees/test.repo'), '[test]\nbaseurl=file:///nonexistent\n');
  writeFileSync(at('trees/extensions.yaml'), 'extensions: {}\n');
  writeFileSync(at('images/neighbour'), 'another image');
  writeFileSync(at('probe/worker.mjs'), probe);
  writeFileSync(secret(), 'SECRET', { mode: 0o644 });
  unconfined = await unconfinedWorker();
});

afterAll(() => {
  for (const directory of [place, machine, inRoot]) rmSync(directory, { recursive: true, force: true });
  unconfined[Symbol.dispose]();
});

const asRoot: string[] = [];
const asOrdinaryUser = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'unshare', '--user', '--map-root-user'];

/** Run the probe in the place of the job's worker. */
async function seenBy<N extends WalledJob>(job: N, params: JobParams<N>, before = asRoot, events: JobEvent[] = []): Promise<Seen> {
  const [program = process.execPath, ...args] = [...before, process.execPath];
  const looks = [
    secret(),
    '/etc/shadow',
    '/etc/machine-id',
    '/root',
    '/home',
    '/sys/kernel',
    at('images/neighbour'),
    at('trees/test.repo'),
    at('gnupg'),
  ];
  process.env['SECRET_OF_CALLER'] = 'password';
  try {
    const result: unknown = await runJob(job, params, {
      worker: at('probe/worker.mjs'),
      node: [program, ...args],
      env: { PROBE_LOOKS: JSON.stringify(looks) },
      onEvent: (event) => events.push(event),
    }).done;
    return result as Seen;
  } finally {
    delete process.env['SECRET_OF_CALLER'];
  }
}

/** That this is all of them says walls-catalogue.test.ts. */
const behindWalls = Object.keys(walled)
  .filter((job) => isKeyOf(walled, job))
  .filter(isWalled);

describe.each([
  ['root', asRoot, behindWalls],
  [
    'an ordinary user, root of a user namespace',
    asOrdinaryUser,
    ['compose.tree', 'compose.commit', 'compose.image', 'compose.build-chunked'] as const,
  ],
])('behind the walls of %s', (who, how, those) => {
  test.each(those)('%s finds nothing but what it names', async (job) => {
    if (how !== asRoot) execFileSync('chown', ['-R', '65534:65534', place]);
    const seen = await seenBy(job, samples()[job] as never, how);
    const usesTreefile = 'treefile' in samples()[job];
    expect(seen.sees, who).toEqual(usesTreefile ? [at('trees/test.repo')] : []);
    expect(seen.writes.filter((file) => file.startsWith('/proc') || file.startsWith('/usr'))).toEqual([]);
    expect(seen.environment).toEqual([]);
    // bubblewrap's first process, and this one
    expect(seen.processes).toBe(2);
    expect(seen.sockets).toEqual(seen.sockets.filter((name) => name === 'treeline'));
  });
});

test('a treefile that names a key finds gpg’s home, and no other does', async () => {
  const home = at('gnupg');
  mkdirSync(home);
  writeFileSync(path.join(home, 'neighbour'), 'x');
  writeFileSync(at('trees/signed.yaml'), 'include: tree.yaml\ngpg-key: ABCD\n');
  const { GNUPGHOME } = process.env;
  process.env['GNUPGHOME'] = home;
  try {
    const compose = samples()['compose.tree'];
    expect((await seenBy('compose.tree', compose)).sees).not.toContain(home);
    expect((await seenBy('compose.tree', { ...compose, treefile: at('trees/signed.yaml') })).sees).toContain(home);
  } finally {
    if (GNUPGHOME === undefined) delete process.env['GNUPGHOME'];
    else process.env['GNUPGHOME'] = GNUPGHOME;
  }
});

describe('with the access to trees unguarded', () => {
  /** Tells what a job did, and what it says. */
  async function run<N extends WalledJob>(
    job: N,
    params: JobParams<N>,
    walls = true,
  ): Promise<{ code: string; text: string; events: JobEvent[] }> {
    const events: JobEvent[] = [];
    const options = { worker: unconfined.worker, walls, onEvent: (event: JobEvent): void => void events.push(event) };
    return runJob(job, params, options).done.then(
      (result) => ({ code: '', text: JSON.stringify(result), events }),
      (error: unknown) => ({ code: (error as TreelineError).code, text: JSON.stringify((error as TreelineError).report), events }),
    );
  }

  const state = (): string => `${readdirSync(machine).sort().join(' ')} ${existsSync(secret()) ? readFileSync(secret(), 'utf8') : 'gone'}`;
  let untouched: string;
  beforeEach(() => {
    rmSync(machine, { recursive: true });
    mkdirSync(machine, { mode: 0o755 });
    writeFileSync(secret(), 'SECRET', { mode: 0o644 });
    untouched = state();
  });

  /** An image in a directory: each layer a shell command that fills it. */
  function image(name: string, ...layers: string[]): string {
    const blobs = at('images', name, 'blobs/sha256');
    mkdirSync(blobs, { recursive: true });
    const blob = (bytes: Buffer | string): { digest: string; size: number } => {
      const digest = createHash('sha256').update(bytes).digest('hex');
      writeFileSync(path.join(blobs, digest), bytes);
      return { digest: `sha256:${digest}`, size: bytes.length };
    };
    const tars = layers.map((command) => {
      const directory = mkdtempSync(at('layer-'));
      execFileSync('sh', ['-c', command], { cwd: directory });
      return blob(execFileSync('tar', ['--create', '--directory', directory, '.']));
    });
    const config = blob(
      JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: tars.map((t) => t.digest) } }),
    );
    const kind = 'application/vnd.oci.image';
    const manifest = blob(
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: `${kind}.config.v1+json`, ...config },
        layers: tars.map((tar) => ({ mediaType: `${kind}.layer.v1.tar`, ...tar })),
      }),
    );
    writeFileSync(at('images', name, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(
      at('images', name, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: `${kind}.manifest.v1+json`, ...manifest }] }),
    );
    return `oci:${at('images', name)}`;
  }

  test('an image whose layers remove a file through a link removes none of the machine', async () => {
    const from = image('removing', `mkdir usr; ln -s ${machine} data`, 'mkdir data; touch data/.wh.secret');
    const params = { from, output: `oci:${at('images/from-removing')}` };
    expect(await run('compose.build-chunked', params)).toMatchObject({ code: 'container.no-database' });
    expect(state()).toBe(untouched);
    await run('compose.build-chunked', params, false);
    expect(state()).toContain('gone');
  });

  test('an image whose RPM database is a link to another machine’s gives nothing away, also as a root file system', async () => {
    const rootfs = mkdtempSync(at('root-'));
    execFileSync('sh', ['-c', `mkdir -p usr/share usr/lib; ln -s ${machine} usr/share/rpm; ln -s ${secret()} usr/lib/os-release`], {
      cwd: rootfs,
    });
    writeFileSync(path.join(machine, 'rpmdb.sqlite'), 'SECRET');
    const output = `oci:${at('images/from-rootfs')}`;
    const behind = await run('compose.build-chunked', { rootfs, output });
    expect(behind).toMatchObject({ code: 'container.no-database' });
    expect((await run('compose.build-chunked', { rootfs, output }, false)).code).not.toBe('container.no-database');
  });

  test('a commit whose fstab is a link takes no file of the machine onto a disk', async () => {
    const tree = mkdtempSync(at('commit-'));
    const fill = `mkdir -p boot dev etc proc run sys sysroot tmp var usr/etc usr/bin usr/lib/modules/6.1; rmdir etc; ln -s ${secret()} usr/etc/fstab
      echo ID=x > usr/lib/os-release; echo kernel > usr/lib/modules/6.1/vmlinuz; echo initramfs > usr/lib/modules/6.1/initramfs.img; ln -s sysroot/ostree ostree`;
    execFileSync('sh', ['-c', fill], { cwd: tree });
    execFileSync('ostree', [`--repo=${at('repo')}`, 'commit', '-b', 'fstab', `--tree=dir=${tree}`, '--canonical-permissions'], {
      stdio: 'ignore',
    });
    const params = (name: string): JobParams<'disk.create'> =>
      ({ repo: at('repo'), revision: 'fstab', output: at('images', name), bootloader: 'none', firmware: 'bios' }) as const;
    const holdsSecret = (name: string): boolean => readFileSync(at('images', name)).includes('SECRETLABEL=boot');
    expect(await run('disk.create', params('behind.raw'))).toMatchObject({ code: '' });
    expect(holdsSecret('behind.raw')).toBe(false);
    expect(state()).toBe(untouched);
    expect(await run('disk.create', params('open.raw'), false)).toMatchObject({ code: '' });
    expect(holdsSecret('open.raw')).toBe(true);
  });

  test('a stick whose directory is a link is written to no other place', async () => {
    execFileSync('ostree', [`--repo=${at('repo')}`, 'commit', '-b', 'main', `--tree=dir=${at('rootfs')}`, '--canonical-permissions'], {
      stdio: 'ignore',
    });
    const stick = mkdtempSync(at('stick-'));
    symlinkSync(machine, path.join(stick, 'treeline'));
    const params = { repo: at('repo'), target: stick, refs: ['main'], kind: 'repo' as const };
    expect((await run('media.create', params)).code).toBe('medium.not-written');
    expect(state()).toBe(untouched);
    await run('media.create', params, false);
    expect(state()).not.toBe(untouched);
  });

  test('an image’s files that are links show nothing of the machine, and nothing of it is removed', async () => {
    image('linked', 'mkdir usr');
    rmSync(at('images/linked/index.json'));
    symlinkSync(secret(), at('images/linked/index.json'));
    const params = { image: `oci:${at('images/linked')}`, repo: at('repo') };
    expect((await run('compose.unencapsulate', params)).text).not.toContain('SECRET');
    mkdirSync(at('images/blobs-elsewhere/blobs'), { recursive: true });
    symlinkSync(machine, at('images/blobs-elsewhere/blobs/sha256'));
    await run('compose.encapsulate', { repo: at('repo'), revision: 'main', image: `oci:${at('images/blobs-elsewhere')}` });
    expect(state()).toBe(untouched);
  });

  describe('a tree directly in the root directory', () => {
    const hostile = (): string => {
      const tree = path.join(inRoot, '..', `${path.basename(inRoot)}-tree`);
      rmSync(tree, { recursive: true, force: true });
      mkdirSync(path.join(tree, 'usr/lib'), { recursive: true });
      for (const name of ['etc', 'usr/share', 'usr/bin', 'var', 'dev', 'proc', 'run', 'tmp']) mkdirSync(path.join(tree, name));
      symlinkSync(machine, path.join(tree, 'usr/lib/tmpfiles.d'));
      return tree;
    };
    afterAll(() => rmSync(`${inRoot}-tree`, { recursive: true, force: true }));

    test('has walls as any other', async () => {
      const rootfs = hostile();
      expect(await run('compose.postprocess', { rootfs })).not.toMatchObject({ code: '' });
      expect(state()).toBe(untouched);
      hostile();
      await run('compose.postprocess', { rootfs }, false);
      expect(state()).not.toBe(untouched);
    });

    test('is postprocessed', async () => {
      const rootfs = hostile();
      rmSync(path.join(rootfs, 'usr/lib/tmpfiles.d'));
      const { events } = await job('compose.postprocess', { rootfs });
      expect(JSON.stringify(events)).not.toContain('Without walls');
      expect(readdirSync(path.join(rootfs, 'usr/lib/tmpfiles.d'))).toContain('rpm-ostree-0-integration.conf');
      expect(readdirSync('/').filter((name) => name.startsWith('.treeline-postprocess-'))).toEqual([]);
    });

    test('finds nothing of its neighbours, of which the root directory is full', async () => {
      const seen = await seenBy('compose.postprocess', { rootfs: hostile() });
      expect(seen.sees).toEqual([]);
      expect(seen.writes.filter((file) => !file.startsWith('/etc'))).toEqual([]);
    });
  });

  test('where walls can’t be built it is said, and what can’t be meant is refused', async () => {
    const events: JobEvent[] = [];
    await seenBy('disk.install-alongside', { ...samples()['disk.install-alongside'], root: '/' }, asRoot, events);
    expect(events).toContainEqual({ type: 'message', text: expect.stringContaining('own root file system') as string });
    const cachedir = '/';
    await expect(seenBy('compose.tree', { ...samples()['compose.tree'], cachedir })).rejects.toMatchObject({
      report: { code: 'usage.invalid' },
    });
  });
});

describe('what a job makes', () => {
  test('arrives whole or not at all, and nothing is left beside it', async () => {
    const names = (): string[] => [...readdirSync(at('images')), ...readdirSync(at('room'))].sort();
    mkdirSync(at('room'));
    const there = names();
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = at('room');
    try {
      await seenBy('disk.create', samples()['disk.create']);
      await expect(runJob('disk.create', samples()['disk.create'], { worker: at('no-such-worker') }).done).rejects.toThrow();
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
    }
    expect(names()).toEqual(there);
  });
});
