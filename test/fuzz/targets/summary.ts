// SPDX-License-Identifier: LGPL-2.1-or-later
import { encodeVariant, Variant } from '../../../main/native/core/gvariant-format.ts';
import { parseSummary, summaryType } from '../../../main/native/ostree/fetch-summary.ts';
import { tolerant } from './refusal.ts';

const row = (ref: string): unknown => [
  ref,
  [
    9n,
    Buffer.alloc(32, 1),
    new Map([
      ['ostree.commit.version', new Variant('s', '1.2')],
      ['ostree.commit.timestamp', new Variant('t', 5n)],
    ]),
  ],
];

export const seeds = [
  encodeVariant(summaryType, [[row('os/x86_64/stable'), row('os/x86_64/testing')], new Map()]),
  encodeVariant(summaryType, [[], new Map([['ostree.summary.expires', new Variant('t', 1n)]])]),
  encodeVariant(summaryType, [[row('../../etc/passwd'), row('')], new Map()]),
];

/** Names become files of the repository. */
export function target(data: Uint8Array): void {
  for (const { ref, checksum } of tolerant(() => parseSummary(Buffer.from(data), 'origin')) ?? []) {
    if (/(^|\/)\.{0,2}(\/|$)|[\0-\x1f\\]/.test(ref)) throw new Error(`a branch of the name ${JSON.stringify(ref)}`);
    if (!/^[0-9a-f]{64}$/.test(checksum)) throw new Error(`a checksum of ${checksum}`);
  }
}
