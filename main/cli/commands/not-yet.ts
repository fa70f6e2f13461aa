// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { TreelineError } from '../../../shared/errors/index.ts';
import { gather } from '../session/option-flags.ts';
import { action } from '../session/session.ts';

/** A command of rpm-ostree that this version can't carry out: taken with all of its options, then refused by name. */
interface NotYet {
  /** Name and arguments as commander writes them. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly about: string;
  /** `*` behind an option: it may be repeated. */
  readonly options?: readonly string[];
  /** Not in the help, as in rpm-ostree's. */
  readonly hidden?: boolean;
  readonly commands?: readonly NotYet[];
  /** It isn't going to be there: why, and what to do instead. */
  readonly leftOut?: readonly [why: string, instead: string];
}

const commands: readonly NotYet[] = [
  {
    name: 'countme',
    about: 'Count this machine at package repositories',
    hidden: true,
    leftOut: [
      'it counts no machines: repositories are asked for nothing but what is fetched',
      'Disable rpm-ostree-countme.timer where it is enabled.',
    ],
  },
  {
    name: 'cliwrap [words...]',
    about: 'Wrappers of other programs',
    hidden: true,
    leftOut: ['wrappers come with the tree, nothing puts them into a running system', 'Set `cliwrap` in the treefile of the system.'],
  },
  {
    name: 'kernel-install [words...]',
    about: 'Called when a kernel package is installed',
    hidden: true,
    leftOut: [
      'a kernel comes with its tree, no script of a package installs one',
      'To make the initramfs on this machine use `treeline initramfs --enable`.',
    ],
  },
  {
    name: 'scriptlet-intercept [words...]',
    about: 'Called by package scripts',
    hidden: true,
    leftOut: ['package scripts run in a sandbox in which nothing needs to be intercepted', 'Nothing needs doing.'],
  },
];

const experimental: readonly NotYet[] = [
  {
    name: 'deploy-from-self <target>',
    about: 'Deploy the running container',
    options: ['--reboot'],
    leftOut: [
      'a system isn’t replaced from the inside of a container',
      'Publish its tree in a repository, and run `treeline rebase` on the system.',
    ],
  },
  { name: 'rebuild', about: 'Make the deployment anew from its origin', options: ['-r, --reboot'] },
];

export function registerNotYet(program: Command): void {
  for (const command of commands) add(program, command);
}

export function registerExperimental(program: Command): Command {
  const ex = program.command('ex', { hidden: true }).description('Experimental commands');
  for (const command of experimental) add(ex, command);
  return ex;
}

const unsupported = 'not supported yet';

function add(parent: Command, { name, aliases = [], about, options = [], hidden = false, commands: nested = [], leftOut }: NotYet): void {
  const command = parent
    .command(name, { hidden })
    .description(nested.length > 0 ? about : `${about} (${leftOut ? 'left out' : 'not yet'})`)
    .aliases(aliases);
  for (const option of options) {
    if (option.endsWith('*')) command.option(option.slice(0, -1), unsupported, gather, []);
    else command.option(option, unsupported);
  }
  for (const each of nested) add(command, each);
  if (nested.length > 0) return;
  command.action(
    action(async () => {
      const subject = `“${pathOf(command)}”`;
      if (leftOut) throw new TreelineError('command.left-out', { subject, detail: leftOut[0], facts: { instead: leftOut[1] } });
      throw new TreelineError('not-supported', { subject });
    }),
  );
}

function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
