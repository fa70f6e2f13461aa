// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PlainHost } from '../../main/demo/plain-releases.ts';
import { pickBootEntry } from '../../main/demo/simboot.ts';
import { simulatedSession, type Step } from '../native/simulated-session.ts';
import type { Operation } from './operations.ts';

/** Larger files (kernels, database objects) are told apart by their size and by `ostree fsck`. */
const readBytes = 64 << 10;

/** Stands for everything that a file system says: names, kinds, modes, links and contents, but no times. */
export function fingerprint(directory: string): string {
  const hash = createHash('sha256');
  const walk = (at: string): void => {
    for (const name of readdirSync(at).sort()) {
      const file = path.join(at, name);
      const stats = lstatSync(file);
      hash.update(`${path.relative(directory, file)}\0${stats.mode}\0`);
      if (stats.isDirectory()) walk(file);
      else if (stats.isSymbolicLink()) hash.update(readlinkSync(file));
      else hash.update(`${stats.size}\0`).update(stats.isFile() && stats.size <= readBytes ? readFileSync(file) : '');
    }
  };
  walk(directory);
  return hash.digest('hex');
}

const said = (error: unknown): string => {
  const { stderr, message } = error as { stderr?: string; message?: string };
  return String(stderr || message)
    .trim()
    .slice(0, 400);
};

/** What is wrong with a sysroot that was mounted after a cut; nothing has written to it yet. Empty: all is well. */
export function judge(host: PlainHost, operation: Pick<Operation, 'versions' | 'wrongIn'>, done = false): string[] {
  const wrong: string[] = [];
  try {
    const { deployment } = pickBootEntry(host.sysroot);
    const version = versionOf(deployment);
    if (!operation.versions.includes(version)) wrong.push(`version ${version} would be started`);
    const edited = readFileSync(path.join(deployment, 'etc/plain.d/user-edits.conf'), 'utf8').trim();
    if (edited !== 'mine') wrong.push(`the change in /etc became ${JSON.stringify(edited)}`);
    wrong.push(...(operation.wrongIn?.(deployment, done) ?? []));
  } catch (error) {
    wrong.push(`nothing can be started: ${said(error)}`);
  }
  try {
    execFileSync('ostree', ['fsck', '--quiet', `--repo=${host.sysroot}/ostree/repo`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    wrong.push(`ostree fsck: ${said(error)}`);
  }
  return [...wrong, ...brokenState(path.join(host.sysroot, 'ostree/deploy/plain/var/lib/treeline'))];
}

/** State files are whole or absent; of the history a last line may be torn. */
function brokenState(directory: string): string[] {
  return (existsSync(directory) ? readdirSync(directory) : []).flatMap((name) => {
    const text = readFileSync(path.join(directory, name), 'utf8');
    const parses = (part: string): boolean => {
      try {
        return JSON.parse(part) !== null;
      } catch {
        return false;
      }
    };
    if (name.endsWith('.json')) return parses(text) ? [] : [`${name} has ${text.length} bytes that aren’t JSON`];
    if (name.endsWith('.jsonl')) return text.split('\n').slice(0, -1).every(parses) ? [] : [`${name} holds a line that isn’t JSON`];
    // a draft whose process died: a later writer removes it
    return /^\..*\.[0-9a-f]{12}\.new$/.test(name) ? [] : [`${name} is left`];
  });
}

/** The machine goes on: it starts, loads its state, updates (or does what it should again), restarts into that, and the change in /etc is still there. */
export async function goesOn(directory: string, host: PlainHost, { again, wrongIn }: Operation): Promise<string[]> {
  const wrong: string[] = [];
  // another boot: libostree, and what was fetched, trust unsynced files of their own boot only
  const bootId = path.join(directory, 'boot-id');
  writeFileSync(bootId, `${randomUUID()}\n`);
  const steps: readonly Step[] = [
    ['sysroot.load', { sysroot: '/' }],
    ...(again?.steps ?? [['update.upgrade', { sysroot: '/', osname: 'plain' }] as const]),
  ];
  const events = await simulatedSession(directory, host, steps, { binds: [{ source: bootId, target: '/proc/sys/kernel/random/boot_id' }] });
  for (const [i, event] of events.entries())
    if (event.type !== 'result' && !(event.type === 'message' && event.text === ''))
      wrong.push(`${JSON.stringify(steps[i])}: ${JSON.stringify(event)}`);
  const work = readdirSync(path.join(host.sysroot, 'ostree/repo/tmp')).filter((name) => name.startsWith('work.'));
  if (work.length > 0) wrong.push(`left in ostree/repo/tmp: ${work.join(', ')}`);
  return [...wrong, ...judge(host, { versions: [again?.version ?? '3'], ...(wrongIn ? { wrongIn } : {}) }, true)];
}

const versionOf = (deployment: string): string =>
  /VERSION_ID=(\d+)/.exec(readFileSync(path.join(deployment, 'usr/lib/os-release'), 'utf8'))?.[1] ?? '';
