// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Package } from '../../../../shared/domain/index.ts';

/** What changing the running system needs besides its sysroot. Synchronous; errors are TreelineErrors. */
export interface LivePort {
  /**
   * Lay something writable over /usr, for all of the machine and read-only for everybody so far, which is thrown away at the restart
   * (`ostree admin unlock --transient`, which takes the sysroot's lock itself). Throws `live.overlay`.
   */
  unlock(): void;
  /** Let this process alone write to it. Throws `live.overlay`. */
  makeWritable(): void;
  /**
   * Copy a file of a commit into the directory `into`, or a directory of it to `into`, which isn't there yet: owners, modes and attributes are the commit's. `lasting`: what has a
   * name is on the disk, too, because it stays over restarts.
   */
  copyOut(commit: string, path: string, into: string, lasting: boolean): void;
  /** What a commit consists of; undefined when nobody can tell. */
  packages(checksum: string): readonly Package[] | undefined;
  /** Run a program as the machine's services run. What it said when it failed; undefined when it didn't. */
  runOnMachine(program: string, args: readonly string[]): string | undefined;
}
