// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, statfsSync, type StatsFs } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { TreelineError } from '../../shared/errors/index.ts';
import type { KernelArgsChange } from './api.ts';
import { iface, sysrootPath, type Variant } from '../../shared/dbus/index.ts';
import {
  baseOf,
  type CheckState,
  type DiskUse,
  type HostSnapshot,
  type JobState,
  type PackageChange,
  type UpdateDetails,
} from '../../shared/domain/index.ts';
import { decodeAdvisories, decodeCachedUpdate, decodeDeployment, decodeRpmDiff, type Dict } from './decode.ts';
import { repoBytes } from './repo-size.ts';
import type { ServiceLink } from './link.ts';

/** What can be had from an rpm-ostreed that isn't ours: less, and said so, but never wrong. */
export class StockReader {
  private readonly link: ServiceLink;

  constructor(link: ServiceLink) {
    this.link = link;
  }

  async snapshot(pastJobs: readonly JobState[], job: JobState | undefined): Promise<Omit<HostSnapshot, 'service'>> {
    const sysroot = await this.all(sysrootPath, iface.sysroot);
    const path = await this.osObject();
    const os = await this.all(path, iface.os);
    const rollbackId = ((os.RollbackDeployment?.value ?? {}) as Dict).id?.value;
    const deployments = await Promise.all(
      dicts(sysroot.Deployments).map(async (dict, index) => {
        // one without a boot entry of its own has none to tell
        const bootConfig = await this.bootConfig(String(index), false).catch(() => ({}));
        return decodeDeployment(dict, index, dict.id?.value === rollbackId, bootConfig);
      }),
    );
    const osname = typeof os.Name?.value === 'string' ? os.Name.value : '';
    return {
      hostname: hostname(),
      osname,
      prettyName: '',
      simulated: false,
      deployments,
      check: checkOf(os, deployments[0] && baseOf(deployments[0]).checksum),
      automaticUpdatePolicy: String(sysroot.AutomaticUpdatePolicy?.value ?? ''),
      job: job ?? foreignJob(sysroot),
      pastJobs,
    };
  }

  /**
   * The kernel arguments that a change builds on, exactly as the daemon tells them: those of the deployment, else of the one that starts
   * next. Rejects with kargs.changed when they aren't `existing` any more, and when they aren't told: then nothing may be sent.
   */
  async existingKernelArgs({ deploymentId, existing }: Pick<KernelArgsChange, 'deploymentId' | 'existing'>): Promise<string> {
    const index = deploymentId === undefined ? '' : String(await this.indexOf(deploymentId));
    const told = (await this.bootConfig(index, index === '')).options?.value;
    const subject = deploymentId ?? 'the default deployment';
    if (typeof told !== 'string' || told.trim() === '') {
      throw new TreelineError('service.said', { detail: `it didn’t tell the kernel arguments of ${subject}; nothing was changed` });
    }
    if (existing !== undefined && words(existing).join(' ') !== words(told).join(' ')) {
      throw new TreelineError('kargs.changed', { subject, detail: told });
    }
    return told;
  }

  /** Id of the deployment that starts next. */
  async defaultDeployment(): Promise<string> {
    const os = await this.all(await this.osObject(), iface.os);
    const id = ((os.DefaultDeployment?.value ?? {}) as Dict).id?.value;
    return typeof id === 'string' ? id : '';
  }

  private async indexOf(deploymentId: string): Promise<number> {
    const deployments = dicts((await this.all(sysrootPath, iface.sysroot)).Deployments);
    const index = deployments.findIndex((dict) => dict.id?.value === deploymentId);
    if (index < 0) throw new TreelineError('deployment.not-found', { subject: deploymentId });
    return index;
  }

  /** Keys of a boot loader entry. `index`: place in Deployments as text, '' for the booted or (`pending`) the next one. */
  private async bootConfig(index: string, pending: boolean): Promise<Dict> {
    const path = await this.osObject();
    const call = { path, interface: iface.os, member: 'GetDeploymentBootConfig', signature: 'sb', body: [index, pending] };
    return (await this.link.call(call, true))[0] as Dict;
  }

  async osObject(): Promise<string> {
    return (
      await this.link.call(
        { path: sysrootPath, interface: iface.sysroot, member: 'GetOS', signature: 's', body: [this.link.stateroot ?? ''] },
        true,
      )
    )[0] as string;
  }

  async activeAddress(): Promise<string> {
    return String((await this.all(sysrootPath, iface.sysroot)).ActiveTransactionPath?.value ?? '');
  }

  async diff(from: string, to: string): Promise<readonly PackageChange[]> {
    const path = await this.osObject();
    const call = { path, interface: iface.os, member: 'GetDeploymentsRpmDiff', signature: 'ss', body: [from, to] };
    return decodeRpmDiff((await this.link.call(call, true))[0]);
  }

  async updateDetails(): Promise<UpdateDetails> {
    const path = await this.osObject();
    const call = { path, interface: iface.os, member: 'GetCachedUpdateRpmDiff', signature: 's', body: [''] };
    const [rows, dict] = (await this.link.call(call, true)) as [unknown, Dict];
    const cached = ((await this.all(path, iface.os)).CachedUpdate?.value ?? {}) as Dict;
    // what the answer lacks stands in the property, when both are about the same version
    const whole = cached.checksum?.value === dict.checksum?.value ? { ...cached, ...dict } : dict;
    const check = decodeCachedUpdate(whole);
    const update = check.kind === 'available' ? check.update : undefined;
    const advisories = decodeAdvisories(whole);
    return {
      fromChecksum: '',
      fromVersion: '',
      toChecksum: update?.checksum ?? '',
      toVersion: update?.version ?? '',
      toTimeSeconds: update?.timestamp ?? 0,
      packages: decodeRpmDiff(rows),
      advisories: advisories ?? [],
      releases: [],
      signatures: update?.signatures ?? [],
      notTold: ['changelogs', ...(advisories ? [] : (['advisories'] as const)), ...(update?.signatures ? [] : (['signatures'] as const))],
      source: 'rpmdb',
    };
  }

  /** Free space and the repository are the same whoever looks; how much of it each deployment holds only our service counts. */
  async diskUse(): Promise<DiskUse> {
    const told = (await this.all(sysrootPath, iface.sysroot)).Path?.value;
    const sysroot = typeof told === 'string' && path.isAbsolute(told) ? told : '/';
    const first = (...places: string[]): StatsFs => statfsSync(places.find((place) => existsSync(place)) ?? sysroot);
    const [root, boot] = [first(path.join(sysroot, 'sysroot')), first(path.join(sysroot, 'boot'))];
    const bytes = await repoBytes(path.join(sysroot, 'ostree/repo'));
    return {
      ...(bytes === undefined ? {} : { repoBytes: bytes }),
      freeBytes: root.bavail * root.bsize,
      totalBytes: root.blocks * root.bsize,
      bootFreeBytes: boot.bavail * boot.bsize,
      bootTotalBytes: boot.blocks * boot.bsize,
      deployments: [],
    };
  }

  private async all(path: string, name: string): Promise<Dict> {
    return (await this.link.call({ path, interface: iface.properties, member: 'GetAll', signature: 's', body: [name] }, true))[0] as Dict;
  }
}

/** Whatever a daemon sends where a list of dictionaries is expected. */
const dicts = (variant: Variant | undefined): Dict[] => (Array.isArray(variant?.value) ? (variant.value as Dict[]).filter(Boolean) : []);

const words = (line: string): string[] => line.split(/\s+/).filter(Boolean);

/** The cached update of a stock daemon stays after it was staged: then it isn't available any more. */
function checkOf(os: Dict, defaultChecksum: string | undefined): CheckState {
  const check = decodeCachedUpdate((os.CachedUpdate?.value ?? {}) as Dict);
  if (check.kind === 'available' && check.update.checksum === defaultChecksum) return { kind: 'never' };
  return check;
}

function foreignJob(sysroot: Readonly<Record<string, Variant | undefined>>): JobState | undefined {
  const address = String(sysroot.ActiveTransactionPath?.value ?? '');
  if (!address) return undefined;
  const [method, owner] = (sysroot.ActiveTransaction?.value ?? ['', '', '']) as [string, string, string];
  return { id: address, title: method, method, owner, startedAt: 0, phase: 'running', messages: [] };
}
