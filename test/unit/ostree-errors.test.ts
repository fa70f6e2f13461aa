// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { ostreeError } from '../../main/native/ostree/errors.ts';

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

test.each(['Need more input', 'Invalid compressed data', 'Corrupted file object'])('“%s” is damaged data, not a riddle', (words) => {
  expect(said(`Writing content object: ${words}`).code).toBe('repo.corrupt');
});
