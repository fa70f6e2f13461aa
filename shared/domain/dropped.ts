// SPDX-License-Identifier: LGPL-2.1-or-later

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
  const [own, others] = [gone.kernelArgs, running?.kernelArgs];
  const known = own !== undefined && others !== undefined;
  return {
    version: gone.version || gone.checksum.slice(0, 12),
    staged: gone.staged,
    addedArgs: known ? without(own, others) : [],
    removedArgs: known ? without(others, own) : [],
    ...(running && gone.refspec !== '' && gone.refspec !== running.refspec ? { refspec: gone.refspec } : {}),
  };
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
  const args = [...addedArgs.map((arg) => `+${arg}`), ...removedArgs.map((arg) => `-${arg}`)];
  const more = [
    ...(refspec === undefined ? [] : [`source ${refspec}`]),
    ...(args.length > 0 ? [`kernel arguments ${args.join(' ')}`] : []),
  ];
  return `Drops ${version}, which ${staged ? 'is staged' : 'would start next'}${more.length > 0 ? `, with ${more.join(' and ')}` : ''}`;
}
