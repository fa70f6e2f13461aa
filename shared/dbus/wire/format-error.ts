// SPDX-License-Identifier: LGPL-2.1-or-later
/** Bytes that are no D-Bus, or values that can't become some. */
export class DbusFormatError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'DbusFormatError';
  }
}
