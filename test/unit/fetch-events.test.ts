// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { maskCredentials, TreelineError } from '../../shared/errors/index.ts';
import { fetchEvent } from '../../main/worker/fetch-events.ts';

const sum = 'a'.repeat(64);
const takes = (event: unknown): boolean => fetchEvent.safeParse(event).success;

test('what the fetching process says is taken in its exact form only', () => {
  const progress = { step: 'pull', stepIndex: 0, stepCount: 1, fraction: 0.5, bytesDone: 7 };
  expect([
    takes({ type: 'progress', progress }),
    takes({ type: 'result', result: { commits: { 'a/b': sum } } }),
    takes({ type: 'result', result: { commits: {}, summary: { bytes: 'AAAA', gpgSignatures: ['AA=='], ed25519Signatures: [] } } }),
    takes({ type: 'error', error: { code: 'repo.unreachable', subject: 's', facts: { status: 1 } } }),
  ]).toEqual([true, true, true, true]);
  const wrong: unknown[] = [
    undefined,
    null,
    [],
    'result',
    {},
    { type: 'other' },
    { type: 'progress', progress: { ...progress, fraction: 2 } },
    { type: 'progress', progress: { ...progress, bytesDone: -1 } },
    { type: 'progress', progress: { ...progress, bytesDone: '7' } },
    { type: 'result', result: { commits: { 'a/b': '../../etc' } } },
    { type: 'result', result: { commits: { 'a/b': sum.toUpperCase() } } },
    { type: 'result', result: { commits: {}, found: sum.slice(1) } },
    { type: 'result', result: { commits: {}, summary: { bytes: 'not base64!', gpgSignatures: [], ed25519Signatures: [] } } },
    { type: 'result', result: { commits: {}, summary: { bytes: 'AAAA', gpgSignatures: 'AAAA', ed25519Signatures: [] } } },
    { type: 'error', error: { code: 'no.such-code' } },
    { type: 'error', error: { code: 'repo.unreachable', subject: {} } },
    { type: 'error', error: { code: 'repo.unreachable', detail: 'x'.repeat(100_001) } },
  ];
  expect(wrong.filter(takes)).toEqual([]);
});

test('addresses lose their passwords wherever an error carries them, and nothing else', () => {
  expect(maskCredentials('While fetching https://user:pa%40ss@host.example/repo/summary: [6]')).toBe(
    'While fetching https://***@host.example/repo/summary: [6]',
  );
  expect(maskCredentials('ftp://u@h, http://a:b@c@d/e@f')).toBe('ftp://***@h, http://***@d/e@f');
  const harmless = 'https://host.example/@scope?mail=a@b, mail a:b@c, file:///a@b';
  expect(maskCredentials(harmless)).toBe(harmless);
  const error = new TreelineError('repo.unreachable', {
    subject: 'https://u:secret@h/',
    detail: 'x https://u:secret@h/',
    facts: { url: 'https://u:secret@h/', status: 5 },
  });
  expect(JSON.stringify([error.report, error.message])).not.toContain('secret');
  expect(error.report.facts?.['status']).toBe(5);
  expect(JSON.stringify(TreelineError.report(new Error('at https://u:secret@h/')))).not.toContain('secret');
});
