import koffi from 'koffi';
import { decodeError, GErrorOut, type GErrorMapper } from './gerror.ts';
import { library, type LibraryName } from './libraries.ts';

declare const brand: unique symbol;
/** An untyped address as koffi gives it, made distinct per C type so that mixing them up doesn't compile. */
export type Pointer<Type extends string = string> = bigint & { readonly [brand]: Type };

export type Value = string | number | bigint | boolean | null | Uint8Array | readonly unknown[] | object;
export type CType = unknown;

/**
 * Declare a C function; it is looked up at its first call, so that a module can be imported without its library.
 * `undefined` as an argument would crash the process (koffi passes garbage): it is refused here.
 */
export function bind(from: LibraryName, name: string, result: CType, parameters: readonly CType[]): (...args: Value[]) => unknown {
  let call: ((...args: Value[]) => unknown) | undefined;
  return (...args) => {
    if (args.length !== parameters.length) throw new TypeError(`${name} takes ${parameters.length} arguments, got ${args.length}`);
    const missing = args.indexOf(undefined as unknown as Value);
    if (missing >= 0) throw new TypeError(`${name}: argument ${missing} is undefined`);
    call ??= library(from).func(name, result as string, parameters as string[]) as (...args: Value[]) => unknown;
    return call(...args);
  };
}

/**
 * Declare a function whose last C parameter is `GError **`, which is added here. A set error is thrown as a TreelineError,
 * mapped by `mapper`; the caller passes all other arguments.
 */
export function bindChecked(
  from: LibraryName,
  name: string,
  result: CType,
  parameters: readonly CType[],
  mapper: GErrorMapper,
): (...args: Value[]) => unknown {
  const call = bind(from, name, result, [...parameters, GErrorOut]);
  return (...args) => {
    const out: [unknown] = [null];
    const value = call(...args, out);
    if (out[0]) throw mapper(decodeError(out[0]), name);
    return value;
  };
}

/** `T **` output parameter holding any pointer. */
export const PointerOut: CType = koffi.out(koffi.pointer('void *'));
export const Ptr = 'void *';

/** The address, or an error naming what was expected: a null pointer never reaches C. */
export function nonNull<T extends string>(value: unknown, what: string): Pointer<T> {
  if (value === null || value === undefined || value === 0n || value === 0) throw new TypeError(`${what} is null`);
  return value as Pointer<T>;
}
