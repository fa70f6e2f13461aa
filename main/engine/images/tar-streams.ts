// SPDX-License-Identifier: LGPL-2.1-or-later
/** tar-stream’s streams are streamx’s: to Node’s pipeline() they are writable, to its types they aren’t. */
export function writableOf(stream: object): NodeJS.WritableStream {
  if (!isWritable(stream)) throw new TypeError('nothing can be written into this stream');
  return stream;
}

const isWritable = (stream: object): stream is NodeJS.WritableStream =>
  'write' in stream && typeof stream.write === 'function' && 'end' in stream && typeof stream.end === 'function';
