// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { restartTime } from '../../../main/cli/commands/restart.ts';

describe('the time of a restart', () => {
  const now = new Date(2026, 10, 25, 15, 0, 30).getTime();
  const local = (day: number, hour: number, minute: number): number => new Date(2026, 10, day, hour, minute).getTime() / 1000;

  test.each([
    ['22:30', local(25, 22, 30)],
    ['15:00', local(26, 15, 0)],
    ['7:05', local(26, 7, 5)],
    ['+90', now / 1000 + 90 * 60],
    ['2026-12-01T04:00', new Date(2026, 11, 1, 4, 0).getTime() / 1000],
    ['2026-12-01 04:00', new Date(2026, 11, 1, 4, 0).getTime() / 1000],
    ['2026-12-01T04:00:00Z', Date.UTC(2026, 11, 1, 4, 0) / 1000],
  ])('%s', (text, expected) => {
    expect(restartTime(text, undefined, now)).toBe(expected);
  });

  test.each(['24:00', '12:60', 'tomorrow', '+', '-5', '2026-13-01T00:00', ''])('“%s” is none', (text) => {
    expect(() => restartTime(text, undefined, now)).toThrow(/HH:MM/);
  });
});
