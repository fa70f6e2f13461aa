// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Progress } from '../../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../../shared/errors/index.ts';

/** Where a job works. `sysroot` is '/' on a real host. */
export interface SysrootParams {
  readonly sysroot: string;
}

export interface OsParams extends SysrootParams {
  readonly osname: string;
}

/** What a job's code gets besides its parameters. */
export interface JobContext {
  progress(progress: Progress): void;
  message(text: string): void;
  /** Announce a task, run it, announce its end. */
  task<T>(text: string, run: () => T): T;
  /** Run synchronously what must not be killed: writing boot entries. SIGTERM is answered afterwards. */
  uninterruptible<T>(run: () => T): T;
}

/** One JSON object a line on fd 3. The last one is `result` or `error`; none of them = the worker crashed. */
export type WorkerEvent<Result> =
  | { readonly type: 'progress'; readonly progress: Progress }
  /** A line for people, also in the log. */
  | { readonly type: 'message'; readonly text: string }
  /** What is going on now; named when the worker crashes. Steps a stock client sees as TaskBegin/TaskEnd. */
  | { readonly type: 'task'; readonly text: string; readonly done: boolean }
  /** From `on: true` to `on: false` boot entries are being written: no signal may be sent (platform: FIFREEZE). */
  | { readonly type: 'uninterruptible'; readonly on: boolean }
  | { readonly type: 'result'; readonly result: Result }
  | { readonly type: 'error'; readonly error: ErrorReport };
