// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { addHistory, registerDeployments } from './commands/deployments.ts';
import { registerKargs } from './commands/kargs.ts';
import { registerInitramfs, registerInitramfsEtc } from './commands/initramfs.ts';
import { registerLive } from './commands/live.ts';
import { registerMedia } from './commands/media.ts';
import { registerPackageRepos } from './commands/package-repos.ts';
import { registerRemote } from './commands/remote.ts';
import { registerRestart } from './commands/restart.ts';
import { registerPulling } from './commands/upgrade.ts';
import { registerExperimental, registerLeftOut } from './commands/left-out.ts';
import { registerPackages } from './commands/packages.ts';
import { registerSystem } from './commands/system.ts';
import { registerDiff } from './diff.ts';
import { registerStatus } from './commands/status.ts';

/** Commands that ask the service. */
export function registerServiceCommands(program: Command): void {
  registerStatus(program);
  registerPulling(program);
  registerDiff(program);
  registerDeployments(program);
  registerKargs(program);
  registerInitramfs(program);
  registerInitramfsEtc(program);
  registerRestart(program);
  registerRemote(program);
  registerPackageRepos(program);
  registerMedia(program);
  registerSystem(program);
  registerPackages(program);
  registerLive(program);
  registerLeftOut(program);
  const experimental = registerExperimental(program);
  registerInitramfsEtc(experimental);
  registerLive(experimental).alias('livefs');
  addHistory(experimental);
}
