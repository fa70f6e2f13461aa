// SPDX-License-Identifier: LGPL-2.1-or-later
import { bindStatus } from '../core/index.ts';

/** prctl(2). Declared with the arguments used: the C function is variadic, but all are passed in registers. */
const prctl = bindStatus('c', 'prctl', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
const setParentDeathSignal = 1;
const sigterm = 15;

/** Have the kernel send SIGTERM to this process when its parent dies, however that happens. */
export function endWithParent(): void {
  prctl(setParentDeathSignal, sigterm, 0, 0, 0);
}
