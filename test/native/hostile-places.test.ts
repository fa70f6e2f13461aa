// SPDX-License-Identifier: LGPL-2.1-or-later
import { rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { observePlaces, Tree, treePlaces, type Operation, type PlaceName, type TreePlace } from '../../main/engine/base/tree/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { drivers, type Driver } from './hostile-drivers.ts';
import { aboveKinds, holdsSecret, HostileGround, plainKinds, secret, snapshot, type HostileKind } from './hostile-tree.ts';

// Every access to a tree from outside of the sandbox, as the access layer lists them, with whatever a hostile package can put there.

let ground: HostileGround;
beforeAll(() => void (ground = new HostileGround()));
afterAll(() => ground[Symbol.dispose]());
afterEach(() => observePlaces(undefined));

interface Access {
  readonly place: PlaceName;
  readonly operation: Operation;
  readonly target: string;
}

/** What a driver reaches in a tree in which nothing is wrong. */
function accesses({ files, run }: Driver): Access[] {
  const seen = new Map<string, Access>();
  observePlaces((place, operation, target) => seen.set(`${place} ${operation} ${target}`, { place, operation, target }));
  const root = ground.tree(files);
  try {
    run(root);
  } finally {
    observePlaces(undefined);
    rmSync(path.dirname(root), { recursive: true });
  }
  return [...seen.values()];
}

const list = Object.entries(drivers) as (readonly [string, Driver])[];

/** Each hostile kind at each path that a driver reaches, and above it. */
function casesOf(reached: readonly Access[], { paths = 2, only }: Driver): (readonly [target: string, kind: HostileKind])[] {
  const ofPlace = new Map<PlaceName, Set<string>>();
  for (const { place, target } of reached)
    if (target !== '' && (only?.includes(place) ?? true)) ofPlace.set(place, (ofPlace.get(place) ?? new Set()).add(target));
  const targets = new Set([...ofPlace.values()].flatMap((each) => [...each].slice(0, paths)));
  const above = new Set([...targets].map((target) => path.dirname(target)));
  const below = [...above].map((directory) => [...targets].find((target) => path.dirname(target) === directory) ?? '');
  return [
    ...[...targets].flatMap((target) => plainKinds.map((kind) => [target, kind] as const)),
    ...below.filter((target) => path.dirname(target) !== '.').flatMap((target) => aboveKinds.map((kind) => [target, kind] as const)),
  ];
}

test('every access of the list is driven: none without its case', () => {
  ground.machineLike({});
  const driven = new Set(list.flatMap(([, driver]) => accesses(driver).map(({ place, operation }) => `${place} ${operation}`)));
  const declared = Object.entries(treePlaces as Record<string, TreePlace>).flatMap(([place, { does }]) =>
    does.map((each) => `${place} ${each}`),
  );
  expect(declared.filter((each) => !driven.has(each))).toEqual([]);
});

describe.each(list)('%s', (_name, driver) => {
  test('whatever is planted where it reads and writes, nothing of the machine is read or changed', { timeout: 600_000 }, () => {
    ground.machineLike(driver.files);
    const before = snapshot(ground.machine);
    const cases = casesOf(accesses(driver), driver);
    const wrong: string[] = [];
    for (const [target, kind] of cases) {
      const label = `${kind} at ${target}`;
      const root = ground.tree(driver.files);
      ground.plant(root, target, kind);
      let said = '';
      try {
        said = String(driver.run(root) ?? '');
      } catch (error) {
        // a typed error that names the path, or something of it
        if (!(error instanceof TreelineError)) wrong.push(`${label}: ${String((error as Error).stack)}`);
        else {
          said = JSON.stringify(error.report);
          if (error.code.startsWith('package.') && !said.includes('/')) wrong.push(`${label}: no path in ${said}`);
        }
      }
      if (said.includes(secret)) wrong.push(`${label}: read into ${said.slice(0, 200)}`);
      if (holdsSecret(path.dirname(root))) wrong.push(`${label}: the tree holds the machine’s content`);
      if (snapshot(ground.machine) !== before) {
        wrong.push(`${label}: the machine’s files changed`);
        break;
      }
      rmSync(path.dirname(root), { recursive: true });
    }
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(0);
  });
});

test('without the layer the same links are followed: what this suite looks for would be seen', async () => {
  ground.machineLike({ 'etc/fstab': 'x', 'usr/lib/x': 'x' });
  const before = snapshot(ground.machine);
  const root = ground.tree({ 'etc/fstab': 'x' });
  ground.plant(root, 'etc/fstab', 'above: absolute link');
  // as a test build defines it; a real one has it replaced by `false`
  Object.assign(globalThis, { TREELINE_UNCONFINED_TREES: true });
  vi.resetModules();
  try {
    const { Tree, confined } = await import('../../main/engine/base/tree/index.ts');
    expect(confined).toBe(false);
    using tree = new Tree(root);
    expect(tree.text('fstab', 'etc/fstab')).toContain(secret);
    tree.put('fstab', 'etc/fstab', 'written');
    expect(snapshot(ground.machine)).not.toBe(before);
  } finally {
    Reflect.deleteProperty(globalThis, 'TREELINE_UNCONFINED_TREES');
    vi.resetModules();
  }
});

test('a directory that is swapped for a link again and again while files are written and read', async () => {
  ground.machineLike({ 'usr/etc/nsswitch.conf': 'x' });
  const before = snapshot(ground.machine);
  const root = ground.tree({ 'usr/etc/nsswitch.conf': 'passwd: files\n' });
  symlinkSync(path.join(ground.machine, 'usr/etc'), path.join(root, 'usr/link'));
  const swapper = new Worker(
    `const { renameSync } = require('node:fs');
    const { parentPort, workerData: { usr } } = require('node:worker_threads');
    parentPort.postMessage('ready');
    for (;;) {
      renameSync(usr + '/etc', usr + '/aside'); renameSync(usr + '/link', usr + '/etc');
      renameSync(usr + '/etc', usr + '/link'); renameSync(usr + '/aside', usr + '/etc');
    }`,
    { eval: true, workerData: { usr: path.join(root, 'usr') } },
  );
  const seen = new Set<string>();
  await new Promise((go) => swapper.once('message', go));
  for (let i = 0; i < 2000; i++) {
    using tree = new Tree(root);
    try {
      seen.add(tree.text('nsswitch', 'usr/etc/nsswitch.conf') ?? 'nothing');
      tree.setMode('ownership', 'usr/etc/nsswitch.conf', 0o600);
      tree.setOwner('ownership', 'usr/etc/nsswitch.conf', { uid: 1, gid: 1 });
    } catch (error) {
      seen.add((error as NodeJS.ErrnoException).code ?? String(error));
    }
  }
  await swapper.terminate();
  // both states were met
  expect(seen).toContain('passwd: files\n');
  expect(seen.size).toBeGreaterThan(1);
  expect([...seen].join(' ')).not.toContain(secret);
  expect(snapshot(ground.machine)).toBe(before);
});
