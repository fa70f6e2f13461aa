// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi, { type TypeObject } from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { decodeError, GErrorOut, type GErrorMapper } from './gerror.ts';
import { library, libraryHas, type LibraryName } from './libraries.ts';

declare const brand: unique symbol;
/** An untyped address as koffi gives it, made distinct per C type so that mixing them up doesn't compile. */
export type Pointer<Type extends string = string> = bigint & { readonly [brand]: Type };

export type Value = string | number | bigint | boolean | null | Uint8Array | readonly unknown[] | object;
export type CType = unknown;
export const Ptr = 'void *';

export interface Declaration {
  readonly from: LibraryName;
  readonly name: string;
  readonly result: CType;
  readonly parameters: readonly CType[];
  /** Older releases of the library lack it. */
  readonly optional: boolean;
}

/** Everything that was declared so far: the prototype test holds it against the installed headers. */
export const declarations: Declaration[] = [];

/**
 * Declare a C function; it is looked up at its first call, so that a module can be imported without its library.
 * `undefined` as an argument would crash the process (koffi passes garbage): it is refused here.
 */
export function bind(
  from: LibraryName,
  name: string,
  result: CType,
  parameters: readonly CType[],
  optional = false,
): (...args: Value[]) => unknown {
  declarations.push({ from, name, result, parameters, optional });
  let call: ((...args: Value[]) => unknown) | undefined;
  return (...args) => {
    if (args.length !== parameters.length) throw new TypeError(`${name} takes ${parameters.length} arguments, got ${args.length}`);
    const missing = args.indexOf(undefined as unknown as Value);
    if (missing >= 0) throw new TypeError(`${name}: argument ${missing} is undefined`);
    call ??= library(from).func(name, result as string, parameters as string[]) as (...args: Value[]) => unknown;
    return call(...args);
  };
}

/** Declare a function that older releases of its library lack: there the call does nothing, and says so by false. */
export function bindOptional(from: LibraryName, name: string, result: CType, parameters: readonly CType[]): (...args: Value[]) => boolean {
  const call = bind(from, name, result, parameters, true);
  return (...args) => {
    if (!libraryHas(from, name)) return false;
    call(...args);
    return true;
  };
}

export interface CallbackDeclaration extends Omit<Declaration, 'from' | 'name' | 'optional'> {
  /** Its function pointer's type in C. */
  readonly type: string;
}

/** As `declarations`, of the functions that C calls. */
export const callbacks: CallbackDeclaration[] = [];

/** Declare a function that C calls, by the name of its function pointer's type in C. @returns the pointer's type, for koffi */
export function bindCallback(type: string, result: CType, parameters: readonly CType[]): TypeObject {
  callbacks.push({ type, result, parameters });
  return koffi.pointer(koffi.proto(`TreelineCallback${callbacks.length}`, result as string, parameters as string[]));
}

/** FALSE of a gboolean and NULL of a pointer are failures by GLib's convention (GError, "Rules for use"); other results are values. */
function failureOf(result: CType): (value: unknown) => boolean {
  if (result === 'int') return (value) => value === 0;
  if (result === Ptr) return (value) => value === null || value === undefined || value === 0n;
  return () => false;
}

/**
 * Declare a function whose last C parameter is `GError **`, which is added here. A set error is thrown as a TreelineError,
 * mapped by `mapper`, and so is FALSE or NULL without one; the caller passes all other arguments.
 */
export function bindChecked(
  from: LibraryName,
  name: string,
  result: CType,
  parameters: readonly CType[],
  mapper: GErrorMapper,
): (...args: Value[]) => unknown {
  const call = bind(from, name, result, [...parameters, GErrorOut]);
  const fails = failureOf(result);
  return (...args) => {
    const out: [unknown] = [null];
    const value = call(...args, out);
    if (out[0]) throw mapper(decodeError(out[0]), name);
    // a call that failed without saying why has failed all the same: going on would take what isn't there for done
    if (fails(value)) throw new TreelineError('internal.unexpected', { subject: name, detail: 'it failed without an error' });
    return value;
  };
}

/**
 * Declare a C function whose number says only whether it worked (0, if `succeeds` says nothing else): the others are thrown. What returns a value, or may
 * fail without harm, stays with `bind`.
 */
export function bindStatus(
  from: LibraryName,
  name: string,
  parameters: readonly CType[],
  succeeds: (status: number) => boolean = (status) => status === 0,
  result: CType = 'int',
): (...args: Value[]) => void {
  const call = bind(from, name, result, parameters);
  return (...args) => {
    const status = Number(call(...args));
    if (!succeeds(status)) throw new TreelineError('internal.unexpected', { subject: name, detail: `it failed (${status})` });
  };
}

/** `T **` output parameter holding any pointer. */
export const PointerOut: CType = koffi.out(koffi.pointer('void *'));

/** The address, or an error naming what was expected: a null pointer never reaches C. */
export function nonNull<T extends string>(value: unknown, what: string): Pointer<T> {
  if (value === null || value === undefined || value === 0n || value === 0) throw new TypeError(`${what} is null`);
  return value as Pointer<T>;
}
