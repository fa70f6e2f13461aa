// SPDX-License-Identifier: LGPL-2.1-or-later
import { mergeDropIns, parseDropIn } from '../../../main/engine/host/kargs/drop-ins.ts';
import { formatKernelArgs, parseKernelArgs } from '../../../shared/domain/index.ts';

export const seeds = [
  'kargs = ["console=ttyS0,115200n8", "console=hvc0"]\nmatch-architectures = ["x86_64", "aarch64"]\n',
  '# why\nkargs = [\'a="b c"\', """\nd"""]',
  '[install]\nkargs = ["x"]',
  'kargs.a = 1\nkargs = [{ b = 2 }, 1979-05-27, inf]',
].map((text) => Buffer.from(text));

const own = parseKernelArgs('root=UUID=1 quiet console=hvc0 -- x');

/** A file says something or is refused by name; whatever it says, what comes of it is read back as it was put in, and the machine's own stays. */
export function target(data: Uint8Array): void {
  const { args, problem } = parseDropIn('/f.toml', data, 'x86_64');
  if (problem !== undefined && (problem === '' || args.length > 0)) throw new Error(`refused without a reason: ${JSON.stringify(problem)}`);
  const merged = mergeDropIns(own, [], args);
  if (JSON.stringify(parseKernelArgs(formatKernelArgs(merged))) !== JSON.stringify(merged)) throw new Error('read again as something else');
  if (!own.every((arg) => merged.some(({ raw }) => raw === arg.raw))) throw new Error('an argument of the machine is lost');
}
