// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ArgChanges } from './schemas/host.ts';

/** What of a deployment a person would miss: its version, and where its kernel arguments and source differ from what runs. */
export interface Dropped {
  readonly version: string;
  readonly staged: boolean;
  /** Kernel arguments that only the dropped one has. */
  readonly addedArgs: readonly string[];
  /** Kernel arguments that what runs has, and the dropped one hadn't any more. */
  readonly removedArgs: readonly string[];
  /** Its source, if it is another one. */
  readonly refspec?: string;
}

interface Side {
  readonly version: string;
  readonly checksum: string;
  readonly staged: boolean;
  /** Missing: unknown. */
  readonly kernelArgs?: readonly string[];
  readonly refspec: string;
}

/** What goes with `gone`, compared with `running`. */
export function droppedOf(gone: Side, running: Side | undefined): Dropped {
  const args = argChanges(running?.kernelArgs, gone.kernelArgs);
  return {
    version: gone.version || gone.checksum.slice(0, 12),
    staged: gone.staged,
    addedArgs: args?.added ?? [],
    removedArgs: args?.removed ?? [],
    ...(running && gone.refspec !== '' && gone.refspec !== running.refspec ? { refspec: gone.refspec } : {}),
  };
}

/** undefined: none, or not known. */
export function argChanges(before: readonly string[] | undefined, after: readonly string[] | undefined): ArgChanges | undefined {
  if (!before || !after) return undefined;
  const changes = { added: without(after, before), removed: without(before, after) };
  return changes.added.length + changes.removed.length > 0 ? changes : undefined;
}

/** `+new -old`, for terminals and lists. */
export function argChangesText({ added, removed }: ArgChanges): string {
  return [...added.map((arg) => `+${arg}`), ...removed.map((arg) => `-${arg}`)].join(' ');
}

/** Each argument as often as the other side has fewer of it. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((arg) => {
    const at = left.indexOf(arg);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** One line for a terminal and for a job's messages. */
export function droppedText({ version, staged, addedArgs, removedArgs, refspec }: Dropped): string {
  const args = argChangesText({ added: addedArgs, removed: removedArgs });
  const more = [...(refspec === undefined ? [] : [`source ${refspec}`]), ...(args === '' ? [] : [`kernel arguments ${args}`])];
  return `Drops ${version}, which ${staged ? 'is staged' : 'would start next'}${more.length > 0 ? `, with ${more.join(' and ')}` : ''}`;
}
