// SPDX-License-Identifier: LGPL-2.1-or-later
import { argChanges, formatKernelArgs, kernelArg, parseKernelArgs, type ArgChanges } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

/** An argument in the editor. `original`: as it is set now; missing: it is to be added. `text` empty: it is to go. */
export interface EditedArg {
  readonly id: number;
  readonly original?: string;
  readonly text: string;
}

/** OSTree writes this one itself, for each version. */
const isOstree = (raw: string): boolean => raw.startsWith('ostree=');

export const editedArgs = (args: readonly string[]): EditedArg[] =>
  args.filter((raw) => !isOstree(raw)).map((raw, id) => ({ id, original: raw, text: raw }));

/** What is wrong with an argument as it was typed; undefined when the kernel can read it back. */
export function argProblem(text: string): ErrorReport | undefined {
  try {
    kernelArg(text);
    return undefined;
  } catch (error) {
    return TreelineError.report(error);
  }
}

export interface ArgsPreview {
  readonly existing: string;
  readonly final: string;
  /** Missing: nothing, or only the order. */
  readonly changes: ArgChanges | undefined;
  /** Keys without which a system doesn't start, and which would be gone or different. */
  readonly risky: readonly string[];
}

const vital = ['root', 'rootflags', 'rw', 'ro', 'rd.luks.uuid', 'rd.lvm.lv'];

/** The whole line before and after. Throws `kargs.invalid`. */
export function argsPreview(edited: readonly EditedArg[]): ArgsPreview {
  const before = edited.flatMap(({ original }) => (original === undefined ? [] : [original]));
  const after = edited.flatMap(({ text }) => (text.trim() === '' ? [] : [kernelArg(text).raw]));
  const changes = argChanges(before, after);
  const removed = changes?.removed.flatMap((raw) => parseKernelArgs(raw)) ?? [];
  return {
    existing: before.join(' '),
    final: formatKernelArgs(after.map((raw) => kernelArg(raw))),
    changes,
    risky: [...new Set(removed.map(({ key }) => key).filter((key) => vital.includes(key)))],
  };
}
