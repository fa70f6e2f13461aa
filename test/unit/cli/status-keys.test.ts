// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { statusJson } from '../../../main/cli/output/status-json.ts';
import { deploymentDict } from '../../../main/helper/encode.ts';
import { Variant } from '../../../shared/dbus/index.ts';
import {
  inNetworkOrder,
  noLayering,
  type CommitMeta,
  type Deployment,
  type HostSnapshot,
  type Layering,
  type Signature,
} from '../../../shared/domain/index.ts';
import { alwaysThere, isOfType, problemsOf } from '../../fixtures/status-keys.ts';

const base: Deployment = {
  ...{ id: `os-${'a'.repeat(64)}.0`, osname: 'os', checksum: 'a'.repeat(64), serial: 0, bootChecksum: 'b', index: 0 },
  ...{ booted: true, staged: false, pinned: false, rollback: false, finalizationLocked: false, unlocked: 'none' },
  ...{ version: '43.1', timestamp: 1795600963, deployedAt: 0, signatures: [], verified: false, bootConfig: {}, commitPresent: true },
  origin: { refspec: 'r:b', remote: 'r', ref: 'b', layering: noLayering },
  baseMeta: { version: { type: 's', value: '43.1' } },
};
const nevra = (text: string, name: string): unknown => ({ type: '(sstsss)', value: [text, name, 0, '1', '1', 'noarch'] });
const meta: CommitMeta = {
  'rpmostree.clientlayer': { type: 'b', value: true },
  'rpmostree.clientlayer_version': { type: 'u', value: 6 },
  'rpmostree.removed-base-packages': { type: 'av', value: [nevra('gone-1-1.noarch', 'gone')] },
  'rpmostree.replaced-base-packages': { type: 'a(vv)', value: [[nevra('new-1-1.noarch', 'new'), nevra('old-1-1.noarch', 'old')]] },
  'rpmostree.replaced-base-remote-packages': {
    type: 'a{sv}',
    value: { updates: { type: 'a(vv)', value: [[nevra('new-1-1.noarch', 'new'), nevra('old-1-1.noarch', 'old')]] } },
  },
};
const layer = { base: { checksum: 'b'.repeat(64), version: '43.1', timestamp: 1 }, packages: ['htop'], modules: [], meta };
const asking = (layering: Partial<Layering>, more: Partial<Deployment> = {}): Deployment => ({
  ...base,
  layer,
  origin: { ...base.origin, layering: { ...noLayering, ...layering } },
  ...more,
});
const gpg = {
  signingFingerprint: 'AB',
  expiresSeconds: 1,
  keyAlgorithm: 'RSA',
  hashAlgorithm: 'SHA256',
  keyExpiresSeconds: 2,
  primaryKeyExpiresSeconds: 3,
};
const signature: Signature = {
  ...{ type: 'gpg', valid: true, keyId: 'CD', fingerprint: 'EF', userName: 'n', userEmail: 'e', timeSeconds: 4, gpg },
  ...{ keyMissing: false, keyExpired: false, keyRevoked: false, signatureExpired: false },
};

/** Each state, and keys that it is known by. */
const states: Record<string, readonly [Deployment, ...string[]]> = {
  base: [base, 'origin', 'gpg-enabled'],
  layered: [asking({ packages: ['htop'] }), 'base-checksum', 'base-version', 'base-timestamp', 'layered-commit-meta', 'requested-packages'],
  'with a local package': [
    asking({ localPackages: ['mine-1-1.noarch'], localFileoverrides: ['odd-1-1.noarch'] }),
    'requested-local-fileoverride-packages',
  ],
  'with replaced packages': [
    asking({ localReplacements: ['new-1-1.noarch'], replacements: ['repo=updates,new'] }),
    'base-remote-replacements',
  ],
  'with a removed package': [asking({ removals: ['gone'] }), 'base-removals'],
  'with an initramfs of its own': [
    asking({ regenerateInitramfs: true, initramfsArgs: ['-I'], initramfsEtc: ['/etc/x'] }),
    'initramfs-args',
    'initramfs-etc',
  ],
  pending: [{ ...base, booted: false }, 'origin'],
  staged: [{ ...base, booted: false, staged: true, finalizationLocked: true }, 'staged', 'finalization-locked'],
  pinned: [{ ...base, pinned: true }, 'pinned'],
  live: [
    { ...base, unlocked: 'transient', live: { commit: 'c'.repeat(64), inProgress: 'd'.repeat(64) } },
    'live-replaced',
    'live-inprogress',
  ],
  signed: [{ ...base, verified: true, signatures: [signature] }, 'signatures'],
  'of a container image': [
    {
      ...base,
      origin: { ...base.origin, refspec: '', containerImageReference: 'ostree-image-signed:docker://x' },
      baseMeta: { ...base.baseMeta, 'ostree.manifest-digest': { type: 's', value: 'sha256:1' } },
    },
    'container-image-reference',
    'container-image-reference-digest',
  ],
  'of a custom origin': [{ ...base, origin: { ...base.origin, customUrl: 'u', customDescription: 'd' } }, 'custom-origin'],
  'whose remote was deleted': [{ ...base, origin: { ...base.origin, problem: 'remote-missing' } }, 'remote-error'],
  'whose remote is set wrongly': [
    { ...base, remoteProblem: { code: 'remote.bad-setting', subject: 'r', key: 'k', detail: 'd' } },
    'remote-error',
  ],
  'with wrapped programs': [asking({ cliwrap: true }), 'cliwrap'],
  'without a version': [
    { ...base, version: '', baseMeta: {}, layer: { ...layer, base: { checksum: 'b', version: '', timestamp: 1 } } },
    'base-timestamp',
  ],
};

const update = { checksum: 'e'.repeat(64), version: '44', timestamp: 5, refspec: 'r:b' };
const jsonOf = (deployment: Deployment): Record<string, unknown> => {
  const snapshot = {
    ...{ service: { kind: 'treeline', version: '1' }, hostname: 'h', osname: 'os', prettyName: 'OS', simulated: false, pastJobs: [] },
    ...{ deployments: [deployment], automaticUpdatePolicy: 'none', check: { kind: 'available', checkedAt: 1, update } },
  } as unknown as HostSnapshot;
  const { deployments } = JSON.parse(JSON.stringify(statusJson(snapshot, undefined))) as { deployments: Record<string, unknown>[] };
  return deployments[0] ?? {};
};

/** What JSON of a D-Bus value is to a client that prints the dictionary as it comes. */
function plain(value: unknown): unknown {
  if (value instanceof Variant) return plain(value.value);
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
    : value;
}

describe.each(Object.entries(states))('status --json of a deployment %s', (_, [deployment, ...keys]) => {
  test('has the real one’s keys, and their types', () => {
    const json = jsonOf(deployment);
    expect(problemsOf(json)).toEqual([]);
    expect(Object.keys(json)).toEqual(expect.arrayContaining(keys));
  });

  test('is the bus’s dictionary', () => {
    const dict = deploymentDict(deployment, update);
    const ours = jsonOf(deployment);
    // the bus has numbers of a base in network order
    expect(inNetworkOrder(deployment.baseMeta)).toEqual(deployment.baseMeta);
    expect(ours).toEqual(plain(dict));
  });
});

test('the table of keys notices what is missing, strange, or of another type', () => {
  const json = jsonOf(base);
  expect(problemsOf({ ...json, serial: '0' })).toEqual(['serial: not i']);
  expect(problemsOf({ ...json, strange: 1 })).toEqual(['strange: not a key of rpm-ostree']);
  const { [alwaysThere[0] ?? '']: _, ...rest } = json;
  expect(problemsOf(rest)).toEqual([`${alwaysThere[0]}: missing`]);
  expect([isOfType(['a'], 'as'), isOfType([1], 'as'), isOfType([['a', 'b']], 'a(vv)'), isOfType({}, 'av')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
