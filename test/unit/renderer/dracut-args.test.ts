// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { joinArgs, splitArgs } from '../../../renderer/model/dracut-args.ts';

it('arguments for dracut come back from their line', () => {
  for (const args of [[], ['-I', '/etc/crypttab'], ['--add-drivers', 'nvme "x" y', 'back\\slash']])
    expect(splitArgs(joinArgs(args))).toEqual(args);
  expect(joinArgs(['--add', 'a b'])).toBe('--add "a b"');
  expect(splitArgs('  --add   lvm ')).toEqual(['--add', 'lvm']);
});

it('what isn’t whole is no list of arguments', () => {
  for (const line of ['"open', 'a"b', '""', 'x ""']) expect(splitArgs(line)).toBeUndefined();
});
