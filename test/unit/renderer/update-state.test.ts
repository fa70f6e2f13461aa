// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { deriveUpdateState, detailsKey, failedUpdateJob } from '../../../renderer/model/update-state.ts';
import { signatureVerdict } from '../../../renderer/ui/signature-line.tsx';
import * as f from '../../e2e/support/page-fixtures.ts';

const kind = (...args: Parameters<typeof deriveUpdateState>): string => deriveUpdateState(...args).kind;
const failed = { kind: 'failed', failedAt: 5, since: 3, error: { code: 'repo.unreachable' } } as const;

describe('the state of the Updates page', () => {
  it('keeps never, up to date, available and failed apart', () => {
    expect(kind(f.snapshot({ check: { kind: 'never' } }), undefined, false)).toBe('never');
    expect(kind(f.snapshot({ check: { kind: 'up-to-date', checkedAt: 5 } }), undefined, false)).toBe('up-to-date');
    expect(kind(f.snapshot(), undefined, false)).toBe('available');
    expect(kind(f.snapshot({ check: failed }), undefined, false)).toBe('failed');
  });

  it('is working for jobs that bring a version, by whoever, and not for others', () => {
    for (const method of ['Upgrade', 'Deploy', 'UpdateDeployment', 'Rebase'])
      expect(kind(f.snapshot(), f.job({ method }), false)).toBe('working');
    for (const method of ['Rollback', 'Pin', 'Cleanup']) expect(kind(f.snapshot(), f.job({ method }), false)).toBe('available');
  });

  it('is checking for our own and other people’s checks, but never takes away what was found', () => {
    const current = f.snapshot({ check: { kind: 'up-to-date', checkedAt: 5 } });
    expect(kind(current, undefined, true)).toBe('checking');
    expect(kind(current, f.job({ method: 'Check' }), false)).toBe('checking');
    expect(kind(f.snapshot(), undefined, true)).toBe('available');
  });

  it('says staged, unless something newer than that is available', () => {
    const deployments = [f.staged, f.booted];
    expect(kind(f.snapshot({ deployments }), undefined, false)).toBe('staged');
    expect(deriveUpdateState(f.snapshot({ deployments, check: failed }), undefined, false)).toMatchObject({
      kind: 'staged',
      failedCheck: failed,
    });
    const newer = { ...f.update, checksum: 'd'.repeat(64), version: '43.3', timestamp: f.now };
    expect(
      deriveUpdateState(f.snapshot({ deployments, check: { kind: 'available', checkedAt: 5, update: newer } }), undefined, false),
    ).toMatchObject({
      kind: 'available',
      superseded: { version: '43.2' },
    });
  });

  it('says pending after a roll back', () => {
    expect(kind(f.snapshot({ deployments: [{ ...f.older, index: 0 }, f.booted] }), undefined, false)).toBe('pending');
  });
});

describe('the failed attempt', () => {
  const failure = f.job({ id: 'f', phase: 'failed', startedAt: f.now - 100, endedAt: f.now - 90, error: { code: 'repo.unreachable' } });
  it('is shown until something newer was tried or staged', () => {
    expect(failedUpdateJob(f.snapshot({ pastJobs: [failure] }), undefined)?.id).toBe('f');
    expect(failedUpdateJob(f.snapshot(), failure)?.id).toBe('f');
    expect(
      failedUpdateJob(f.snapshot({ pastJobs: [failure, f.job({ id: 'g', phase: 'cancelled', startedAt: f.now })] }), undefined),
    ).toBeUndefined();
    expect(failedUpdateJob(f.snapshot({ pastJobs: [failure], deployments: [f.staged, f.booted] }), undefined)).toBeUndefined();
    expect(failedUpdateJob(f.snapshot({ pastJobs: [{ ...failure, error: { code: 'auth.dismissed' } }] }), undefined)).toBeUndefined();
  });
});

describe('what the details belong to', () => {
  it('is booted and offered, or staged, version', () => {
    expect(detailsKey(f.snapshot())).toBe(`${f.booted.checksum}:${f.update.checksum}`);
    expect(detailsKey(f.snapshot({ check: { kind: 'never' }, deployments: [f.staged, f.booted] }))).toBe(
      `${f.booted.checksum}:${f.staged.checksum}`,
    );
    expect(detailsKey(f.snapshot({ check: { kind: 'up-to-date', checkedAt: 1 } }))).toBeUndefined();
    expect(detailsKey(f.snapshot({ deployments: [] }))).toBeUndefined();
  });
});

describe('signatures', () => {
  it('one valid is enough; else the problem is named', () => {
    const bad = { ...f.goodSignature, valid: false };
    expect(signatureVerdict([]).verdict).toBe('unsigned');
    expect(signatureVerdict([{ ...bad, keyMissing: true }, f.goodSignature]).verdict).toBe('valid');
    expect(signatureVerdict([{ ...bad, keyMissing: true }]).verdict).toBe('keyMissing');
    expect(signatureVerdict([{ ...bad, keyExpired: true }]).verdict).toBe('keyExpired');
    expect(signatureVerdict([{ ...bad, keyRevoked: true, keyExpired: true }]).verdict).toBe('keyRevoked');
    expect(signatureVerdict([{ ...bad, signatureExpired: true }]).verdict).toBe('signatureExpired');
    expect(signatureVerdict([bad]).verdict).toBe('invalid');
  });
});
