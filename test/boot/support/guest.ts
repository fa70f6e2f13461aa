// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Machine } from '../machine/machine.ts';

interface GuestDeployment {
  readonly version: string;
  readonly checksum: string;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly origin: string;
}

/** What the running system says about itself, through its own command line, service and bus. */
export async function deployments(machine: Machine): Promise<readonly GuestDeployment[]> {
  const { deployments: list } = JSON.parse(await machine.ok('treeline status --json')) as { deployments: GuestDeployment[] };
  return list;
}

/** One word per deployment, in boot order: `2*` is booted, `3+` staged. */
export async function summary(machine: Machine): Promise<string> {
  return (await deployments(machine)).map((d) => `${d.version}${d.booted ? '*' : ''}${d.staged ? '+' : ''}`).join(' ');
}

export async function kernel(machine: Machine): Promise<string> {
  return (await machine.ok('uname -r')).trim();
}

/** Waits until every job of the start is done: `running`, or what it is instead, with the units that failed. */
export async function systemState(machine: Machine): Promise<string> {
  const state = (await machine.run('systemctl is-system-running --wait')).output.trim();
  const failed = (await machine.ok('systemctl --failed --plain --no-legend')).trim();
  return failed === '' ? state : `${state}: ${failed}`;
}

/** Files that no package knows, and one that packages and the administrator both change. */
export async function leaveTraces(machine: Machine): Promise<void> {
  await machine.ok('echo here > /etc/treeline-test/own.conf');
  await machine.ok("sed -i 's/^first=.*/first=edited here/' /etc/treeline-test/edited.conf");
  await machine.ok('echo precious > /var/lib/kept-file; echo mine > /var/home/kept-file');
  await machine.ok('sync');
}

/** The traces, and the configuration of the packages. */
export async function traces(machine: Machine): Promise<Record<string, string>> {
  const read = async (file: string): Promise<string> => (await machine.run(`cat ${file}`)).output.trim();
  return {
    own: await read('/etc/treeline-test/own.conf'),
    edited: (await read('/etc/treeline-test/edited.conf')).split('\n')[0] ?? '',
    shipped: await read('/etc/treeline-test/shipped.conf'),
    var: await read('/var/lib/kept-file'),
    home: await read('/home/kept-file'),
  };
}
