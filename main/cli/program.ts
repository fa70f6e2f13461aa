// SPDX-License-Identifier: LGPL-2.1-or-later
import { Command } from 'commander';
import { invokedName } from './session/invoked-name.ts';
import { isWholeSystem } from './session/whole-system.ts';
import { standardError } from './output/terminal.ts';
import { rpmOstreeVersion, treelineVersion } from '../../shared/domain/index.ts';

/** The block that rpm-ostree's own tools and scripts look for: version, then features. */
const versionBlock =
  invokedName === 'rpm-ostree'
    ? `rpm-ostree:\n Version: '${rpmOstreeVersion}'\n Treeline: '${treelineVersion}'\n Features:\n  - compose`
    : `treeline:\n Version: '${treelineVersion}'\n Features:\n  - compose\n  - dbus\n  - peer-sockets`;

/** Commands that work without the service. */
const local = ['compose', 'db', 'repo', 'image', 'experimental'] as const;

/**
 * The whole command line. `wanted`: the command that will be run; then only its part is loaded, because reading all of the client's code
 * takes longer than comparing two package lists. undefined: all commands, for help, completion and manuals.
 */
export async function buildProgram(wanted?: string): Promise<Command> {
  const program = new Command(invokedName)
    .description('Compose, update, review and roll back image-based operating systems')
    .version(versionBlock, '--version', 'print the version')
    .option('-q, --quiet', 'print less')
    .option('--sysroot <path>', 'work on another sysroot than /, without the service')
    .option('--stateroot <name>', 'of this stateroot')
    .option('--os <name>', 'like --stateroot')
    .option('--peer', 'accepted for compatibility')
    .showSuggestionAfterError();

  const isLocal = local.some((name) => name === wanted);
  if (!isLocal) (await import('./service-commands.ts')).registerServiceCommands(program);
  // one place for global options before and after the command's name, as rpm-ostree takes them
  for (const command of program.commands) {
    if (command.options.some((option) => option.long === '--sysroot')) continue;
    command.option('--sysroot <path>', 'work on another sysroot than /');
    if (!isWholeSystem(command)) command.option('--stateroot <name>', 'of this stateroot');
    command.option('-q, --quiet', 'print less');
  }
  if (wanted === undefined || wanted === 'compose') program.addCommand((await import('./compose.ts')).composeCommand());
  if (wanted === undefined || wanted === 'db') program.addCommand((await import('./db.ts')).dbCommand());
  if (wanted === undefined || wanted === 'repo') program.addCommand((await import('./repo.ts')).repoCommand());
  if (wanted === undefined || wanted === 'image') program.addCommand((await import('./image.ts')).imageCommand());
  // parts of `compose` under the name that they had first
  if (wanted === 'experimental') {
    const { composeCommand } = await import('./compose.ts');
    program.addCommand(new Command('experimental').description('Experimental commands').addCommand(composeCommand()), { hidden: true });
  }
  for (const command of everyCommand(program)) command.configureOutput({ outputError: (text) => standardError.printText(text) });
  return program;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
