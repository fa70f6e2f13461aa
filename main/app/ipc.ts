// SPDX-License-Identifier: LGPL-2.1-or-later
import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { channelOf, commandNames, commands, events, type CommandName, type EventName, type Reply } from '../../shared/ipc/index.ts';
import { issuesText } from '../../shared/domain/schemas/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { Handlers } from './commands.ts';
import { isOwnUrl } from './origin.ts';

/** Registers every command. `window` gives the contents whose main frame alone may call. */
export function registerCommands(handlers: Handlers, window: () => WebContents | undefined): void {
  for (const name of commandNames) {
    ipcMain.handle(channelOf(name), (event, ...args: unknown[]) => answer(name, handlers, args, isTrusted(event, window())));
  }
}

/** Validates what main says before the window gets it; what breaks the contract isn't sent, and said on stderr. */
export function pushEvent(contents: WebContents | undefined, name: EventName, payload: unknown): void {
  const checked = events[name].safeParse(payload);
  if (!checked.success) {
    process.stderr.write(`treeline: ${name} breaks the contract: ${issuesText(checked.error.issues)}\n`);
    return;
  }
  if (contents && !contents.isDestroyed()) contents.send(channelOf(name), checked.data);
}

function isTrusted(event: IpcMainInvokeEvent, contents: WebContents | undefined): boolean {
  const frame = event.senderFrame;
  return !!contents && !!frame && event.sender === contents && frame === contents.mainFrame && isOwnUrl(frame.url);
}

/** Runs one command. Never rejects: the error travels as its report. */
export async function answer(name: CommandName, handlers: Handlers, args: unknown[], trusted: boolean): Promise<Reply<unknown>> {
  try {
    if (!trusted) throw new TreelineError('auth.denied', { subject: name, facts: { owner: 'a foreign page' } });
    // a trailing undefined is how a caller leaves an option out
    const checkedArgs = commands[name].args.safeParse(args);
    if (!checkedArgs.success) {
      throw new TreelineError('service.bad-argument', { subject: name, detail: issuesText(checkedArgs.error.issues, 'arguments') });
    }
    const handler = handlers[name];
    if (!handler) throw new TreelineError('not-supported', { subject: name });
    const value: unknown = await Reflect.apply(handler, undefined, checkedArgs.data);
    const checkedResult = commands[name].result.safeParse(value);
    if (!checkedResult.success)
      throw new TreelineError('internal.protocol', { detail: `${name}: ${issuesText(checkedResult.error.issues)}` });
    return { ok: true, value: checkedResult.data };
  } catch (error) {
    return { ok: false, error: TreelineError.report(error) };
  }
}
