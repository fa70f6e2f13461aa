// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import type { PackageChange } from '../../../../shared/domain/index.ts';
import { TreeReader } from '../../base/commits/tree-reader.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { LivePort } from '../../base/ports/live.ts';
import { writeLiveState } from '../sysroot/live-state.ts';
import { few, planLive, type LiveContext, type LivePlan } from './plan.ts';
import type { LiveOutcome, LiveParams } from './params.ts';
import { writeLive } from './write.ts';

export interface ApplyContext extends LiveContext {
  readonly live: LivePort;
}

/** `open` gives a context for as long as it runs what it is given, with the sysroot's lock where that is wanted. */
export type OpenLive = <T>(lock: boolean, run: (context: ApplyContext) => T) => T;

/**
 * Job sysroot.apply-live. The plan is made twice: laying something over /usr takes the lock, and somebody else may have been faster. Throws what planLive() throws,
 * `live.overlay`, `package.unusable-file`, `disk.full`; what is interrupted, or fails, is told by the deployment, and is finished or taken back by doing it again.
 */
export function applyLive(open: OpenLive, params: LiveParams): LiveOutcome {
  const first = open(false, (context) => {
    const plan = planLive(context, params);
    tell(context.context, plan.outcome);
    if (plan.outcome.changed && !params.dryRun) {
      if (plan.booted.unlocked === 'none') context.live.unlock();
      context.live.makeWritable();
    }
    return plan.outcome;
  });
  if (!first.changed || params.dryRun) return { ...first, changed: false };
  return open(true, (context) => {
    const plan = planLive(context, params);
    change(context, plan);
    return plan.outcome;
  });
}

function change(context: ApplyContext, { booted, state, target, reset, steps, etc }: LivePlan): void {
  const { sysroot, live, objects } = context;
  const ours = [...new Set([...(state?.etc ?? []), ...etc.put.keys()])];
  writeLiveState(sysroot, booted, { ...state, inProgress: state?.inProgress ?? target, etc: ours });
  const reader = new TreeReader(sysroot.repo, sysroot.repo, objects);
  context.context.task('Changing the running system', () => writeLive({ root: '/', reader, live, target, steps, etc }));
  settle(context, steps, [...etc.put.keys()]);
  const kept = ours.filter((name) => !etc.remove.includes(name));
  writeLiveState(sysroot, booted, reset ? undefined : { commit: target, etc: kept });
}

/** What the machine does with new files at its start. A failure of these changes nothing about what is there, and is told. */
function settle({ context, live }: ApplyContext, steps: LivePlan['steps'], etc: readonly string[]): void {
  const touches = (place: string): boolean => steps.some(({ path }) => path.startsWith(place) || place.startsWith(`${path}/`));
  const programs: (readonly [string, ...string[]])[] = [];
  // labels of files below /usr/etc are those of /usr
  if (etc.length > 0 && existsSync('/sys/fs/selinux/enforce')) programs.push(['restorecon', '-F', ...etc.map((name) => `/etc/${name}`)]);
  if (touches('usr/lib/sysusers.d/')) programs.push(['systemd-sysusers']);
  if (touches('usr/lib/tmpfiles.d/')) programs.push(['systemd-tmpfiles', '--create', '--prefix=/run', '--prefix=/var']);
  if (touches('usr/lib/systemd/system/')) programs.push(['systemctl', 'daemon-reload']);
  for (const [program, ...args] of programs) {
    const said = context.task(`Running ${program}`, () => live.runOnMachine(program, args));
    if (said !== undefined) context.message(`${program} failed: ${said}`);
  }
}

function tell(context: JobContext, { changed, packages = [], files, etc, afterRestart, checksum }: LiveOutcome): void {
  if (!changed) context.message('The running system has all of it already');
  for (const [kind, words] of Object.entries(kinds)) {
    const named = packages.filter((each) => each.kind === kind).map(packageText);
    if (named.length > 0) context.message(`${words}: ${named.join(', ')}`);
  }
  if (changed)
    context.message(`Files of ${checksum.slice(0, 12)}: ${files.added} added, ${files.changed} changed, ${files.removed} removed`);
  if (etc.length > 0) context.message(`New in /etc: ${few(etc, 10)}`);
  if (afterRestart.length > 0) context.message(`Only after a restart: ${few(afterRestart, 10)}`);
}

const kinds = { added: 'Added', upgraded: 'Upgraded', downgraded: 'Downgraded', removed: 'Removed' } as const;

function packageText({ name, from, to }: PackageChange): string {
  const [first, second] = [from, to].map((each) => each && `${each.version}-${each.release}`);
  return first && second ? `${name} ${first} -> ${second}` : `${name}-${first ?? second ?? ''}`;
}
