// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { TreelineError } from '../../../shared/errors/index.ts';
import { action } from '../session/session.ts';

/** A command of rpm-ostree that isn't going to be there: taken with all of its options, then refused by name, with the reason and what to do instead. */
interface LeftOut {
  /** Name and arguments as commander writes them. */
  readonly name: string;
  readonly about: string;
  readonly options?: readonly string[];
  /** Not in the help, as in rpm-ostree's. */
  readonly hidden?: boolean;
  readonly why: string;
  readonly instead: string;
}

const commands: readonly LeftOut[] = [
  {
    name: 'countme',
    about: 'Count this machine at package repositories',
    hidden: true,
    why: 'it counts no machines: repositories are asked for nothing but what is fetched',
    instead: 'Disable rpm-ostree-countme.timer where it is enabled.',
  },
  {
    name: 'cliwrap [words...]',
    about: 'Wrappers of other programs',
    hidden: true,
    why: 'wrappers come with the tree, nothing puts them into a running system',
    instead: 'Set `cliwrap` in the treefile of the system.',
  },
  {
    name: 'kernel-install [words...]',
    about: 'Called when a kernel package is installed',
    hidden: true,
    why: 'a kernel comes with its tree, no script of a package installs one',
    instead: 'To make the initramfs on this machine use `treeline initramfs --enable`.',
  },
  {
    name: 'scriptlet-intercept [words...]',
    about: 'Called by package scripts',
    hidden: true,
    why: 'package scripts run in a sandbox in which nothing needs to be intercepted',
    instead: 'Nothing needs doing.',
  },
];

const experimental: readonly LeftOut[] = [
  {
    name: 'deploy-from-self <target>',
    about: 'Deploy the running container',
    options: ['--reboot'],
    why: 'a system isn’t replaced from the inside of a container',
    instead: 'Publish its tree in a repository, and run `treeline rebase` on the system.',
  },
  {
    name: 'rebuild',
    about: 'Apply the treefiles of /etc/rpm-ostree/origin.d to the running container',
    options: ['-r, --reboot'],
    why: 'what a system is made of stands in its origin, not in files beside it',
    instead:
      'Change the origin with `treeline install`, `treeline override` and `treeline kargs`, or compose an image with those packages.',
  },
];

export function registerLeftOut(program: Command): void {
  for (const command of commands) add(program, command);
}

export function registerExperimental(program: Command): Command {
  const ex = program.command('ex', { hidden: true }).description('Experimental commands');
  for (const command of experimental) add(ex, command);
  return ex;
}

function add(parent: Command, { name, about, options = [], hidden = false, why, instead }: LeftOut): void {
  const command = parent.command(name, { hidden }).description(`${about} (left out)`);
  for (const option of options) command.option(option, 'left out');
  command.action(
    action(async () => {
      throw new TreelineError('command.left-out', { subject: `“${pathOf(command)}”`, detail: why, facts: { instead } });
    }),
  );
}

function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
