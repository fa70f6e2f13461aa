// SPDX-License-Identifier: LGPL-2.1-or-later
// The running /usr of a simulated host is changed and taken back, with the real libostree and the kernel's overlayfs.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePlainHost, publishPlain, type PlainHost } from '../../main/demo/plain-releases.ts';
import type { JobEvent, JobParams } from '../../main/engine/jobs/index.ts';
import { error, result, simulatedSession, type Step } from './simulated-session.ts';

const osname = 'plain';
const os = { sysroot: '/', osname } as const;
const load = ['sysroot.load', { sysroot: '/' }] as const;
const upgrade = ['update.upgrade', os] as const;
const live = (params: Partial<JobParams<'sysroot.apply-live'>> = {}): Step => ['sysroot.apply-live', { ...os, ...params }];

let dir: string;
let host: PlainHost;

beforeEach(async () => {
  // tmpfs: never on the machine's root file system, which writing boot entries would freeze
  dir = mkdtempSync('/dev/shm/treeline-live-');
  chmodSync(dir, 0o755);
  host = await makePlainHost(dir);
});
afterEach(() => {
  execFileSync('bash', ['-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`]);
  rmSync(dir, { recursive: true, force: true });
});

const session = (steps: readonly Step[], more: { powerCut?: boolean } = {}): Promise<JobEvent[]> =>
  simulatedSession(dir, host, steps, more);
const text = (event: JobEvent | undefined): string => (event?.type === 'message' ? event.text : '');
const booted = (event: JobEvent | undefined): object => result(event, 'sysroot.load').deployments.find((each) => each.booted) ?? {};

const repo = '--repo=/sysroot/ostree/repo';
/** A commit on top of what runs: the files that shell words put into $t. */
const commit = (name: string, words: string, base = host.commits[0]): string =>
  `export t=/var/${name}; rm -rf $t; mkdir -p $t; (cd $t; ${words}); ostree ${repo} commit --no-bindings -b ${name} --owner-uid=0 --owner-gid=0 --tree=ref=${base} --tree=dir=$t`;
const added = `mkdir -p usr/bin usr/share/new/deep usr/etc/new.d; echo hello > usr/bin/hello; chmod 4755 usr/bin/hello; ln -s /etc/passwd usr/share/new/link; echo d > usr/share/new/deep/file; echo c > usr/etc/new.d/a.conf; echo c > usr/etc/top.conf`;
const show = 'cat /usr/bin/hello /usr/share/new/deep/file /etc/new.d/a.conf; stat -c "%a %u" /usr/bin/hello; readlink /usr/share/new/link';
const shown = 'hello\nd\nc\n4755 0\n/etc/passwd\n';
/** Everything of the running /usr that isn't the machine's, as a list with checksums. */
const fingerprint =
  'cd /usr && find share/plain share/new etc bin/hello lib/os-release lib/modules/6.* -type f -exec sha256sum {} + 2>/dev/null | sort';

test('what is added is there at once, is told, and gone after the restart', async () => {
  const events = await session([
    fingerprint,
    commit('more', added),
    live({ target: 'more', dryRun: true }),
    load,
    live({ target: 'more' }),
    show,
    load,
    'ostree admin status; touch /usr/x',
    live({ target: 'more' }),
    `ostree ${repo} refs`,
  ]);
  const more = text(events[1]).trim();
  const outcome = {
    checksum: more,
    files: { added: 4, changed: 0, removed: 0 },
    etc: ['/etc/new.d', '/etc/new.d/a.conf', '/etc/top.conf'],
  };
  expect(result(events[2], 'sysroot.apply-live')).toMatchObject({ changed: false, ...outcome, afterRestart: [] });
  expect(booted(events[3])).toMatchObject({ unlocked: 'none' });
  expect(booted(events[3])).not.toHaveProperty('live');
  expect(result(events[4], 'sysroot.apply-live')).toMatchObject({ changed: true, ...outcome });
  expect(text(events[5])).toBe(shown);
  expect(booted(events[6])).toMatchObject({ unlocked: 'transient', live: { commit: more } });
  expect(text(events[7])).toMatch(/Unlocked: transient[^]*Read-only file system/);
  expect(result(events[8], 'sysroot.apply-live')).toMatchObject({ changed: false });
  expect(text(events[9])).toContain('rpmostree/live-apply\n');
  const after = await session([load, fingerprint, `${show}; ls -d /var/tmp/ostree-unlock-ovl.*`, upgradeNothing, `ostree ${repo} refs`]);
  expect(booted(after[0])).toMatchObject({ unlocked: 'none' });
  expect(booted(after[0])).not.toHaveProperty('live');
  expect(text(after[1])).toBe(text(events[0]));
  expect(text(after[2])).toMatch(/\/usr\/bin\/hello: No such file[^]*ostree-unlock-ovl\.\*': No such file/);
  expect(text(after[4])).not.toContain('rpmostree/live-apply');
});
/** Any change of the sysroot lets go of what a restart left. */
const upgradeNothing = ['sysroot.cleanup', { ...os, elements: ['base'] }] as const;

test('it is taken back before the restart as well: what was put into /etc goes unless somebody changed it', async () => {
  const events = await session([
    fingerprint,
    commit('more', added),
    live({ target: 'more' }),
    'echo mine > /etc/top.conf',
    live({ target: host.commits[0] as string }),
    fingerprint,
    'ls /etc/new.d; cat /etc/top.conf',
    load,
    live({ target: host.commits[0] as string }),
  ]);
  expect(result(events[4], 'sysroot.apply-live')).toMatchObject({ changed: true, subject: 'reset', afterRestart: ['/etc/top.conf'] });
  expect(text(events[5])).toBe(text(events[0]));
  expect(text(events[6])).toMatch(/No such file[^]*\nmine\n/);
  expect(booted(events[7])).not.toHaveProperty('live');
  expect(result(events[8], 'sysroot.apply-live')).toMatchObject({ changed: false });
});

test('what would change or remove something is refused by name, and done when that is wanted', async () => {
  await publishPlain(host, 3);
  const events = await session([
    live(),
    upgrade,
    live(),
    load,
    live({ allowReplacement: true }),
    'cat /usr/share/plain/payload /etc/plain.d/added.conf /etc/plain.d/vendor-changes.conf; ls /usr/lib/modules/6.1.0 /usr/lib/modules/6.2.0',
    load,
    live({ target: host.commits[0] as string }),
    'cat /usr/share/plain/payload; ls /etc/plain.d; ls /usr/lib/modules',
  ]);
  expect(error(events[0])).toMatchObject({ code: 'live.nothing-pending' });
  expect(error(events[2])).toMatchObject({ code: 'live.would-replace', subject: expect.stringContaining('/usr/share/plain/payload') });
  expect(booted(events[3])).toMatchObject({ unlocked: 'none' });
  const outcome = result(events[4], 'sysroot.apply-live');
  expect(outcome).toMatchObject({ changed: true, fromVersion: '1', toVersion: '3' });
  expect(outcome.afterRestart).toEqual(['kernel', 'initramfs', '/usr/lib/modules/6.1.0', '/etc/plain.d/vendor-changes.conf']);
  expect(text(events[5])).toBe(
    'payload of release 3\nnew since release 2\nvendor default of release 1\n/usr/lib/modules/6.1.0:\ninitramfs.img\nvmlinuz\n\n/usr/lib/modules/6.2.0:\ninitramfs.img\nvmlinuz\n',
  );
  expect(booted(events[6])).toMatchObject({ version: '1', live: { commit: host.commits[2] } });
  expect(result(events[7], 'sysroot.apply-live')).toMatchObject({ changed: true, afterRestart: [] });
  const back = text(events[8]);
  expect(back).toMatch(/^payload of release 1\nuser-edits.conf\nvendor-changes.conf\n/);
  expect(back).toContain('6.1.0\n');
  expect(back).not.toContain('6.2.0');
  const [after] = await session([load]);
  expect(booted(after)).toMatchObject({ version: '3' });
});

test('a directory becomes a file, a file a directory, modes change: there and back', async () => {
  const first = 'mkdir -p usr/share/a usr/share/m; echo 1 > usr/share/a/f; echo 1 > usr/share/b; echo 1 > usr/share/m/f';
  const second =
    'mkdir -p usr/share/b/c usr/share/m; echo 2 > usr/share/a; echo 2 > usr/share/b/c/f; echo 1 > usr/share/m/f; chmod 700 usr/share/m';
  const list = 'cd /usr/share && find a b m -printf "%p %y %m\\n" | sort';
  const events = await session([
    commit('first', first),
    live({ target: 'first' }),
    list,
    commit('second', second),
    live({ target: 'second', allowReplacement: true }),
    list,
    live({ target: 'first', allowReplacement: true }),
    list,
    // nothing leads out of /usr, whoever can write there
    'unshare -m sh -c "mount -o remount,bind,rw /usr; rm -r /usr/share/m; mkdir /var/elsewhere; ln -s /var/elsewhere /usr/share/m"',
    commit('third', `${first}; echo 3 > usr/share/m/g`),
    live({ target: 'third', allowReplacement: true }),
    'ls -A /var/elsewhere',
  ]);
  expect(text(events[5])).toBe('a f 644\nb d 755\nb/c d 755\nb/c/f f 644\nm d 700\nm/f f 644\n');
  expect(text(events[2])).toBe('a d 755\na/f f 644\nb f 644\nm d 755\nm/f f 644\n');
  expect(text(events[7])).toBe(text(events[2]));
  expect(error(events[10])).toMatchObject({ code: 'package.unusable-file', facts: { path: '/usr/share/m' } });
  expect(text(events[11])).toBe('');
});

test('what is unlocked in another way, or isn’t what runs, isn’t touched', async () => {
  const events = await session([
    commit('more', added),
    ['sysroot.apply-live', { sysroot: '/', osname: 'other', target: 'more' }],
    live({ target: 'nothing-like-it' }),
    // what `ostree admin unlock --hotfix` notes
    'f=$(echo /ostree/deploy/plain/deploy/*.0.origin); sed -i "s/^\\[origin\\]/[origin]\\nunlocked=hotfix/" $f; touch /ostree/deploy',
    live({ target: 'more' }),
  ]);
  expect(error(events[1])).toMatchObject({ code: 'live.not-booted', subject: 'other' });
  expect(error(events[2])).toMatchObject({ code: 'repo.revision-not-found' });
  expect(error(events[4])).toMatchObject({ code: 'live.unlocked', detail: 'hotfix' });
});

test('on what an administrator unlocked for trying things out it works as well', async () => {
  const events = await session([
    commit('more', added),
    'systemd-run -- ostree admin unlock',
    'echo mine > /usr/share/mine',
    live({ target: 'more' }),
    `${show}; cat /usr/share/mine`,
    load,
    live({ target: host.commits[0] as string }),
    'cat /usr/share/mine; ls /usr/bin/hello',
  ]);
  expect(text(events[4])).toBe(`${shown}mine\n`);
  expect(booted(events[5])).toMatchObject({ unlocked: 'development', live: { commit: text(events[0]).trim() } });
  expect(text(events[7])).toMatch(/^mine\n.*No such file/);
});

test('a worker that doesn’t see what was laid over /usr leaves the deployment below alone', async () => {
  const inside = '/run/treeline-sim/app';
  const request = JSON.stringify({ job: 'sysroot.apply-live', params: { ...os, target: 'more' } });
  const apart = `echo '${request}' | unshare --mount --propagation private ${inside}/node ${inside}/dist/worker/worker.mjs 3>/var/events; tail -n 1 /var/events`;
  const events = await session([commit('more', added), apart, show, live({ target: 'more' }), show]);
  expect(text(events[1])).toContain('"code":"live.overlay"');
  expect(text(events[2])).toMatch(/\/usr\/bin\/hello: No such file/);
  expect(result(events[3], 'sysroot.apply-live')).toMatchObject({ changed: true });
  expect(text(events[4])).toBe(shown);
});

/** Where a SIGKILL strikes: at the N-th of the calls that change names, as strace counts them. */
const moments = [1, 2, 3, 4, 5, 7, 9, 11, 14, 17, 20, 24];

test('killed at any moment it is told, and is finished or taken back', async () => {
  const many = `${added}; for i in $(seq 12); do mkdir -p usr/share/many/$i; echo $i > usr/share/many/$i/f; done; echo other > usr/share/plain/payload; echo x > usr/share/plain/more`;
  const list =
    'cd /usr && find share/many share/plain share/new etc bin/hello -printf "%p %y %m %l\\n" -type f -exec sha256sum {} + 2>/dev/null | sort; cat /etc/top.conf /etc/new.d/a.conf 2>&1';
  const inside = '/run/treeline-sim/app';
  const calls = 'rename,renameat,renameat2,linkat,unlink,unlinkat,mkdir,mkdirat,symlinkat,rmdir';
  const request = JSON.stringify({ job: 'sysroot.apply-live', params: { ...os, target: 'many', allowReplacement: true } });
  const killed = (moment: number): string =>
    `echo '${request}' | strace -o /dev/null -e trace=${calls} -e inject=${calls}:signal=KILL:when=${moment} ${inside}/node ${inside}/dist/worker/worker.mjs 3>/var/events; tail -n 1 /var/events`;
  const back = live({ target: host.commits[0] as string });
  const forth = live({ target: 'many', allowReplacement: true });
  const reference = await session([commit('many', many), list, forth, list, back, list]);
  const [before, whole] = [text(reference[1]), text(reference[3])];
  expect(text(reference[5])).toBe(before);
  expect(whole).not.toBe(before);
  // in one start, so that each finds what the one before left
  const events = await session(
    moments.flatMap((moment, i) => [killed(moment), load, ...(i % 3 === 2 ? [forth, list, back, list] : [back, list, forth, list]), back]),
  );
  const seen = { struck: 0, told: 0 };
  for (const [i, moment] of moments.entries()) {
    const [said, state, first, firstList, second, secondList, last] = events.slice(i * 7, i * 7 + 7);
    const where = `killed at ${moment}`;
    if (!text(said).includes('"result"')) seen.struck++;
    const told = (booted(state) as { live?: { inProgress?: string } }).live;
    if (told?.inProgress) seen.told++;
    for (const each of [first, second, last]) expect(each?.type, `${where}: ${JSON.stringify(each)}`).toBe('result');
    const lists = i % 3 === 2 ? [whole, before] : [before, whole];
    expect(text(firstList), where).toBe(lists[0]);
    expect(text(secondList), where).toBe(lists[1]);
  }
  expect(seen.struck).toBeGreaterThanOrEqual(10);
  expect(seen.told).toBeGreaterThanOrEqual(2);
  const [clean] = await session(['ostree fsck --quiet --repo=/sysroot/ostree/repo && echo clean']);
  expect(text(clean)).toContain('clean');
});
