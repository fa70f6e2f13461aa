// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, statfsSync, type StatsFs } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { TreelineError } from '../../shared/errors/index.ts';
import type { KernelArgsChange } from './api.ts';
import { osInterface, sysrootInterface, sysrootPath, type Options } from '../../shared/dbus/index.ts';
import {
  baseOf,
  type CheckState,
  type DiskUse,
  type HostSnapshot,
  type JobState,
  type PackageChange,
  type UpdateDetails,
} from '../../shared/domain/index.ts';
import { callRow, propertiesOf, valueIn, type Properties } from './ask.ts';
import { decodeAdvisories, decodeCachedUpdate, decodeDeployment, decodeRpmDiff, type Dict } from './decode.ts';
import { repoBytes } from './repo-size.ts';
import type { ServiceLink } from './link.ts';

type Sysroot = (typeof sysrootInterface)['properties'];
type Os = (typeof osInterface)['properties'];

/** What can be had from an rpm-ostreed that isn't ours: less, and said so, but never wrong. */
export class StockReader {
  private readonly link: ServiceLink;

  constructor(link: ServiceLink) {
    this.link = link;
  }

  async snapshot(pastJobs: readonly JobState[], job: JobState | undefined): Promise<Omit<HostSnapshot, 'service'>> {
    const sysroot = await this.sysroot();
    const os = await this.os();
    const rollbackId = idOf(os.RollbackDeployment);
    const deployments = await Promise.all(
      (sysroot.Deployments ?? []).map(async (dict, index) => {
        // one without a boot entry of its own has none to tell
        const bootConfig = await this.bootConfig(String(index), false).catch(() => ({}));
        return decodeDeployment(dict, index, idOf(dict) === rollbackId, bootConfig);
      }),
    );
    return {
      hostname: hostname(),
      osname: os.Name ?? '',
      prettyName: '',
      simulated: false,
      deployments,
      check: checkOf(os, deployments[0] && baseOf(deployments[0]).checksum),
      automaticUpdatePolicy: sysroot.AutomaticUpdatePolicy ?? '',
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
    const told = valueIn((await this.bootConfig(index, index === '')).options, 's');
    const subject = deploymentId ?? 'the default deployment';
    if (told === undefined || told.trim() === '') {
      throw new TreelineError('service.said', { detail: `it didn’t tell the kernel arguments of ${subject}; nothing was changed` });
    }
    if (existing !== undefined && words(existing).join(' ') !== words(told).join(' ')) {
      throw new TreelineError('kargs.changed', { subject, detail: told });
    }
    return told;
  }

  /** Id of the deployment that starts next. */
  async defaultDeployment(): Promise<string> {
    return idOf((await this.os()).DefaultDeployment) ?? '';
  }

  private async indexOf(deploymentId: string): Promise<number> {
    const index = ((await this.sysroot()).Deployments ?? []).findIndex((dict) => idOf(dict) === deploymentId);
    if (index < 0) throw new TreelineError('deployment.not-found', { subject: deploymentId });
    return index;
  }

  /** Keys of a boot loader entry. `index`: place in Deployments as text, '' for the booted or (`pending`) the next one. */
  private async bootConfig(index: string, pending: boolean): Promise<Dict> {
    return (await callRow(this.link, await this.osObject(), osInterface, 'GetDeploymentBootConfig', [index, pending], true))[0];
  }

  async osObject(): Promise<string> {
    return (await callRow(this.link, sysrootPath, sysrootInterface, 'GetOS', [this.link.stateroot ?? ''], true))[0];
  }

  async activeAddress(): Promise<string> {
    return (await this.sysroot()).ActiveTransactionPath ?? '';
  }

  async diff(from: string, to: string): Promise<readonly PackageChange[]> {
    const [rows] = await callRow(this.link, await this.osObject(), osInterface, 'GetDeploymentsRpmDiff', [from, to], true);
    return decodeRpmDiff(rows);
  }

  async updateDetails(): Promise<UpdateDetails> {
    const [rows, dict] = await callRow(this.link, await this.osObject(), osInterface, 'GetCachedUpdateRpmDiff', [''], true);
    const cached: Dict = (await this.os()).CachedUpdate ?? {};
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
    const told = (await this.sysroot()).Path;
    const sysroot = told !== undefined && path.isAbsolute(told) ? told : '/';
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

  private sysroot(): Promise<Properties<Sysroot>> {
    return propertiesOf<Sysroot>(this.link, sysrootPath, sysrootInterface);
  }

  private async os(): Promise<Properties<Os>> {
    return propertiesOf<Os>(this.link, await this.osObject(), osInterface);
  }
}

const idOf = (deployment: Options | undefined): string | undefined => valueIn(deployment?.id, 's');

const words = (line: string): string[] => line.split(/\s+/).filter(Boolean);

/** The cached update of a stock daemon stays after it was staged: then it isn't available any more. */
function checkOf(os: Properties<Os>, defaultChecksum: string | undefined): CheckState {
  const check = decodeCachedUpdate(os.CachedUpdate ?? {});
  if (check.kind === 'available' && check.update.checksum === defaultChecksum) return { kind: 'never' };
  return check;
}

function foreignJob(sysroot: Properties<Sysroot>): JobState | undefined {
  const address = sysroot.ActiveTransactionPath ?? '';
  if (!address) return undefined;
  const [method, owner] = sysroot.ActiveTransaction ?? ['', ''];
  return { id: address, title: method, method, owner, startedAt: 0, phase: 'running', messages: [] };
}
