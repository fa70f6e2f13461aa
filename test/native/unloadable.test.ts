// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlainHost } from '../../main/demo/plain-releases.ts';
import { loadSysroot } from '../../main/engine/jobs/index.ts';
import type { ErrorCode } from '../../shared/errors/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { error, result, simulatedSession } from './simulated-session.ts';
import { branch, Fixture, job, osname, sh, worker } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let checksum: string;
const at = (...parts: string[]): string => path.join(fixture.sysroot, ...parts);
const entries = (): string => at('boot/loader/entries');
const entry = (): string => path.join(entries(), readdirSync(entries())[0] as string);
const deployment = (): string => at('ostree/deploy', osname, 'deploy', `${checksum}.0`);
const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');

beforeAll(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  const url = await server.start();
  checksum = fixture.release({ version: '1' });
  fixture.install(url, checksum);
  mkdirSync(at('etc/ostree/remotes.d'), { recursive: true });
});
afterAll(async () => {
  await server?.stop();
  fixture?.[Symbol.dispose]();
});

interface State {
  readonly name: string;
  readonly code: ErrorCode;
  /** File or entry that is named. */
  readonly subject: () => string;
  /** Damages the sysroot and returns what takes it back. */
  readonly damage: () => () => void;
  /** libostree itself lists no deployment then, instead of failing. */
  readonly takenForEmpty?: true;
  readonly repaired?: true;
}

function edit(file: () => string, change: (text: string) => string): () => () => void {
  return () => {
    const [name, good] = [file(), readFileSync(file(), 'utf8')];
    writeFileSync(name, change(good));
    return () => writeFileSync(name, good);
  };
}

function remotes(files: Readonly<Record<string, string>>): () => () => void {
  return () => {
    for (const [name, text] of Object.entries(files)) writeFileSync(at('etc/ostree/remotes.d', name), text);
    return () => {
      for (const name of readdirSync(at('etc/ostree/remotes.d'))) rmSync(at('etc/ostree/remotes.d', name));
    };
  };
}

function moved(file: () => string, standIn?: (place: string) => void): () => () => void {
  return () => {
    const place = file();
    sh('mv', place, `${place}.away`);
    standIn?.(place);
    return () => {
      rmSync(place, { recursive: true, force: true });
      sh('mv', `${place}.away`, place);
    };
  };
}

const section = (url: string): string => `[remote "x"]\nurl=${url}\ngpg-verify=false\n`;
const loader = (): string => at('boot/loader');
const states: readonly State[] = [
  {
    name: 'a remote in two files, differently',
    code: 'remote.duplicate',
    subject: () => at('etc/ostree/remotes.d/b.conf'),
    damage: remotes({ 'a.conf': section('http://127.0.0.1:9/a'), 'b.conf': section('http://127.0.0.1:9/b') }),
  },
  {
    name: 'a remote in two files, with the same words',
    code: 'remote.duplicate',
    subject: () => at('etc/ostree/remotes.d/b.conf'),
    damage: remotes({ 'a.conf': section('http://127.0.0.1:9/a'), 'b.conf': `# twice\n${section('http://127.0.0.1:9/a')}` }),
    repaired: true,
  },
  {
    name: 'a remote in the repository’s configuration and in remotes.d',
    code: 'remote.duplicate',
    subject: () => at('etc/ostree/remotes.d/a.conf'),
    damage: remotes({ 'a.conf': '[remote "origin"]\nurl=http://127.0.0.1:9/a\n' }),
  },
  {
    name: 'no key file in remotes.d',
    code: 'remote.unreadable',
    subject: () => at('etc/ostree/remotes.d/a.conf'),
    damage: remotes({ 'a.conf': '[[remote\n' }),
  },
  {
    name: 'a boot entry without a kernel command line',
    code: 'boot.entry-unusable',
    subject: entry,
    damage: edit(entry, (t) => t.replace(/^options.*\n/m, '')),
  },
  {
    name: 'a boot entry without ostree=',
    code: 'boot.entry-unusable',
    subject: entry,
    damage: edit(entry, (t) => t.replace(/ostree=\S+/, '')),
  },
  {
    name: 'a boot entry that leads nowhere',
    code: 'boot.entry-unusable',
    subject: entry,
    damage: edit(entry, (t) => t.replace(/\/boot\.[01]\//, '/boot.7/')),
  },
  {
    name: 'a boot entry whose tree is gone',
    code: 'boot.entry-unusable',
    subject: entry,
    damage: edit(entry, (t) => t.replace(/(ostree=\S+)\/0/, '$1/5')),
  },
  { name: 'boot/loader is a directory', code: 'boot.loader-missing', subject: loader, damage: moved(loader, (place) => mkdirSync(place)) },
  {
    name: 'boot/loader leads somewhere else',
    code: 'boot.loader-missing',
    subject: loader,
    damage: moved(loader, (place) => symlinkSync('loader.9', place)),
    repaired: true,
  },
  { name: 'no boot/loader', code: 'boot.loader-missing', subject: loader, damage: moved(loader), takenForEmpty: true, repaired: true },
  {
    name: 'the directory of the deployments has no time',
    code: 'sysroot.no-time',
    subject: () => at('ostree/deploy'),
    damage: () => {
      utimesSync(at('ostree/deploy'), 0, 0);
      return () => utimesSync(at('ostree/deploy'), 1_700_000_000, 1_700_000_000);
    },
    repaired: true,
  },
  {
    name: 'the repository’s configuration is damaged',
    code: 'sysroot.unloadable',
    subject: () => at('ostree/repo/config'),
    damage: edit(
      () => at('ostree/repo/config'),
      () => '[[core\n',
    ),
  },
  {
    name: 'an origin is a directory',
    code: 'origin.unreadable',
    subject: () => `${deployment()}.origin`,
    damage: moved(
      () => `${deployment()}.origin`,
      (place) => mkdirSync(place),
    ),
  },
];

test.each(states)(
  '$name: status tells it and lists what is there, a change names it, a repair mends it or refuses by name',
  async (state) => {
    const subject = state.subject();
    const back = state.damage();
    try {
      const listed = spawnSync('ostree', ['admin', 'status', `--sysroot=${fixture.sysroot}`], { encoding: 'utf8' });
      expect(state.takenForEmpty ? listed.stdout : listed.status).toEqual(
        state.takenForEmpty ? 'No deployments.\n' : expect.not.stringMatching(/^0$/),
      );
      const [loaded, upgraded] = await Promise.all([
        loadSysroot(fixture.sysroot, { worker }),
        state.takenForEmpty ? undefined : job('update.upgrade', { sysroot: fixture.sysroot, osname }).catch((thrown: unknown) => thrown),
      ]);
      expect(loaded.problem).toMatchObject({ code: state.code, subject });
      if (!state.takenForEmpty) {
        expect(loaded.deployments).toMatchObject([{ id: `${osname}-${checksum}.0`, version: '1', commitPresent: true }]);
        expect(upgraded).toMatchObject({ code: state.code, report: { subject } });
      }
      if (state.repaired) {
        expect((await job('sysroot.repair', { sysroot: fixture.sysroot })).result).toMatchObject({ changed: true });
        expect(sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).toContain(checksum);
        expect((await loadSysroot(fixture.sysroot, { worker })).problem).toBeUndefined();
      } else {
        await expect(job('sysroot.repair', { sysroot: fixture.sysroot })).rejects.toMatchObject({ code: state.code, report: { subject } });
        expect(spawnSync('ostree', ['admin', 'status', `--sysroot=${fixture.sysroot}`]).status).not.toBe(0);
      }
    } finally {
      back();
    }
  },
);

test('the command line says it, lists what is there, and repairs it', () => {
  const back = remotes({ 'a.conf': section('http://127.0.0.1:9/a'), 'b.conf': section('http://127.0.0.1:9/a') })();
  try {
    const treeline = (...args: string[]): string =>
      execFileSync(process.execPath, [cli, `--sysroot=${fixture.sysroot}`, ...args], { encoding: 'utf8' });
    expect(treeline('status')).toMatch(/^Warning: A source is configured twice\. .*b\.conf.*a\.conf[^]*Version: 1 /m);
    expect(treeline('repair')).toContain('b.conf.duplicate');
    expect(treeline('status')).not.toContain('Warning');
  } finally {
    back();
  }
});

test('a library that ends the process: the files are asked, its last words are the problem', async () => {
  // a worker that ends with SIGABRT as soon as it is to ask the library
  const folder = mkdtempSync('/dev/shm/treeline-abort-');
  try {
    const aborting = path.join(folder, 'worker.mjs');
    writeFileSync(
      aborting,
      `import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
const input = readFileSync(0, 'utf8');
if (input.includes('"crashed"')) spawnSync(process.execPath, [${JSON.stringify(worker)}], { input, stdio: ['pipe', 'inherit', 'inherit', 3] });
else {
  process.stderr.write('OSTree:ERROR:assertion failed: (x)\\n');
  process.kill(process.pid, "SIGABRT");
}`,
    );
    expect(await loadSysroot(fixture.sysroot, { worker: aborting })).toMatchObject({
      problem: { code: 'sysroot.unloadable', detail: expect.stringMatching(/SIGABRT.*assertion failed/) as string },
      deployments: [{ version: '1', origin: { refspec: `origin:${branch}` }, kernelArgs: expect.arrayContaining(['quiet']) as string[] }],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('an ordinary user sees the same without being able to cover anything', async () => {
  const back = remotes({ 'a.conf': section('http://127.0.0.1:9/a'), 'b.conf': section('http://127.0.0.1:9/b') })();
  try {
    const input = JSON.stringify({ job: 'sysroot.load', params: { sysroot: fixture.sysroot } });
    const shell = `exec ${process.execPath} ${worker} 3>&1 >/dev/null`;
    const { stdout } = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', shell], {
      input,
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'result',
      result: { problem: { code: 'remote.duplicate', key: 'x' }, deployments: [{ version: '1', origin: { refspec: `origin:${branch}` } }] },
    });
  } finally {
    back();
  }
});

test('the running system without a boot entry: it is listed as running, the repair writes the entry as it was started', async () => {
  const dir = mkdtempSync('/dev/shm/treeline-entry-');
  try {
    chmodSync(dir, 0o755);
    const host = await makePlainHost(dir);
    const os = { sysroot: '/', osname: 'plain' } as const;
    const load = ['sysroot.load', { sysroot: '/' }] as const;
    const events = await simulatedSession(dir, host, [
      'cp -a /boot/loader/entries /boot/saved; rm /boot/loader/entries/*',
      'ostree admin status; true',
      load,
      ['update.upgrade', os],
      ['sysroot.repair', { sysroot: '/' }],
      'ostree admin status; diff -r /boot/saved /boot/loader/entries',
      load,
      // the link to the entries
      'readlink /boot/loader; rm /boot/loader',
      load,
      ['sysroot.repair', { sysroot: '/' }],
      'readlink /boot/loader; ostree admin status',
    ]);
    const text = (index: number): string => (events[index]?.type === 'message' ? events[index].text : '');
    expect(text(1)).toContain('bootloader entry not found');
    const gone = result(events[2], 'sysroot.load');
    expect(gone).toMatchObject({
      bootedOsname: 'plain',
      deployments: [{ booted: true, version: '1' }],
      problem: { code: 'boot.entry-missing' },
    });
    expect(gone.deployments[0]?.kernelArgs).toBeUndefined();
    expect(error(events[3])).toMatchObject({ code: 'boot.entry-missing' });
    expect(result(events[4], 'sysroot.repair').changed).toBe(true);
    expect(text(5)).toMatch(/^\* plain /);
    expect(result(events[6], 'sysroot.load')).toMatchObject({ deployments: [{ booted: true }] });
    expect(result(events[6], 'sysroot.load').problem).toBeUndefined();
    const [before] = text(7).split('\n');
    expect(result(events[8], 'sysroot.load')).toMatchObject({ deployments: [{ booted: true }], problem: { code: 'boot.loader-missing' } });
    expect(result(events[9], 'sysroot.repair').changed).toBe(true);
    expect(text(10)).toMatch(new RegExp(`^${before}\n\\* plain `));
    expect(existsSync(path.join(host.sysroot, 'boot/loader/entries'))).toBe(true);
  } finally {
    sh('bash', '-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    rmSync(dir, { recursive: true, force: true });
  }
});
