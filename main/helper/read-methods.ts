// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { iface, osPath, stringOption } from '../../shared/dbus/index.ts';
import { comparedDeployment, newestDeployment, type Deployment, type HostState } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { HistoryFile } from '../engine/host/history/index.ts';
import type { DiffOutcome, SysrootState } from '../engine/jobs/index.ts';
import type { Callers } from './callers.ts';
import type { Dispatcher, Handlers } from './dispatcher.ts';
import { bootConfigDict, cachedUpdateDict, rpmDiffRows } from './encode.ts';
import type { JobQueue } from './job-queue.ts';
import type { Objects } from './objects.ts';
import { mainOsname, osnames, type HostFacts, type Properties } from './properties.ts';
import type { Reader } from './reader.ts';

const maxHistory = 1000;

export interface ReadDeps {
  readonly facts: HostFacts;
  readonly reader: Reader;
  readonly properties: Properties;
  readonly objects: Objects;
  readonly callers: Callers;
  readonly jobs: JobQueue;
  readonly history: HistoryFile;
  readonly dispatcher: () => Dispatcher;
  readonly reload: () => Promise<void>;
  readonly reloadConfig: () => Promise<void>;
}

/** Everything that starts no job: looking, registering, reloading. */
export function readHandlers(deps: ReadDeps): Handlers {
  const { reader, properties, objects, callers, jobs, facts } = deps;
  const diff = (from: Deployment, to: Deployment): Promise<DiffOutcome> => {
    const revisions = { from: from.checksum, to: to.checksum };
    return reader.read('db.diff', { sysroot: facts.sysroot, ...revisions, changelogs: true, advisories: true });
  };
  return {
    [iface.properties]: {
      Get: async ({ object, args: [name, property] }) => [await objects.get(object, name, property)],
      GetAll: async ({ object, args: [name] }) => [await objects.getAll(object, name)],
    },
    [iface.introspectable]: { Introspect: async ({ object }) => [await objects.introspect(object)] },
    [iface.peer]: { Ping: () => [], GetMachineId: () => [readFileSync('/etc/machine-id', 'utf8').trim()] },
    [iface.objectManager]: { GetManagedObjects: async () => [await objects.managed()] },
    [iface.sysroot]: {
      RegisterClient: ({ caller, args: [options] }) => {
        callers.register(caller.sender, stringOption(options, 'id'));
        return [];
      },
      UnregisterClient: ({ caller }) => {
        callers.unregister(caller.sender);
        return [];
      },
      Reload: async () => {
        await deps.reload();
        return [];
      },
      ReloadConfig: async () => {
        await deps.reloadConfig();
        return [];
      },
      GetOS: async ({ args: [name] }) => {
        const state = await reader.state();
        const wanted = name || mainOsname(state);
        const known = osnames(state);
        if (wanted === '') throw new TreelineError('sysroot.invalid', { subject: facts.sysroot, detail: 'no stateroot' });
        if (!known.includes(wanted)) throw new TreelineError('stateroot.not-found', { subject: wanted, detail: known.join(', ') });
        return [osPath(wanted)];
      },
    },
    [iface.os]: {
      GetDeploymentsRpmDiff: async ({ object, args: [fromId, toId] }) => {
        const state = await reader.state();
        const [from, to] = diffSides(state, object.osname ?? '', fromId, toId);
        return [rpmDiffRows((await diff(from, to)).packages)];
      },
      GetCachedUpdateRpmDiff: async ({ object }) => {
        const osname = object.osname ?? '';
        const check = await properties.check(osname);
        const details = await properties.details(osname, check);
        if (!details) throw new TreelineError('update.none', {});
        const base = comparedDeployment((await reader.state()).deployments, osname);
        return [rpmDiffRows(details.packages), cachedUpdateDict(osname, check, details, base)];
      },
      GetDeploymentBootConfig: async ({ object, args: [id, isPending] }) => {
        const state = await reader.state();
        const osname = object.osname ?? '';
        const unnamed = isPending ? newestDeployment : comparedDeployment;
        const wanted = id ? byIndexOrId(state, id) : unnamed(state.deployments, osname);
        if (!wanted) throw new TreelineError('deployment.not-found', { subject: id });
        return [bootConfigDict(wanted)];
      },
    },
    [iface.osExperimental]: { Moo: ({ args: [utf8] }) => [utf8 ? '🐄\n' : cow] },
    [iface.treelineSysroot]: {
      Snapshot: async () => [await snapshot(deps)],
      History: ({ args: [limit] }) => [deps.history.newest(Math.min(limit || maxHistory, maxHistory))],
      DiskUse: async () => [await reader.read('sysroot.disk-use', { sysroot: facts.sysroot })],
      LastError: ({ caller }) => [deps.dispatcher().lastReport(caller.sender)],
      Cancel: () => {
        jobs.active?.cancel();
        return [];
      },
    },
    [iface.treelineOs]: {
      UpdateDetails: async ({ object, args: [checksum] }) => {
        const params = { sysroot: facts.sysroot, osname: object.osname ?? '', checksum: checksum || undefined };
        return [await reader.read('update.details', params)];
      },
      CompareDeployments: async ({ args: [fromId, toId] }) => {
        const state = await reader.state();
        const { packages, advisories } = await diff(find(state, fromId), find(state, toId));
        return [{ packages, advisories }];
      },
    },
  };
}

/** For terminals that have no better one. */
const cow = ['', '          ^__^', '    _____ (oo)', '  /|     \\\\(__)', ' * ||---||', '   ~~   ~~', ''].join('\n');

function find(state: SysrootState, id: string): Deployment {
  const found = state.deployments.find((deployment) => deployment.id === id);
  if (!found) throw new TreelineError('deployment.not-found', { subject: id });
  return found;
}

/** rpm-ostree's client names a deployment here by its place in `status`, others by its id. */
function byIndexOrId(state: SysrootState, text: string): Deployment {
  const byIndex = /^\d+$/.test(text) ? state.deployments[Number(text)] : undefined;
  return byIndex ?? find(state, text);
}

/** Empty ids mean what they mean for rpm-ostreed: the booted deployment, and the one that would be started next (else the one before). */
function diffSides(state: SysrootState, osname: string, fromId: string, toId: string): [Deployment, Deployment] {
  const own = state.deployments.filter((deployment) => deployment.osname === osname);
  const base = comparedDeployment(state.deployments, osname);
  const other = own[0] !== base ? own[0] : own.find((deployment) => deployment.rollback);
  const from = fromId ? find(state, fromId) : base;
  const to = toId ? find(state, toId) : other;
  if (!from || !to) throw new TreelineError('deployment.not-found', { subject: toId || fromId || osname });
  return [from, to];
}

async function snapshot({ reader, properties, jobs, facts }: ReadDeps): Promise<HostState> {
  const state = await reader.state();
  const osname = mainOsname(state);
  const active = jobs.active?.job;
  return {
    hostname: hostname(),
    osname,
    prettyName: state.prettyName,
    simulated: facts.simulated,
    deployments: state.deployments,
    check: osname ? await properties.check(osname) : { kind: 'never' },
    finalizeFailure: state.finalizeFailure,
    problem: state.problem,
    automaticUpdatePolicy: facts.policy(),
    updateDriver: facts.driver(),
    job: active && active.endedAt === undefined ? active : undefined,
    pastJobs: jobs.pastJobs,
  };
}
