// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import {
  clientLimits,
  encodeMessage,
  MessageReader,
  messageType,
  reportOfWire,
  socketAddresses,
  socketPath,
  Variant,
  wireErrorName,
  wireErrorText,
} from '../../../shared/dbus/index.ts';

const call = (signature: string, body: readonly unknown[]): Buffer =>
  encodeMessage({
    type: messageType.call,
    flags: 0,
    serial: 7,
    path: '/a/b',
    interface: 'a.b',
    member: 'M',
    destination: ':1.2',
    signature,
    body,
  });

describe('messages', () => {
  test('come back as they were, however the bytes are cut', () => {
    const body = ['text', 5, true, 12n, ['x', 'y'], { key: new Variant('(su)', ['z', 1]), list: new Variant('as', []) }];
    const bytes = Buffer.concat([call('subtasa{sv}', body), call('', [])]);
    for (const size of [1, 3, 16, 17, bytes.length]) {
      const reader = new MessageReader();
      const messages = [];
      for (let at = 0; at < bytes.length; at += size) messages.push(...reader.push(bytes.subarray(at, at + size)));
      expect(messages).toHaveLength(2);
      expect(messages[0]).toMatchObject({ serial: 7, path: '/a/b', interface: 'a.b', member: 'M', signature: 'subtasa{sv}', body });
      expect(messages[1]).toMatchObject({ signature: '', body: [] });
    }
  });

  test('what isn’t D-Bus is thrown out at once', () => {
    expect(() => new MessageReader().push(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toThrow('not a D-Bus message');
    const huge = call('s', ['x']);
    huge.writeUInt32LE(0xf0000000, 4);
    expect(() => new MessageReader().push(huge)).toThrow(/a message of \d+ bytes/);
  });

  test('a body that can’t be read leaves a header that can be answered', () => {
    const [fd] = new MessageReader(clientLimits).push(Buffer.from(call('u', [0]).toString('latin1').replace('u\0', 'h\0'), 'latin1'));
    expect(fd).toMatchObject({ member: 'M', bodyProblem: expect.stringContaining('file descriptor') });
    const cut = call('s', ['hello']);
    // the string claims to be longer than the message
    cut.writeUInt32LE(4000, cut.length - 10);
    expect(new MessageReader(clientLimits).push(cut)[0]).toMatchObject({ member: 'M', bodyProblem: expect.stringContaining('too early') });
  });
});

test('addresses', () => {
  expect(socketPath('unix:path=/run/dbus/system_bus_socket')).toBe('/run/dbus/system_bus_socket');
  expect(socketPath('tcp:host=x,port=1;unix:path=/a%20b,guid=00')).toBe('/a b');
  expect(socketPath('unix:abstract=/tmp/x,guid=1')).toBe('\0/tmp/x');
  expect(socketPath('unixexec:path=ssh')).toBeUndefined();
  expect(socketAddresses('unix:path=/a;unix:guid=1,abstract=%00%ffx;unix:path=/b%zz;unix:path=/c%00d')).toEqual([
    { path: '/a' },
    { abstract: Buffer.from([0, 0xff, 0x78]) },
  ]);
});

describe('errors on the wire', () => {
  test('rpm-ostree’s names for its clients, ours in the text', () => {
    expect(wireErrorName('sysroot.busy', 'org.projectatomic.rpmostree1.OS')).toBe(
      'org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26',
    );
    expect(wireErrorName('auth.dismissed', 'org.projectatomic.rpmostree1.OS')).toBe('org.projectatomic.rpmostreed.Error.NotAuthorized');
    expect(wireErrorName('disk.full', 'org.projectatomic.rpmostree1.OS')).toBe('org.projectatomic.rpmostreed.Error.Failed');
    expect(wireErrorName('sysroot.busy', 'org.treeline.OS1')).toBe('org.treeline.Error.SysrootBusy');
    const text = wireErrorText({ code: 'disk.full', subject: '/sysroot', detail: '5 bytes left' });
    expect(text).toMatch(/^The disk is full\. .*\[disk\.full\]$/);
    expect(reportOfWire('org.projectatomic.rpmostreed.Error.Failed', text).code).toBe('disk.full');
  });

  test('a stock daemon’s are understood by name', () => {
    expect(reportOfWire('org.projectatomic.rpmostreed.Error.UpdateInProgress', 'Transaction in progress: deploy').code).toBe(
      'sysroot.busy',
    );
    expect(reportOfWire('org.projectatomic.rpmostreed.Error.NotAuthorized', 'no').code).toBe('auth.denied');
    expect(reportOfWire('org.freedesktop.DBus.Error.ServiceUnknown', 'x').code).toBe('service.unreachable');
    expect(reportOfWire('org.projectatomic.rpmostreed.Error.Failed', 'anything [else]')).toEqual({
      code: 'service.said',
      detail: 'anything [else]',
    });
  });
});
