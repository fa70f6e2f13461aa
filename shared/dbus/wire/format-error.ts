/** Bytes that are no D-Bus, or values that can't become some. */
export class DbusFormatError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'DbusFormatError';
  }
}
