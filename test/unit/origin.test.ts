import { describe, expect, test } from 'vitest';
import { OriginFile, readOrigin } from '../../main/engine/sysroot/index.ts';
import { parseRevision } from '../../main/engine/upgrade/index.ts';

const text = '# by hand\n[origin]\nrefspec = origin:a/b\n\n[packages]\nrequested=vim;htop;\n\n[libostree-transient]\npinned=true\n';

describe('an origin file', () => {
  test('is read as GKeyFile reads it: blanks around =, escapes, the last of equal keys', () => {
    const file = new OriginFile('[origin]\nrefspec = one\nrefspec=two\nunconfigured-state=first\\nsecond\\sline\n[other]\nrefspec=no\n');
    expect(file.get('origin', 'refspec')).toBe('two');
    expect(file.get('origin', 'unconfigured-state')).toBe('first\nsecond line');
    expect(file.get('origin', 'missing')).toBeUndefined();
  });

  test('keeps everything else when a key is set, added or removed', () => {
    const file = new OriginFile(text);
    file.set('origin', 'refspec', 'origin:c/d');
    file.set('origin', 'override-commit', 'abc');
    file.set('new', 'key', 'value');
    file.removeGroup('libostree-transient');
    expect(file.text).toBe(
      '# by hand\n[origin]\noverride-commit=abc\nrefspec=origin:c/d\n\n[packages]\nrequested=vim;htop;\n\n[new]\nkey=value\n',
    );
    file.set('origin', 'override-commit', undefined);
    file.set('origin', 'override-commit', undefined);
    expect(file.text).not.toContain('override-commit');
  });
});

describe('what an origin says, with what is wrong about it', () => {
  const known = (name: string): boolean => name === 'origin';

  test.each<[string | undefined, object]>([
    [text, { refspec: 'origin:a/b', remote: 'origin', ref: 'a/b', requestedPackages: ['vim', 'htop'] }],
    ['[origin]\nbaserefspec=origin:x\n', { refspec: 'origin:x', ref: 'x' }],
    ['[origin]\nrefspec=local/branch\n', { remote: '', ref: 'local/branch' }],
    [undefined, { problem: 'missing' }],
    ['', { problem: 'no-ref' }],
    ['no key file at all', { problem: 'unreadable' }],
    ['[origin]\nrefspec=gone:a\n', { problem: 'remote-missing', remote: 'gone', ref: 'a' }],
    ['[origin]\nrefspec=origin:a\ncontainer-image-reference=x\n', { problem: 'ambiguous', containerImageReference: 'x' }],
    ['[origin]\ncontainer-image-reference=x\n', { refspec: '', containerImageReference: 'x' }],
  ])('%j', (content, expected) => {
    const origin = readOrigin(content, known);
    expect(origin).toMatchObject(expected);
    if (!('problem' in expected)) expect(origin.problem).toBeUndefined();
  });
});

test.each([
  ['', { kind: 'newest' }],
  [':', { kind: 'newest' }],
  ['43.1', { kind: 'version', value: '43.1' }],
  ['version=a=b', { kind: 'version', value: 'a=b' }],
  ['f'.repeat(64), { kind: 'checksum', value: 'f'.repeat(64) }],
  [`revision=${'f'.repeat(64)}`, { kind: 'checksum', value: 'f'.repeat(64) }],
])('revision %j', (given, expected) => {
  expect(parseRevision(given)).toEqual(expected);
});

test('a revision that can’t be one is refused', () => {
  expect(() => parseRevision('revision=abc')).toThrow(expect.objectContaining({ code: 'repo.revision-not-found' }));
});
