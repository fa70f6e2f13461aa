// SPDX-License-Identifier: LGPL-2.1-or-later
/** Loaded by the command line when its Node.js can't reach abstract sockets itself: FFI stays out of the client. */
export { connectAbstract } from '../native/linux/abstract-socket.ts';
