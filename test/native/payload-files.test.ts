// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import type { RpmFile, RpmPackage } from '../../main/engine/base/ports/rpm.ts';
import type { CpioEntry } from '../../main/native/archive/cpio.ts';
import { PayloadFiles } from '../../main/native/rpm/payload-files.ts';
import { TreelineError } from '../../shared/errors/index.ts';

test('names in a header that no file system takes, and files that nothing could be compared with, are refused', () => {
  const file = (place: string): RpmFile => ({
    ...{
      path: place,
      mode: 0o100644,
      user: 'root',
      group: 'root',
      sizeBytes: 0,
      mtimeSeconds: 0,
      linkTarget: '',
      caps: '',
      digest: 'd',
      flags: 0,
    },
    ...{ inode: 0, device: 0, rdev: 0, nlink: 1, linkGroup: 0, signature: '', lang: '' },
  });
  const refusal = (place: string, fields: Partial<RpmFile> = {}): string => {
    try {
      new PayloadFiles({ path: '/x/p.rpm', fileDigestAlgo: 8, files: [{ ...file(place), ...fields }] } as unknown as RpmPackage);
      return '';
    } catch (error) {
      return TreelineError.report(error).detail ?? '';
    }
  };
  expect(refusal(`/usr/${'n'.repeat(255)}`)).toBe('');
  expect(refusal(`/usr/${'n'.repeat(256)}`)).toMatch(/longer than a file’s name/);
  expect(refusal(`/usr${`/${'n'.repeat(200)}`.repeat(25)}`)).toMatch(/longer than a file’s name/);
  expect(refusal(`/usr${'/d'.repeat(3000)}`)).toMatch(/longer than|directories deep/);
  expect(refusal(`/usr${'/d'.repeat(300)}`)).toMatch(/directories deep/);
  expect(refusal('/usr/x', { digest: '' })).toMatch(/has no digest/);
  expect(refusal('/usr/x', { mode: 0o120777 })).toMatch(/link without a possible target/);
});

test('set-id bits that rpm leaves out of a payload for an unknown user or group come from the header, others don’t', () => {
  const judged = (user: string, group: string, headerMode: number, payloadMode: number): string => {
    const file = {
      path: '/usr/bin/x',
      mode: headerMode,
      user,
      group,
      sizeBytes: 0,
      digest: '0',
      flags: 0,
      nlink: 1,
      linkGroup: 0,
    } as RpmFile;
    const entry = { name: Buffer.from('./usr/bin/x'), mode: payloadMode, sizeBytes: 0 } as CpioEntry;
    try {
      return new PayloadFiles({ path: 'x.rpm', fileDigestAlgo: 8, files: [file] } as unknown as RpmPackage).fileOf(entry).path;
    } catch (error) {
      return (error as TreelineError).code;
    }
  };
  const refused = 'package.payload-mismatch';
  expect(judged('svc', 'root', 0o104755, 0o100755)).toBe('/usr/bin/x');
  expect(judged('root', 'svc', 0o102755, 0o100755)).toBe('/usr/bin/x');
  expect(judged('svc', 'svc', 0o106755, 0o104755)).toBe('/usr/bin/x');
  expect(judged('root', 'svc', 0o104755, 0o100755)).toBe(refused);
  expect(judged('svc', 'root', 0o102755, 0o100755)).toBe(refused);
  expect(judged('svc', 'svc', 0o100755, 0o104755)).toBe(refused);
  expect(judged('svc', 'svc', 0o106755, 0o100750)).toBe(refused);
});
