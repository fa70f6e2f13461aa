import { rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { observePlaces, treePlaces, type Operation, type PlaceName, type TreePlace } from '../../main/engine/tree/index.ts';
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

test('the ground itself notices: what follows links by their names is seen', () => {
  const driver = drivers.fstab;
  ground.machineLike(driver.files);
  const root = ground.tree(driver.files);
  ground.plant(root, 'etc/fstab', 'absolute link');
  symlinkSync(path.join(root, 'etc/fstab'), path.join(root, 'x'));
  expect(snapshot(ground.machine)).toBe(snapshot(ground.machine));
  expect(holdsSecret(ground.machine)).toBe(true);
  expect(holdsSecret(root)).toBe(false);
});
