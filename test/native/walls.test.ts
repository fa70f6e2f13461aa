// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runJob } from '../../main/engine/jobs/index.ts';
import type { TreelineError } from '../../shared/errors/index.ts';
import type { RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { bundles, ComposeFixture } from './compose-fixture.ts';
import { unconfinedWorker } from './unconfined-worker.ts';

// what stands behind the access to trees: a worker in which that is switched off, as if it had a bug, and packages that would make use of one

let f: ComposeFixture;
/** A directory of the machine that no compose has anything to do with. */
let machine: string;
let unconfined: Awaited<ReturnType<typeof unconfinedWorker>>;

beforeAll(async () => {
  f = new ComposeFixture();
  machine = mkdtempSync(path.join(tmpdir(), 'treeline-machine-'));
  unconfined = await unconfinedWorker();
  f.add(filesystemPackage, shellPackage(), ...hostile.map(({ source }) => source()));
});

afterAll(() => {
  rmSync(machine, { recursive: true, force: true });
  unconfined[Symbol.dispose]();
  f.dispose();
});

/** A package whose script puts a link to something of the machine at a place. */
const link = (name: string, place: string, target = machine, phase = 'post'): RpmSource => ({
  name,
  tags: ['Requires: testshell'],
  files: { [`/usr/share/${name}`]: 'x', '/usr/lib/tmpfiles.d/x.conf': '# x\n' },
  scripts: { [phase]: `rm -rf ${place}; mkdir -p $(echo ${place} | sed "s,/[^/]*$,,"); ln -s ${target} ${place}` },
});

const hostile = [
  { name: 'tmpfiles', source: () => link('tmpfiles', '/usr/lib/tmpfiles.d') },
  { name: 'macros', source: () => link('macros', '/usr/lib/rpm/macros.d') },
  { name: 'passwd', source: () => link('passwd', '/etc/passwd', `${machine}/secret`) },
  { name: 'sysusers', source: () => link('sysusers', '/usr/lib/sysusers.d', `${machine}/users`, 'pre') },
  { name: 'descriptor', source: () => link('descriptor', '/usr/lib/tmpfiles.d', '/proc/self/fd/200') },
];

/** A caller that leaves a descriptor on the directory to what it starts; above those that Node closes of its own accord. */
const careless = (): [string, ...string[]] => ['bash', '-c', 'exec 200<"$0"; exec "$@"', machine, process.execPath];

function prepare(): void {
  rmSync(machine, { recursive: true, force: true });
  mkdirSync(path.join(machine, 'users'), { recursive: true });
  writeFileSync(path.join(machine, 'users/secret.conf'), 'u secret 666 "SECRET"\n');
  writeFileSync(path.join(machine, 'secret'), 'root:x:0:0:SECRET:/root:/bin/sh\n', { mode: 0o600 });
}

const state = (): string =>
  execFileSync('find', [machine, '-printf', '%P %m %u %s %l\n'], { encoding: 'utf8' }) + readFileSync(path.join(machine, 'secret'), 'utf8');

/** Compose one hostile package with the bug; tells what it did to the machine, and what of it is in the tree. */
async function effectOf(name: string, walls: boolean): Promise<{ wrote: boolean; read: boolean; code: string }> {
  prepare();
  const before = state();
  const ref = `test/x86_64/${name}-${walls ? 'walls' : 'open'}`;
  const treefile = f.treefile(`packages: [${name}]\nref: ${ref}\nautomatic-version-prefix: "1"\n`);
  const code = await runJob(
    'compose.tree',
    { treefile, repo: f.repo, cachedir: f.cachedir },
    { worker: unconfined.worker, walls, node: careless() },
  ).done.then(
    () => '',
    (error: unknown) => (error as TreelineError).code,
  );
  const committed = f.refs().includes(ref);
  const copy = path.join(f.directory, `checkout-${ref.split('/').at(-1)}`);
  if (committed) execFileSync('ostree', [`--repo=${f.repo}`, 'checkout', '-U', ref, copy]);
  const read = committed && execFileSync('sh', ['-c', `grep -rls SECRET ${copy} || true`], { encoding: 'utf8' }) !== '';
  return { wrote: state() !== before, read, code };
}

describe('with the access to trees unguarded', () => {
  const effects: string[] = [];

  test.each(hostile.map(({ name }) => name))('%s: nothing of the machine is written or read behind the walls', async (name) => {
    expect(await effectOf(name, true)).toMatchObject({ wrote: false, read: false });
  });

  test('the same packages do both without walls', async () => {
    for (const { name } of hostile) {
      const { wrote, read } = await effectOf(name, false);
      if (wrote) effects.push(`${name} wrote`);
      if (read) effects.push(`${name} read`);
    }
    expect(effects.filter((effect) => effect.endsWith('wrote')).length).toBeGreaterThan(1);
    expect(effects.filter((effect) => effect.endsWith('read')).length).toBeGreaterThan(0);
  });
});

describe('what a compose sees', () => {
  const look = `#!/bin/sh
{ ls -A / /etc /root /home /var /run /tmp /dev /opt /srv /mnt; cat /etc/shadow; ls ${'MACHINE'}; env; } > usr/share/seen 2>&1
(echo x > /proc/sys/kernel/core_pattern) 2>/dev/null && echo setting >> usr/share/seen
exit 0
`;

  test('finalize.d runs with a clean environment, and finds programs, certificates and what the treefile names', async () => {
    const beside = path.join(f.directory, 'finalize.d');
    mkdirSync(beside);
    writeFileSync(path.join(beside, '10-look'), look.replace('MACHINE', machine), { mode: 0o755 });
    const treefile = f.treefile('edition: 2024\npackages: [testshell]\nref: test/x86_64/seen\n', 'seen.yaml');
    const { worker } = await bundles();
    process.env['WALLS_SECRET'] = 'of the caller';
    try {
      await runJob('compose.tree', { treefile, repo: f.repo, cachedir: f.cachedir }, { worker }).done;
    } finally {
      delete process.env['WALLS_SECRET'];
      rmSync(beside, { recursive: true });
    }
    const seen = f.cat('/usr/share/seen', 'test/x86_64/seen');
    expect(seen).toMatch(/^passwd$/m);
    expect(seen).not.toMatch(/^(shadow|gshadow|sudoers|ssh|fstab|machine-id)$/m);
    expect(seen).not.toMatch(/^setting$/m);
    expect(seen).not.toContain('of the caller');
    for (const directory of ['/root', '/home', '/opt', '/srv', '/mnt', machine])
      expect(seen).toMatch(new RegExp(`${directory}'?: No such file`));
    expect(seen).toMatch(/^\/var:\n(cache\n)?tmp\ncat:/m);
  });

  test('what the treefile names outside of its directory is there, and written files arrive', async () => {
    prepare();
    const far = path.join(machine, 'named');
    mkdirSync(far);
    writeFileSync(path.join(far, 'file'), 'far away');
    writeFileSync(path.join(far, 'step'), '#!/bin/sh\necho step > /usr/share/step\n', { mode: 0o755 });
    writeFileSync(path.join(far, 'more.yaml'), 'packages: [filesystem]\npostprocess-script: step\n');
    const treefile = f.treefile(
      `include: ${far}/more.yaml\npackages: [testshell]\nref: test/x86_64/far\nadd-files: [[${far}/file, /usr/share/far]]\n`,
      'far.yaml',
    );
    const [id, json, touched, lock] = ['id', 'json', 'touched', 'lock'].map((name) => path.join(machine, name)) as [
      string,
      string,
      string,
      string,
    ];
    const more = { writeCommitidTo: id, writeComposejsonTo: json, touchIfChanged: touched, writeLockfileTo: lock };
    const { checksum } = await f.compose(treefile, more);
    expect(readFileSync(id, 'utf8')).toBe(checksum);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ 'ostree-commit': checksum });
    expect([existsSync(touched), existsSync(lock)]).toEqual([true, true]);
    expect(f.cat('/usr/share/far', checksum)).toBe('far away');
    expect(f.cat('/usr/share/step', checksum)).toBe('step\n');
    expect(readdirSync(machine).sort()).toEqual(['id', 'json', 'lock', 'named', 'secret', 'touched', 'users']);
  });

  test('a file that isn’t there is named', async () => {
    const missing = path.join(machine, 'nothing');
    const report = await f.failure(
      f.treefile(`packages: [testshell]\nref: test/x86_64/missing\nadd-files: [[${missing}, /usr/share/x]]\n`),
    );
    expect(report).toMatchObject({ code: 'treefile.invalid-value', key: 'add-files' });
    expect(report.detail).toContain(missing);
  });

  test('an output that can’t be written is named, and a destination of a failed job isn’t left', async () => {
    const { worker } = await bundles();
    const id = path.join(machine, 'no-such-directory/id');
    await expect(
      f.compose(f.treefile('packages: [testshell]\nref: test/x86_64/unwritable\n'), { writeCommitidTo: id }),
    ).rejects.toMatchObject({
      report: { code: 'file.unwritable' },
    });
    const destination = path.join(f.directory, 'destination');
    const treefile = f.treefile('packages: [no-such-package]\nref: test/x86_64/none\n');
    await expect(runJob('compose.rootfs', { treefile, destination, cachedir: f.cachedir }, { worker }).done).rejects.toMatchObject({
      report: { code: 'package.not-found' },
    });
    expect(lstatSync(destination, { throwIfNoEntry: false })).toBeUndefined();
  });
});
