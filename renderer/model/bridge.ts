// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../shared/errors/index.ts';
import type { CommandArgs, CommandName, CommandResult, TreelineBridge } from '../../shared/ipc/index.ts';

declare global {
  interface Window {
    readonly treeline: TreelineBridge;
  }
}

/** Asks main; rejects with a TreelineError only. */
export async function call<N extends CommandName>(name: N, ...args: CommandArgs<N>): Promise<CommandResult<N>> {
  const reply = await window.treeline.invoke(name, ...args);
  if (!reply.ok) throw TreelineError.fromReport(reply.error);
  return reply.value;
}
