// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatKernelArgs, parseKernelArgs } from '../../../shared/domain/index.ts';

export const seeds = [
  'root=UUID=1 ro quiet',
  'a="b c" d=\'e\' x="',
  'console=ttyS0,115200 console=tty0 key== =v',
  '"quoted key"=1\t\n y',
].map((text) => Buffer.from(text));

/** What was read is written and read again as the same: no argument of a machine is lost or changed. */
export function target(data: Uint8Array): void {
  const args = parseKernelArgs(Buffer.from(data).toString('utf8'));
  const text = formatKernelArgs(args);
  const again = parseKernelArgs(text);
  if (JSON.stringify(again) !== JSON.stringify(args)) throw new Error(`read again as something else: ${JSON.stringify(text)}`);
}
