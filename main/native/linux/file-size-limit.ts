// SPDX-License-Identifier: LGPL-2.1-or-later
import { bind, bindStatus, Ptr, type Pointer } from '../core/index.ts';

const setLimit = bindStatus('c', 'setrlimit', ['int', Ptr]);
const getLimit = bindStatus('c', 'getrlimit', ['int', Ptr]);
const setMask = bindStatus('c', 'pthread_sigmask', ['int', Ptr, Ptr]);
const emptySet = bindStatus('c', 'sigemptyset', [Ptr]);
const addToSet = bindStatus('c', 'sigaddset', [Ptr, 'int']);
const isInSet = bind('c', 'sigismember', 'int', [Ptr, 'int']);
const pendingSignals = bindStatus('c', 'sigpending', [Ptr]);
const handleSignal = bind('c', 'signal', Ptr, ['int', Ptr]);

/** RLIMIT_FSIZE, SIGXFSZ, SIG_BLOCK, SIG_SETMASK and SIG_IGN of Linux (asm-generic). */
const fileSize = 1;
const tooLarge = 25;
const block = 0;
const setAll = 2;
const ignore = 1n as Pointer;
/** sizeof(sigset_t) of glibc. */
const setBytes = 128;

/**
 * Run something that must not write a regular file beyond a size: the kernel refuses each write past it (setrlimit(2), RLIMIT_FSIZE), whatever the library
 * that writes knows of sizes. Only for synchronous calls: the limit is the whole process'. `exceeded` tells after a failure whether that was the reason.
 */
export function withFileSizeLimit<T>(limitBytes: number, run: () => T): { readonly exceeded: boolean; readonly outcome: () => T } {
  const before = Buffer.alloc(16);
  getLimit(fileSize, before);
  const own = Buffer.from(before);
  const [soft, wanted] = [before.readBigUInt64LE(0), BigInt(Math.ceil(limitBytes))];
  own.writeBigUInt64LE(wanted < soft ? wanted : soft, 0);
  const [signals, mask] = [Buffer.alloc(setBytes), Buffer.alloc(setBytes)];
  emptySet(signals);
  addToSet(signals, tooLarge);
  // blocked, the signal neither ends the process nor gets lost: that it came is what tells
  setMask(block, signals, mask);
  setLimit(fileSize, own);
  let outcome: () => T;
  let exceeded = false;
  try {
    const value = run();
    outcome = () => value;
  } catch (error) {
    outcome = () => {
      throw error;
    };
  } finally {
    setLimit(fileSize, before);
    exceeded = takeSignal();
    setMask(setAll, mask, null);
  }
  return { exceeded, outcome };
}

/** True if the signal is waiting, which then goes: ignoring a signal discards it (sigaction(2)). */
function takeSignal(): boolean {
  const waiting = Buffer.alloc(setBytes);
  pendingSignals(waiting);
  if (isInSet(waiting, tooLarge) !== 1) return false;
  const handler = handleSignal(tooLarge, ignore) as Pointer | null;
  handleSignal(tooLarge, handler);
  return true;
}
