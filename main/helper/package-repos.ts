// SPDX-License-Identifier: LGPL-2.1-or-later
import { boolOption, iface, Variant } from '../../shared/dbus/index.ts';
import { deployedPackages, formatEvr, formatNevra, type Deployment, type FoundPackage } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import {
  enabledRepos,
  keyAddresses,
  packageReposPlace,
  summarizePackageRepos,
  type PackageReposPlace,
  type RepoSummary,
} from '../engine/host/package-repos/index.ts';
import type { JobParams, JobResult } from '../engine/jobs/index.ts';
import type { Call, Handlers } from './dispatcher.ts';
import type { Dict } from './encode.ts';
import type { Launch } from './job-plan.ts';
import type { Reader } from './reader.ts';
import { requireSameKeys } from './same-keys.ts';

export interface PackageRepoDeps {
  readonly sysroot: string;
  readonly reader: Reader;
  readonly launch: Launch;
}

/**
 * A system's package repositories. Their files are read here, which needs no library; what servers sent is read by workers, behind walls and out of what a refresh
 * has fetched, so that whoever may look sets off no download.
 */
export function packageRepoHandlers({ sysroot, reader, launch }: PackageRepoDeps): Handlers {
  const place = async (call: Call): Promise<PackageReposPlace> =>
    packageReposPlace(sysroot, call.object.osname ?? '', (await reader.state()).deployments);
  const enabled = async (call: Call): Promise<Omit<JobParams<'packages.find'>, 'query'>> => enabledRepos(await place(call));
  const found = async (call: Call<readonly [readonly string[]]>, kind: Kind): Promise<JobResult<'packages.find'>> => {
    const repos = await enabled(call);
    const [words] = call.args;
    // without a repository nothing provides anything
    if (repos.repos.length + repos.problems.length === 0 || words.length === 0) return { packages: [], unknown: [] };
    return reader.fresh('packages.find', { ...repos, query: { kind, words } });
  };
  const find =
    (kind: Kind) =>
    async (call: Call<readonly [readonly string[]]>): Promise<readonly [readonly Dict[]]> => [
      (await found(call, kind)).packages.map(packageDict),
    ];
  return {
    [iface.os]: {
      ListRepos: async (call) => [summarizePackageRepos(await place(call)).map(repoDict)],
      WhatProvides: find('provides'),
      GetPackages: find('names'),
      Search: find('search'),
      RefreshMd: async (call) => {
        const [options] = call.args;
        const force = boolOption(options, 'force');
        const params = { ...(await enabled(call)), force, skipUnavailable: boolOption(options, 'skip-unavailable') };
        return [
          await launch(call, { job: 'packages.refresh', params, title: force ? 'refresh-md (force)' : 'refresh-md', looks: true, options }),
        ];
      },
      ModifyYumRepo: async (call) => {
        const [id, settings] = call.args;
        const { root } = await place(call);
        const plan = { title: 'modify-yum-repo', action: 'package-repo', subject: `${id}: ${settingsText(settings)}` } as const;
        return [await launch(call, { job: 'packages.modify-repo', params: { root, id, settings }, ...plan, told: 'package-repos' })];
      },
    },
    [iface.treelineOs]: {
      DeploymentPackages: async ({ args: [id] }) => {
        const deployment = await deployed(reader, id);
        const revisions = [deployment.checksum, ...(deployment.layer ? [deployment.layer.base.checksum] : [])];
        const [tree, base] = await reader.read('db.list', { sysroot, revisions, patterns: [], details: true });
        const packages = tree?.packages ?? [];
        return [deployedPackages(deployment, packages, base?.packages ?? packages)];
      },
      PackageInfo: async ({ args: [id, nevra] }) => {
        const { checksum } = await deployed(reader, id);
        return [(await reader.read('db.package', { sysroot, checksum, nevra })).found];
      },
      FindPackages: async (call) => [await found(call, 'search')],
      PackageVersions: async (call) => [await found({ ...call, args: [[call.args[0]]] }, 'versions')],
      PackageRepos: async (call) => [await reader.fresh('packages.repos', await place(call))],
      OfferedKeys: async (call) => {
        const [id, options] = call.args;
        const params = { id, addresses: keyAddresses(await place(call), id) };
        return [
          await launch(call, { job: 'packages.offered-keys', params, title: `keys of ${id}`, looks: true, keepResult: true, options }),
        ];
      },
      ImportPackageKey: async (call) => {
        const [id, key, fingerprints, options] = call.args;
        requireSameKeys(fingerprints, await reader.fresh('remote.inspect-key', { key }));
        const { root } = await place(call);
        // only for a repository that there is
        keyAddresses({ root }, id);
        const plan = { title: `trust a key for ${id}`, action: 'trust-key', subject: `${id}: ${fingerprints.join(', ')}` } as const;
        const params = { root, id, key };
        return [await launch(call, { job: 'packages.import-key', params, ...plan, told: 'package-repos', keepResult: true, options })];
      },
    },
  };
}

type Kind = JobParams<'packages.find'>['query']['kind'];

async function deployed(reader: Reader, id: string): Promise<Deployment> {
  const wanted = (await reader.state()).deployments.find((deployment) => deployment.id === id);
  if (!wanted) throw new TreelineError('deployment.not-found', { subject: id });
  return wanted;
}

const settingsText = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');

function repoDict({ id, name, enabled }: RepoSummary): Dict {
  return {
    id: new Variant('s', id),
    description: new Variant('s', name),
    'is-devel': new Variant('b', /-(debug|debuginfo|development)$/.test(id)),
    'is-source': new Variant('b', /-source$/.test(id)),
    'is-enabled': new Variant('b', enabled),
  };
}

function packageDict(found: FoundPackage): Dict {
  const { name, epoch, version, arch, repo, summary, key } = found;
  return {
    ...(key === undefined ? {} : { key: new Variant('s', key) }),
    epoch: new Variant('t', BigInt(epoch)),
    reponame: new Variant('s', repo),
    nevra: new Variant('s', formatNevra(found)),
    name: new Variant('s', name),
    version: new Variant('s', version),
    evr: new Variant('s', formatEvr(found)),
    arch: new Variant('s', arch),
    summary: new Variant('s', summary),
  };
}
