// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { argProblem, argsPreview, editedArgs } from '../../../renderer/model/kernel-args-edit.ts';

const edited = editedArgs(['root=LABEL=x', 'rw', 'quiet', 'ostree=/ostree/boot.1/x/0']);

test('what OSTree writes itself isn’t shown, and nothing changes by looking', () => {
  expect(edited.map(({ text }) => text)).toEqual(['root=LABEL=x', 'rw', 'quiet']);
  expect(argsPreview(edited)).toEqual({ existing: 'root=LABEL=x rw quiet', final: 'root=LABEL=x rw quiet', changes: undefined, risky: [] });
});

test('changed, deleted and new ones make the line to come; what a start needs is named', () => {
  const next = [...edited.map((arg) => (arg.text === 'quiet' ? { ...arg, text: 'quiet=1' } : arg)), { id: 9, text: 'mark=two words' }];
  expect(argsPreview(next)).toMatchObject({
    final: 'root=LABEL=x rw quiet=1 mark="two words"',
    changes: { added: ['quiet=1', 'mark="two words"'], removed: ['quiet'] },
    risky: [],
  });
  expect(argsPreview(edited.map((arg) => (arg.id === 0 ? { ...arg, text: '' } : arg)))).toMatchObject({
    final: 'rw quiet',
    risky: ['root'],
  });
});

test.each([
  ['quiet', undefined],
  ['a=b c', undefined],
  ['', 'kargs.invalid'],
  ['x="open', 'kargs.invalid'],
  ['a b', 'kargs.invalid'],
])('%s is told: %s', (text, code) => {
  expect(argProblem(text)?.code).toBe(code);
});
