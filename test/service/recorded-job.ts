// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect } from 'vitest';
import { iface, serviceName, type Bus } from '../../shared/dbus/index.ts';
import { finished, openJob, os, start, until, type Seen } from './peer.ts';
import { recording } from './recording.ts';

interface Recorded {
  /** Of each signal on the bus: the interface, and names of properties that it tells of. */
  readonly bus: readonly { readonly object: string; readonly names: readonly string[] }[];
  /** Members of the signals on the job's socket. */
  readonly peer: readonly string[];
}

function recorded(file: string, otherThan: readonly string[]): Recorded {
  const lines = recording(file).split('\n');
  return {
    bus: lines.flatMap((line) => {
      const [, object, text] = /^BUS-SIGNAL \S+ \S+ PropertiesChanged \('([\w.]+)', \{(.*)$/.exec(line) ?? [];
      return object === undefined || text === undefined
        ? []
        : [{ object, names: topNames(text).filter((name) => !otherThan.includes(name)) }];
    }),
    peer: lines.flatMap((line) => /^PEER-SIGNAL \/ \S+ (\w+)/.exec(line)?.[1] ?? []),
  };
}

/** The recordings are cut, so only names that every daemon must tell are looked for. */
const topNames = (text: string): string[] =>
  ['ActiveTransactionPath', 'ActiveTransaction', 'DefaultDeployment', 'RollbackDeployment', 'Deployments', 'CachedUpdate'].filter(
    (name) => text.startsWith(`'${name}'`) || (name.startsWith('Active') && text.includes(`'${name}'`)),
  );

async function watch(connection: Bus, seen: Seen[]): Promise<void> {
  await connection.addMatch(`type='signal',sender='${serviceName}'`);
  connection.connection.onSignal = (signal) => {
    if (signal.interface !== iface.properties) return;
    const [name, changed] = signal.body as [string, object];
    if (name.startsWith('org.projectatomic'))
      seen.push({ where: 'bus', path: name, member: Object.keys(changed).join(' '), body: signal.body });
  };
}

export interface AsRecorded {
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
  /** What Finished says, where it isn't success. */
  readonly fails?: string;
  /** Properties that the recorded system had reason to tell of, and this one hasn't. */
  readonly otherThan?: readonly string[];
}

/** Run a job on the stateroot, and expect on the bus and on its socket what the real daemon told, in the same order. */
export async function likeRecorded(bus: Bus, file: string, job: AsRecorded): Promise<{ title: unknown; peer: readonly Seen[] }> {
  const seen: Seen[] = [];
  await watch(bus, seen);
  const { address, peer } = await openJob(bus, os, iface.os, job.member, job.signature, job.body);
  const title = async (): Promise<unknown> => {
    const all = await peer.call({ path: '/', interface: iface.properties, member: 'GetAll', signature: 's', body: [iface.transaction] });
    return (all.body[0] as { Title: { value: string } }).Title.value;
  };
  expect(await title()).toBe('');
  const peerSeen: Seen[] = [];
  const end = finished(peer, peerSeen);
  expect(await start(peer)).toBe(true);
  expect(await start(peer)).toBe(false);
  expect(await end).toEqual(job.fails === undefined ? [true, ''] : [false, expect.stringContaining(job.fails)]);
  const titled = await title();
  const pathOf = (each: Seen): unknown => (each.body[1] as { ActiveTransactionPath?: { value: unknown } }).ActiveTransactionPath?.value;
  // the job before this one may have had its last word late
  const own = (): Seen[] => {
    const from = seen.findIndex((each) => pathOf(each) === address);
    return from < 0 ? [] : seen.slice(from);
  };
  await until(() => own().some((each) => pathOf(each) === ''));
  peer.close();

  const real = recorded(file, job.otherThan ?? []);
  const told = own();
  let at = 0;
  for (const want of real.bus) {
    const found = told.findIndex(
      (each, index) => index >= at && each.path === want.object && want.names.every((name) => each.member.split(' ').includes(name)),
    );
    expect(found, `${want.object} ${want.names.join(' ')} after ${told.map((each) => each.member).join(' | ')}`).toBeGreaterThanOrEqual(0);
    at = found + 1;
  }
  const changed = (told[0]?.body[1] ?? {}) as Record<string, { value: unknown }>;
  expect(changed['ActiveTransactionPath']?.value).toBe(address);
  expect(changed['ActiveTransaction']?.value).toEqual([job.member, bus.uniqueName, os]);

  const members = peerSeen.map((each) => each.member);
  // a job that fails at once may do so before it had a title
  if (real.peer.includes('PropertiesChanged')) expect(real.peer.slice(0, 2)).toContain(members[0]);
  expect(members.at(-1)).toBe(real.peer.at(-1));
  expect(members.filter((each) => each === 'Finished')).toHaveLength(1);
  expect(members.filter((each) => each === 'TaskBegin').length).toBe(members.filter((each) => each === 'TaskEnd').length);
  // a progress that was begun is ended
  expect(members.lastIndexOf('ProgressEnd')).toBeGreaterThanOrEqual(
    Math.max(members.lastIndexOf('PercentProgress'), members.lastIndexOf('DownloadProgress')),
  );
  return { title: titled, peer: peerSeen };
}

/** Texts of what a recorded job began, in its order: tasks, and each progress once. */
export function recordedSteps(file: string): string[] {
  const found = recording(file)
    .split('\n')
    .flatMap((line) => /^PEER-SIGNAL \/ \S+ (?:TaskBegin|PercentProgress) \(['"]([^'"]+)/.exec(line)?.[1] ?? []);
  return [...new Set(found.map((text) => text.replace(/ \(\d.*| [0-9a-f]{7}$/, '')))];
}
