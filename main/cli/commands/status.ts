// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { TreelineError } from '../../../shared/errors/index.ts';
import { jsonPath } from '../output/json-path.ts';
import { action, exitUnchanged, type Session } from '../session/session.ts';
import { pendingUpdate, statusJson } from '../output/status-json.ts';
import { statusLines } from '../output/status.ts';

interface StatusOptions {
  readonly verbose?: boolean;
  readonly advisories?: boolean;
  readonly json?: boolean;
  readonly jsonpath?: string;
  readonly booted?: boolean;
  readonly pendingExit77?: boolean;
}

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('Show the deployments of the system')
    .option('-v, --verbose', 'more fields, and the packages of an update')
    .option('-a, --advisories', 'list the advisories of an update')
    .option('--json', 'print JSON')
    .option('-J, --jsonpath <expression>', 'print the JSON values at a path, e.g. $.deployments[0].version')
    .option('-b, --booted', 'only the booted deployment')
    .option('--pending-exit-77', 'exit with 77 when a pending deployment exists')
    .action(action((session: Session, options: StatusOptions) => status(session, options)));
}

async function status(session: Session, options: StatusOptions): Promise<number> {
  const snapshot = await session.client.snapshot();
  const { kind, detail } = snapshot.service;
  if (kind === 'untrusted') throw new TreelineError('service.untrusted', { detail });
  if (kind === 'absent' || kind === 'restarting') throw new TreelineError('service.unreachable', { detail });
  const deployments = options.booted ? snapshot.deployments.filter((deployment) => deployment.booted) : snapshot.deployments;
  const json = options.json || options.jsonpath !== undefined;
  const wantsDetails = pendingUpdate(snapshot.check) !== undefined && (json || options.verbose || options.advisories);
  // an update whose packages can't be listed is still an update
  const details = wantsDetails ? await session.client.updateDetails().catch(() => undefined) : undefined;
  if (json) {
    const document = statusJson(snapshot, details, deployments);
    session.printJson(options.jsonpath === undefined ? document : jsonPath(document, options.jsonpath));
  } else {
    const view = { verbose: options.verbose ?? false, advisories: options.advisories ?? false, deployments };
    for (const line of statusLines(snapshot, details, view)) session.print(line);
  }
  const pending =
    snapshot.deployments[0] !== undefined && !snapshot.deployments[0].booted && snapshot.deployments.some((each) => each.booted);
  return options.pendingExit77 && pending ? exitUnchanged : 0;
}
