// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { PeerProgress } from '../../../main/helper/peer-progress.ts';
import { encodeMessage, messageType, signatureOf, transactionInterface, type InterfaceSpec } from '../../../shared/dbus/index.ts';

const { signals }: InterfaceSpec = transactionInterface;

function recorder(): { progress: PeerProgress; sent: { member: string; body: readonly unknown[] }[] } {
  const sent: { member: string; body: readonly unknown[] }[] = [];
  const progress = new PeerProgress((member, signature, body) => {
    // the signature is the table's, and the body fits it
    expect(signature).toBe(signatureOf(signals[member] ?? []));
    encodeMessage({ type: messageType.signal, flags: 0, serial: 1, path: '/', interface: 'a.b', member, signature, body });
    sent.push({ member, body });
  });
  return { progress, sent };
}

test('a worker’s events in rpm-ostree’s words, each progress begun is ended', () => {
  const { progress, sent } = recorder();
  const step = { stepIndex: 0, stepCount: 3 };
  progress.onEvent({ type: 'task', text: 'Resolving', done: false });
  progress.onEvent({ type: 'task', text: 'Resolving', done: true });
  progress.onEvent({ type: 'progress', progress: { step: 'check', fraction: 0.1, ...step } });
  progress.onEvent({
    type: 'progress',
    progress: { step: 'pull', fraction: 0.2, bytesDone: 10, bytesTotal: 5e9, itemsDone: 3, itemsTotal: 9, bytesPerSecond: 7, ...step },
  });
  // too soon after the last one
  progress.onEvent({ type: 'progress', progress: { step: 'pull', fraction: 0.3, bytesDone: 11, bytesTotal: 5e9, ...step } });
  progress.onEvent({ type: 'message', text: '9 objects' });
  progress.onEvent({ type: 'uninterruptible', on: true });
  progress.end();
  expect(sent.map((each) => each.member)).toEqual([
    'TaskBegin',
    'TaskEnd',
    'PercentProgress',
    'ProgressEnd',
    'DownloadProgress',
    'Message',
    'ProgressEnd',
  ]);
  expect(sent[1]?.body).toEqual(['done']);
  expect(sent[2]?.body).toEqual(['check', 10]);
  expect(sent[4]?.body.slice(4)).toEqual([
    [3, 9],
    [10n, 7n],
  ]);
});
