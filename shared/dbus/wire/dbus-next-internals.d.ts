/** The two modules of dbus-next that turn messages into bytes and back; the library's own types leave them out. */
declare module 'dbus-next/lib/marshall-compat.js' {
  export function marshallMessage(message: object): [Buffer, unknown[]];
  export function messageToJsFmt(message: object): { body: unknown[]; signature: string };
}

declare module 'dbus-next/lib/dbus-buffer.js' {
  interface Reader {
    read(signature: string): unknown[];
    align(power: number): void;
    readArray(element: unknown, sizeBytes: number): [number, [unknown, [unknown]]][];
    pos: number;
  }
  const DBusBuffer: new (buffer: Buffer, start: number, endian: number, fds: null, options: object) => Reader;
  export default DBusBuffer;
}

declare module 'dbus-next/lib/variant.js' {
  export class Variant<T = unknown> {
    constructor(signature: string, value: T);
    signature: string;
    value: T;
  }
}
