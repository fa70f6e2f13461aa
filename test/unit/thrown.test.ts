// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { messageOf, systemCodeOf } from '../../shared/errors/index.ts';

const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

describe('what a thrown value says', () => {
  it('is an error’s message, of other realms too', () => {
    expect(messageOf(new TypeError('not that'))).toBe('not that');
    const foreign = thrownBy(() => runInNewContext('throw new Error("over there")'));
    expect(foreign).not.toBeInstanceOf(Error);
    expect(messageOf(foreign)).toBe('over there');
  });

  it('is the value itself where it is no error', () => {
    expect([undefined, null, 'text', 7].map(messageOf)).toEqual(['undefined', 'null', 'text', '7']);
    expect(messageOf({ message: 7 })).toBe('[object Object]');
  });

  it('holds the name of a system call’s error', () => {
    expect(systemCodeOf(thrownBy(() => readFileSync('/nothing/here')))).toBe('ENOENT');
    expect([undefined, null, 'ENOENT', new Error('x'), { code: 2 }].map(systemCodeOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
