// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { bindChecked, Ptr, unexpected } from '../../main/native/core/index.ts';

test('FALSE or NULL without a GError is an error that names the call; other values are values', () => {
  // functions that never set an error: the further argument is ignored by C's calling convention
  const flag = bindChecked('c', 'abs', 'int', ['int'], unexpected);
  const pointer = bindChecked('c', 'getenv', Ptr, ['str'], unexpected);
  const text = bindChecked('c', 'getenv', 'str', ['str'], unexpected);
  expect(flag(1)).toBe(1);
  expect(pointer('PATH')).toBeTruthy();
  expect(text('TREELINE_NO_SUCH_VARIABLE')).toBeNull();
  for (const [call, name] of [
    [() => flag(0), 'abs'],
    [() => pointer('TREELINE_NO_SUCH_VARIABLE'), 'getenv'],
  ] as const)
    expect(call).toThrow(
      expect.objectContaining({
        report: { code: 'internal.unexpected', subject: name, detail: 'it failed without an error' },
      }) as Error,
    );
});
