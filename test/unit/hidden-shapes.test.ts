// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOrigin } from '../../main/engine/host/sysroot/origin.ts';
import { repairSysroot } from '../../main/engine/host/sysroot/repair.ts';
import { readJson } from '../../main/engine/host/sysroot/state-dir.ts';
import { isCheckState, isUpdateDetails } from '../../main/engine/host/sysroot/state-shapes.ts';
import { TreelineError } from '../../shared/errors/index.ts';

let place = '';
beforeEach(() => void (place = mkdtempSync(path.join(tmpdir(), 'treeline-shapes-'))));
afterEach(() => rmSync(place, { recursive: true, force: true }));

test('an origin’s key is looked up among our own, whatever JavaScript calls so', () => {
  const text = '[origin]\nrefspec=a\n[packages]\nconstructor=one\n[rpmostree]\ntoString=true\nex-cliwrap=true\n';
  const { layering } = readOrigin(text, () => true);
  expect(layering.unknown).toEqual(['[packages] constructor', '[rpmostree] toString']);
  expect(layering).toMatchObject({ packages: [], cliwrap: true });
  expect(Object.keys(layering)).not.toContain('undefined');
});

test('a repair that takes as many steps as there may be has succeeded', () => {
  mkdirSync(path.join(place, 'ostree/deploy'), { recursive: true });
  const repair = (steps: number): unknown => {
    let left = steps;
    const problem = (): TreelineError | undefined => (left-- > 0 ? new TreelineError('sysroot.no-time', { subject: 'a' }) : undefined);
    return repairSysroot(place, { problem, remotesOf: () => [], remoteSection: () => undefined }, { message: () => undefined });
  };
  expect(repair(10)).toEqual({ changed: true, staged: false });
  expect(() => repair(99)).toThrow(expect.objectContaining({ code: 'sysroot.no-time' }));
});

const offered = { checksum: 'c', version: '2', timestamp: 5, refspec: 'a:b', rolledBackFrom: false };

test.each([
  ['never', { kind: 'never' }, true],
  ['an update', { kind: 'available', checkedAt: 5, update: offered }, true],
  ['a failure', { kind: 'failed', failedAt: 5, since: 0, error: { code: 'disk.full' }, last: offered }, true],
  ['a kind of another version', { kind: 'paused' }, false],
  ['no update', { kind: 'available', checkedAt: 5 }, false],
  ['an update without a version', { kind: 'available', update: { ...offered, version: undefined } }, false],
  ['sizes that are none', { kind: 'available', update: { ...offered, sizes: 5 } }, false],
  ['an error without a text', { kind: 'failed', failedAt: 5, since: 0, error: { code: 'no.such' } }, false],
  ['a list', [], false],
])('what the last check found counts when it is whole: %s', (_, state, whole) => {
  writeFileSync(path.join(place, 'state.json'), JSON.stringify(state));
  expect(readJson(path.join(place, 'state.json'), isCheckState)).toEqual(
    whole ? JSON.parse(readFileSync(path.join(place, 'state.json'), 'utf8')) : undefined,
  );
});

test('details that lack their lists are none', () => {
  const texts = { fromChecksum: 'a', fromVersion: '1', toChecksum: 'b', toVersion: '2', toTimeSeconds: 5, source: 'none' };
  expect(isUpdateDetails({ ...texts, packages: [], advisories: [], releases: [], signatures: [] })).toBe(true);
  expect(isUpdateDetails(texts)).toBe(false);
  expect(isUpdateDetails({ ...texts, packages: [null], advisories: [], releases: [], signatures: [] })).toBe(false);
});
