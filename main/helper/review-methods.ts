// SPDX-License-Identifier: LGPL-2.1-or-later
import { boolOption, hasOption, iface, stringOption, type treelineSysrootInterface } from '../../shared/dbus/index.ts';
import { plainRefspec, comparedDeployment, newestDeployment, type CheckState, type UpdateDetails } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { JobName, JobParams, JobResult } from '../engine/jobs/index.ts';
import type { Call, Handlers } from './dispatcher.ts';
import { cachedUpdateDict, rpmDiffRows } from './encode.ts';
import type { Launch, PlanOf } from './job-plan.ts';
import type { JobResults } from './job-results.ts';
import { checkedMedium, mediaPlaces } from './media.ts';
import type { Reader } from './reader.ts';
import { requireSameKeys } from './same-keys.ts';

export interface ReviewDeps {
  readonly sysroot: string;
  readonly reader: Reader;
  readonly launch: Launch;
  readonly results: JobResults;
  /** Configured folders for media. */
  readonly mediaDirectories: () => readonly string[];
}

/** Looking at an update before it is taken, remotes and media. Jobs that fetch go through the queue: there is one place for what was fetched. */
export function reviewHandlers(deps: ReviewDeps): Handlers {
  const { sysroot, reader, launch, results } = deps;
  const os = (call: Call): { sysroot: string; osname: string } => ({ sysroot, osname: call.object.osname ?? '' });
  /** Files of /etc and media change without a trace in the sysroot, so these answers aren't kept. */
  const answer =
    <Args extends readonly unknown[], N extends JobName>(job: N, params: (call: Call<Args>) => JobParams<N> | Promise<JobParams<N>>) =>
    async (call: Call<Args>): Promise<readonly [JobResult<N>]> => [await reader.fresh(job, await params(call))];
  const start = starter(launch);
  const onlyRoot = (call: Call): { includePrivate?: true } => (call.caller.uid === 0 ? { includePrivate: true } : {});
  const preview = (kind: 'rebase' | 'deploy', at: 'refspec' | 'revision') =>
    start<readonly [string, ...unknown[]], 'update.preview'>('update.preview', (call) => {
      const source = plainRefspec(call.args[0]);
      return {
        params: { ...os(call), [at]: source },
        title: `preview of ${kind} ${source}`,
        looks: true,
        previewKey: `${call.object.osname} ${kind} ${source}`,
      };
    });
  const cached = (kind: 'rebase' | 'deploy') => async (call: Call<readonly [string, ...unknown[]]>) => {
    const source = plainRefspec(call.args[0]);
    const osname = call.object.osname ?? '';
    const details = results.preview(`${osname} ${kind} ${source}`);
    if (!details) throw new TreelineError('update.none', { subject: source });
    const { deployments } = await reader.state();
    const base = comparedDeployment(deployments, osname);
    const refspec = kind === 'rebase' ? source : (newestDeployment(deployments, osname)?.origin.refspec ?? '');
    return [rpmDiffRows(details.packages), cachedUpdateDict(osname, asCheck(details, refspec), details, base)] as const;
  };
  return {
    [iface.os]: {
      DownloadRebaseRpmDiff: preview('rebase', 'refspec'),
      DownloadDeployRpmDiff: preview('deploy', 'revision'),
      GetCachedRebaseRpmDiff: cached('rebase'),
      GetCachedDeployRpmDiff: cached('deploy'),
    },
    [iface.treelineOs]: {
      ReviewSummary: answer('review.summary', (call) => ({ ...os(call), checksum: call.args[0] || undefined })),
      EtcPreview: answer('review.etc', (call) => ({
        ...os(call),
        checksum: call.args[0] || undefined,
        hideClosed: call.caller.uid !== 0,
      })),
      EtcFile: answer('review.etc-file', (call) => ({
        ...os(call),
        checksum: call.args[0] || undefined,
        path: call.args[1],
        ...onlyRoot(call),
      })),
      EtcDrift: answer('review.etc-drift', (call) => ({ ...os(call), hideClosed: call.caller.uid !== 0 })),
      EtcOwnFile: answer('review.etc-own-file', (call) => ({ ...os(call), path: call.args[0], ...onlyRoot(call) })),
      RestoreEtc: start('review.restore-etc', (call) => ({
        params: { ...os(call), path: call.args[0] },
        title: `restore /etc/${call.args[0]}`,
        action: 'restore-etc',
        subject: `/etc/${call.args[0]}`,
        options: call.args[1],
      })),
      FetchReview: start('review.fetch', (call) => ({
        params: { ...os(call), checksum: call.args[0] || undefined },
        title: 'fetch for review',
        looks: true,
        options: call.args[1],
      })),
      TreeDiff: answer('review.tree', ({ args: [from, to, prefix, limit] }) => ({
        sysroot,
        from,
        to,
        prefix: prefix || undefined,
        limit: Math.min(limit, mostChanges),
      })),
      TreeFile: answer('review.file', (call) => {
        const [from, to, path] = call.args;
        return { sysroot, from, to, path, ...onlyRoot(call) };
      }),
      Preview: start('update.preview', async (call) => {
        const [target, options] = call.args;
        const medium = stringOption(target, 'medium');
        const refspec = plainRefspec(stringOption(target, 'refspec')) || undefined;
        const revision = stringOption(target, 'revision') || undefined;
        const params = {
          ...os(call),
          refspec,
          revision,
          fetchRpmdb: boolOption(target, 'fetch-rpmdb'),
          ...(medium ? { medium: await checkedMedium(medium, deps.mediaDirectories()) } : {}),
        };
        return {
          params,
          title: `preview of ${[refspec, revision, medium].filter(Boolean).join(' ') || 'the update'}`,
          options,
          looks: true,
        };
      }),
      RemoteRefs: start('remote.refs', (call) => ({
        params: { ...os(call), name: call.args[0] },
        title: `branches of ${call.args[0]}`,
        looks: true,
        options: call.args[1],
      })),
      RemoteVersions: start('remote.versions', (call) => ({
        params: { ...os(call), refspec: plainRefspec(call.args[0]), limit: Math.min(call.args[1], mostVersions) },
        title: `versions of ${call.args[0]}`,
        looks: true,
        options: call.args[2],
      })),
      Media: answer('media.scan', async (call) => ({ ...os(call), paths: await mediaPlaces(deps.mediaDirectories()) })),
    },
    [iface.treelineSysroot]: {
      Remotes: answer('remote.list', () => ({ sysroot })),
      InspectKey: answer('remote.inspect-key', ({ args: [key] }) => ({ key })),
      JobResult: ({ args: [id], caller }) => {
        const result = results.of(id, caller);
        return [result === undefined ? '' : JSON.stringify(result)];
      },
      ...remoteChanges(deps),
    },
  };
}

const mostChanges = 200_000;
const mostVersions = 1000;

type Rest<N extends JobName> = Omit<PlanOf<N>, 'job' | 'keepResult'>;

/** Starts a job whose answer is kept for JobResult. */
const starter =
  (launch: Launch) =>
  <Args extends readonly unknown[], N extends JobName>(job: N, make: (call: Call<Args>) => Rest<N> | Promise<Rest<N>>) =>
  async (call: Call<Args>): Promise<readonly [string]> => {
    const plan: PlanOf<N> = { job, keepResult: true, ...(await make(call)) };
    return [await launch(call, plan)];
  };

function remoteChanges({ sysroot, reader, launch }: ReviewDeps): NonNullable<Handlers[(typeof treelineSysrootInterface)['name']]> {
  const start = starter(launch);
  return {
    AddRemote: start('remote.add', ({ args: [name, url, options] }) => ({
      params: {
        sysroot,
        name,
        url,
        gpgVerify: !hasOption(options, 'gpg-verify') || boolOption(options, 'gpg-verify'),
      },
      title: `remote add ${name}`,
      action: 'remote',
      subject: name,
      told: 'remotes',
      options,
    })),
    EditRemote: start('remote.edit', ({ args: [name, change, options] }) => ({
      params: {
        sysroot,
        name,
        ...(stringOption(change, 'url') ? { url: stringOption(change, 'url') } : {}),
        ...(hasOption(change, 'gpg-verify') ? { gpgVerify: boolOption(change, 'gpg-verify') } : {}),
      },
      title: `remote edit ${name}`,
      action: 'remote',
      subject: name,
      told: 'remotes',
      options,
    })),
    RemoveRemote: start('remote.remove', ({ args: [name, options] }) => ({
      params: { sysroot, name, force: boolOption(options, 'force') },
      title: `remote remove ${name}`,
      action: 'remote',
      subject: name,
      told: 'remotes',
      options,
    })),
    ImportKey: start('remote.import-key', async ({ args: [remote, key, fingerprints, options] }) => {
      requireSameKeys(fingerprints, await reader.fresh('remote.inspect-key', { key }));
      return {
        params: { sysroot, name: remote, key },
        title: `trust a key for ${remote}`,
        action: 'trust-key',
        subject: `${remote}: ${fingerprints.join(', ')}`,
        told: 'remotes',
        options,
      };
    }),
  };
}

/** A preview in the words of a check, for rpm-ostree's dictionary. */
function asCheck(details: UpdateDetails, refspec: string): CheckState {
  const count = (kind: string): number => details.packages.filter((each) => each.kind === kind).length;
  const update = {
    checksum: details.toChecksum,
    version: details.toVersion,
    timestamp: details.toTimeSeconds,
    refspec,
    counts: { upgraded: count('upgraded'), downgraded: count('downgraded'), added: count('added'), removed: count('removed') },
    security: { count: 0, worst: 'none' as const },
    sizes: details.sizes,
    signatures: details.signatures,
    rolledBackFrom: false,
  };
  return { kind: 'available', checkedAt: 0, update };
}
