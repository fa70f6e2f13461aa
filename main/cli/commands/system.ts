// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { TreelineError } from '../../../shared/errors/index.ts';
import { action, type Session } from '../session/session.ts';
import { runJob, type JobEvent } from '../../engine/jobs/index.ts';
import { answerLibrary, daemonPath, workerPath } from '../session/worker-path.ts';
import { wholeSystem } from '../session/whole-system.ts';

/** Commands of rpm-ostree that hand over to another program, or that a library runs. */
export function registerSystem(program: Command): void {
  wholeSystem(program.command('usroverlay'))
    .alias('unlock')
    .description('Make /usr writable until the next restart, with `ostree admin unlock`')
    .option('--hotfix', 'keep changes over restarts')
    .option('--transient', 'discard changes at the restart')
    .action(
      action(async (_: Session, flags: Readonly<Record<string, boolean>>) => handOver('ostree', ['admin', 'unlock', ...given(flags)])),
    );
  wholeSystem(program.command('fix-shadow-perms', { hidden: true }))
    .description('Take /etc/shadow and its like away from other users, in all deployments')
    .action(action(fixShadow));
  wholeSystem(program.command('start-daemon', { hidden: true }))
    .description('Run the service')
    .option('-d, --debug', 'accepted for compatibility')
    .option('--dbus-peer <fd>', 'not supported yet')
    .action(
      action(async (_: Session, flags: { dbusPeer?: string }, command: Command) => {
        if (flags.dbusPeer !== undefined) throw new TreelineError('not-supported', { subject: '--dbus-peer' });
        const { sysroot } = command.optsWithGlobals<{ sysroot?: string }>();
        return handOver(process.execPath, [daemonPath, ...(sysroot === undefined ? [] : [`--sysroot=${sysroot}`])]);
      }),
    );
  registerLibraryBackend(program);
}

/** Run by a unit at the start, before anybody can log in: without the service. */
async function fixShadow(session: Session, _: unknown, command: Command): Promise<number> {
  const { sysroot = '/' } = command.optsWithGlobals<{ sysroot?: string }>();
  const onEvent = (event: JobEvent): void => {
    if (event.type === 'message') session.print(event.text);
  };
  await runJob('sysroot.fix-shadow-perms', { sysroot }, { worker: workerPath, onEvent }).done;
  return 0;
}

const given = (flags: Readonly<Record<string, unknown>>): string[] =>
  ['hotfix', 'transient'].filter((name) => flags[name] === true).map((name) => `--${name}`);

/** Exit code of the other program, which uses our terminal. */
function handOver(program: string, args: readonly string[]): number {
  const { status, error, signal } = spawnSync(program, [...args], { stdio: 'inherit' });
  if (error) throw new TreelineError('usage.invalid', { detail: `${program} can’t be run: ${error.message}` });
  return status ?? (signal === 'SIGTERM' ? 143 : 1);
}

/** What rpm-ostree's shared library asks its program for. The answer goes to the socket that the library passes, else to stdout. */
function registerLibraryBackend(program: Command): void {
  const backend = program.command('shlib-backend', { hidden: true }).description('Answers of the shared library');
  const answer = async (session: Session, asked: Parameters<typeof answerLibrary>[0]): Promise<number> => {
    for (const line of await answerLibrary(asked)) session.print(line);
    return 0;
  };
  wholeSystem(backend.command('get-basearch')).action(action((session: Session) => answer(session, { question: 'get-basearch' })));
  wholeSystem(backend.command('varsubst-basearch <source>')).action(
    action((session: Session, source: string) => answer(session, { question: 'varsubst-basearch', source })),
  );
  wholeSystem(backend.command('packagelist-from-commit <commit>')).action(
    action((session: Session, commit: string) => answer(session, { question: 'packagelist-from-commit', commit })),
  );
}
