#!/usr/bin/env node
import { Command } from 'commander';
import { treelineVersion } from '../../shared/domain/index.ts';
import { errorLine, TreelineError } from '../../shared/errors/index.ts';
import { registerDeployments } from './commands/deployments.ts';
import { registerKargs } from './commands/kargs.ts';
import { registerMedia } from './commands/media.ts';
import { registerRemote } from './commands/remote.ts';
import { registerRestart } from './commands/restart.ts';
import { registerDiff } from './diff.ts';
import { registerStatus } from './commands/status.ts';
import { registerPulling } from './commands/upgrade.ts';

/** The block that rpm-ostree's own tools and scripts look for: version, then features. */
const versionBlock = `treeline:\n Version: '${treelineVersion}'\n Features:\n  - compose\n  - dbus\n  - peer-sockets`;

const program = new Command('treeline')
  .description('Compose, update, review and roll back image-based operating systems')
  .version(versionBlock, '--version', 'print the version')
  .option('-q, --quiet', 'print less')
  .option('--sysroot <path>', 'work on another sysroot than /, without the service')
  .option('--stateroot <name>', 'of this stateroot')
  .option('--os <name>', 'like --stateroot')
  .option('--peer', 'accepted for compatibility')
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text) });

registerStatus(program);
registerPulling(program);
registerDiff(program);
registerDeployments(program);
registerKargs(program);
registerRestart(program);
registerRemote(program);
registerMedia(program);
await registerLocal();

// one place for global options before and after the command's name, as rpm-ostree takes them
for (const command of program.commands) {
  if (command.options.some((option) => option.long === '--sysroot') || ['compose', 'db'].includes(command.name())) continue;
  command
    .option('--sysroot <path>', 'work on another sysroot than /')
    .option('--stateroot <name>', 'of this stateroot')
    .option('-q, --quiet', 'print less');
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${errorLine(TreelineError.report(error))}\n`);
  process.exitCode = 1;
}

/** compose and db work without the service; they are loaded only when they are asked for, or for the list of commands. */
async function registerLocal(): Promise<void> {
  const wanted = process.argv.slice(2).find((word) => !word.startsWith('-'));
  if (wanted === undefined || wanted === 'compose') program.addCommand((await import('./compose.ts')).composeCommand());
  if (wanted === undefined || wanted === 'db') program.addCommand((await import('./db.ts')).dbCommand());
}
