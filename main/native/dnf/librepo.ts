// SPDX-License-Identifier: LGPL-2.1-or-later
/** Declarations of librepo (1.14 headers in /usr/include/librepo), which libdnf downloads with. */
import koffi from 'koffi';
import {
  bind,
  bindChecked,
  decodeError,
  GErrorOut,
  library,
  PointerOut,
  Ptr,
  stringArray,
  type CType,
  type Pointer,
} from '../core/index.ts';
import { dnfError } from './errors.ts';

const createResult = bind('repo', 'lr_result_init', Ptr, []);
const freeResult = bind('repo', 'lr_result_free', 'void', [Ptr]);
const performInto = bindChecked('repo', 'lr_handle_perform', 'int', [Ptr, Ptr], dnfError);
const freeStrings = bind('glib', 'g_strfreev', 'void', [Ptr]);

/** Download one address (a whole one) into an open file, with the repository's settings. */
export const downloadAddress = bindChecked('repo', 'lr_download_url', 'int', [Ptr, 'str', 'int'], dnfError);

/** LrHandleOption and LrHandleInfoOption of librepo/handle.h. */
const options = {
  mirrorListAddress: [3, 'str'],
  metalinkAddress: [4, 'str'],
  destination: [16, 'str'],
  mirrorsOnly: [22, 'long'],
} as const;
const kindsOption = 36;
const mirrorsInfo = 16;

let variadic: { set: Variadic; get: Variadic } | undefined;
type Variadic = (handle: Pointer, error: [unknown], option: number, type: CType, value: unknown) => number;
function calls(): { set: Variadic; get: Variadic } {
  const declare = (name: string): Variadic => library('repo').func(name, 'int', ['void *', GErrorOut as string, 'int', '...']) as Variadic;
  variadic ??= { set: declare('lr_handle_setopt'), get: declare('lr_handle_getinfo') };
  return variadic;
}

function call(which: 'set' | 'get', handle: Pointer, option: number, type: CType, value: unknown): void {
  const error: [unknown] = [null];
  const done = calls()[which](handle, error, option, type, value);
  if (error[0]) throw dnfError(decodeError(error[0]), `lr_handle_${which}`);
  if (done === 0) throw new TypeError(`lr_handle_${which} ${option} failed`);
}

/** Change one setting of a repository's handle; libdnf sets its own again before it updates. */
export function setOption(handle: Pointer, name: keyof typeof options, value: string | number): void {
  const [option, type] = options[name];
  call('set', handle, option, type, value);
}

/** Download repomd.xml alone into `directory`/repodata. */
export function downloadIndex(handle: Pointer, directory: string): void {
  const noKinds = koffi.alloc('void *', 1) as unknown;
  call('set', handle, kindsOption, 'void *', noKinds);
  try {
    setOption(handle, 'destination', directory);
    perform(handle);
  } finally {
    call('set', handle, kindsOption, 'void *', null);
    koffi.free(noKinds);
  }
}

/** The servers that the handle's mirror list or metalink names, as librepo reads it. */
export function mirrorsOf(handle: Pointer): string[] {
  setOption(handle, 'mirrorsOnly', 1);
  try {
    perform(handle);
  } finally {
    setOption(handle, 'mirrorsOnly', 0);
  }
  const list: [unknown] = [null];
  call('get', handle, mirrorsInfo, PointerOut, list);
  if (!list[0]) return [];
  try {
    return stringArray(list[0]);
  } finally {
    freeStrings(list[0]);
  }
}

function perform(handle: Pointer): void {
  const result = createResult() as Pointer;
  try {
    performInto(handle, result);
  } finally {
    freeResult(result);
  }
}
