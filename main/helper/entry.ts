// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorLine, TreelineError } from '../../shared/errors/index.ts';
import { GiveBack } from './give-back.ts';
import { helperHelp, helperOptions } from './options.ts';
import { Service } from './service.ts';

const idleCheckMs = 1000;

async function main(): Promise<void> {
  const giveBack = new GiveBack();
  const service = await Service.start(helperOptions(process.argv.slice(2)));
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    // at shutdown the bus may go first: nothing is left to be told, and whoever waits for this process mustn't wait longer
    await service.stop().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
  void service.closed.then(() => {
    if (!stopping) process.exit(1);
  });
  setInterval(() => {
    giveBack.tick(service.lastActivityMs);
    const idle = service.idleSeconds();
    if (idle !== undefined && idle >= service.idleExitSeconds) void stop();
  }, idleCheckMs);
}

// a fault in one call must not take down the job of another; it is in the journal, and the call has been answered with an error
process.on('unhandledRejection', (error) => process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`));

if (process.argv.includes('--help')) process.stdout.write(helperHelp);
else {
  main().catch((error: unknown) => {
    process.stderr.write(`treelined: ${errorLine(TreelineError.report(error))}\n`);
    process.exit(1);
  });
}
