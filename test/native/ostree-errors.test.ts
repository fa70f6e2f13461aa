// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { unexpected } from '../../main/native/core/index.ts';
import { dnfError } from '../../main/native/dnf/errors.ts';
import { ostreeError } from '../../main/native/ostree/errors.ts';
import { errorLine } from '../../shared/errors/index.ts';

const failed = 0;
const said = (message: string): { code: string; subject?: string } =>
  ostreeError({ domain: 'g-io-error-quark', code: failed, message }, 'ostree_repo_pull').report;

/** libostree's sentence for a failed transfer, with numbers and words of libcurl-errors(3). */
test.each([
  [6, "Couldn't resolve host name"],
  [7, "Couldn't connect to server"],
  [8, 'Weird server reply'],
  [16, 'Error in the HTTP2 framing layer'],
  [18, 'Transferred a partial file'],
  [52, 'Server returned nothing (no headers, no data)'],
  [55, 'Failed sending data to the peer'],
  [56, 'Failure when receiving data from the peer'],
  [92, 'Stream error in the HTTP/2 framing layer'],
])('a transfer that failed with libcurl’s %i is a server that can’t be reached', (number, words) => {
  const url = 'http://[::1]:8080/objects/00/11.filez';
  expect(said(`While fetching ${url}: [${number}] ${words}`)).toMatchObject({ code: 'repo.unreachable', subject: url });
});

test.each([
  [23, 'Failed writing received data to disk/application'],
  [27, 'Out of memory'],
])('libcurl’s %i is no fault of the server', (number, words) => {
  expect(said(`While fetching http://example.com/config: [${number}] ${words}`).code).toBe('internal.unexpected');
});

test.each([
  'Need more input',
  'Invalid compressed data',
  'Corrupted file object',
  `Validating dirtree ${'a'.repeat(64)} (/usr/lib/modules/): Dir 0 in dirtree: Invalid NULL filename`,
])('“%s” is damaged data, not a riddle', (words) => {
  expect(said(`Writing content object: ${words}`).code).toBe('repo.corrupt');
});

test.each(['Invalid ref name a b', 'Invalid refspec a b'])('“%s” is a name that no branch can have', (words) => {
  expect(said(words)).toMatchObject({ code: 'repo.ref-invalid', subject: 'a b' });
});

test('no sentence names the function of a library', () => {
  // GIOErrorEnum: not found, no space, cancelled, timed out, host not found, invalid data, host unreachable, refused, closed, and others
  for (const code of [0, 1, 12, 14, 19, 21, 24, 28, 35, 37, 38, 39, 44]) {
    const error = { domain: 'g-io-error-quark', code, message: 'Something odd' };
    for (const map of [ostreeError, dnfError, unexpected])
      expect(errorLine(map(error, 'ostree_repo_pull').report)).not.toMatch(/ostree_repo/);
  }
  const full = { domain: 'g-io-error-quark', code: 0, message: 'No space left on device' };
  for (const map of [ostreeError, dnfError, unexpected]) {
    expect(map(full, 'ostree_repo_pull').report).toMatchObject({ code: 'disk.full' });
    expect(errorLine(map(full, 'ostree_repo_pull').report)).not.toMatch(/ostree_repo/);
  }
});
