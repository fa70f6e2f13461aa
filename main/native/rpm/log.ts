// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { LogCallback, rpmlogRecMessage, rpmlogRecPriority, rpmlogSetCallback, rpmReadConfigFiles } from './raw.ts';

const warning = 4;
let lines: string[] = [];
let ready = false;

/** Read rpm's configuration once a process, and take its log: librpm would print to stdout. */
export function initialize(): void {
  if (ready) return;
  ready = true;
  // lives as long as the process: librpm keeps the address
  const callback = koffi.register((record: bigint) => {
    if ((rpmlogRecPriority(record) as number) <= warning) lines.push(String(rpmlogRecMessage(record)).trim());
    return 0;
  }, LogCallback);
  rpmlogSetCallback(callback, null);
  rpmReadConfigFiles(null, null);
}

/** Run, and return with the value what librpm logged meanwhile (errors and warnings), in one line. */
export function withLog<T>(run: () => T): { value: T; log: string } {
  initialize();
  lines = [];
  const value = run();
  return { value, log: lastLog() };
}

/** What librpm has logged since withLog began. */
export function lastLog(): string {
  return [...new Set(lines)].join('; ');
}
