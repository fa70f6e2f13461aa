// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  iface,
  osInterface,
  osPath,
  propertyDict,
  sysrootInterface,
  sysrootPath,
  treelineOsInterface,
  treelineSysrootInterface,
  type Connection,
  type Variant,
} from '../../shared/dbus/index.ts';
import {
  comparedDeployment,
  newestDeployment,
  treelineVersion,
  type CheckState,
  type Deployment,
  type ScheduledRestart,
  type UpdateDetails,
} from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { SysrootState } from '../engine/jobs/index.ts';
import { cachedUpdateDict, deploymentDict, type Dict } from './encode.ts';
import type { JobQueue } from './job-queue.ts';
import type { Reader } from './reader.ts';

export interface HostFacts {
  readonly sysroot: string;
  readonly simulated: boolean;
  policy(): string;
  /** The registered driver of updates. */
  driver(): string | undefined;
  scheduledRestart(): Promise<ScheduledRestart | undefined>;
}

/** Path -> interface -> property -> value. */
export type PropertyTree = Map<string, Map<string, Dict>>;

/** The stateroot that "the system" means: the booted one, or that of the default deployment of a sysroot nobody runs. */
export function mainOsname(state: SysrootState): string {
  return state.bootedOsname || state.deployments[0]?.osname || state.osnames[0] || '';
}

export function osnames(state: SysrootState): string[] {
  return [...new Set([...state.osnames, ...state.deployments.map((deployment) => deployment.osname)])];
}

/** Computes all properties of the bus and tells clients which ones changed. */
export class Properties {
  private before: PropertyTree | undefined;
  private toldActive = '';
  private knownOsnames: readonly string[] = [];
  private readonly reader: Reader;
  private readonly jobs: JobQueue;
  private readonly facts: HostFacts;

  constructor(reader: Reader, jobs: JobQueue, facts: HostFacts) {
    this.reader = reader;
    this.jobs = jobs;
    this.facts = facts;
  }

  /** What the last check found. That it can't be read is a failed check, not a reason to show nothing at all. */
  async check(osname: string): Promise<CheckState> {
    try {
      return await this.reader.read('update.cached', { sysroot: this.facts.sysroot, osname });
    } catch (error) {
      return { kind: 'failed', failedAt: 0, since: 0, error: TreelineError.report(error) };
    }
  }

  /** Details of the pending update; undefined when there is none or they can't be read. */
  async details(osname: string, check: CheckState): Promise<UpdateDetails | undefined> {
    const update = check.kind === 'available' ? check.update : check.kind === 'failed' ? check.last : undefined;
    if (!update) return undefined;
    return this.reader.read('update.details', { sysroot: this.facts.sysroot, osname, checksum: update.checksum }).catch(() => undefined);
  }

  async sysroot(): Promise<Dict> {
    const state = await this.reader.state();
    const osname = mainOsname(state);
    const check = osname ? await this.check(osname) : undefined;
    const pending = check?.kind === 'available' ? check.update : undefined;
    return {
      ...this.active(),
      ...propertyDict(sysrootInterface, {
        Booted: state.bootedOsname ? osPath(state.bootedOsname) : '/',
        Path: this.facts.sysroot,
        AutomaticUpdatePolicy: this.facts.policy(),
        Deployments: state.deployments.map((deployment) => deploymentDict(deployment, pending)),
      }),
    };
  }

  active(): Dict {
    const active = this.jobs.active;
    return propertyDict(sysrootInterface, {
      ActiveTransaction: active ? [active.request.method, active.request.caller.sender, active.request.objectPath] : ['', '', ''],
      ActiveTransactionPath: active?.address ?? '',
    });
  }

  async treelineSysroot(): Promise<Dict> {
    const state = await this.reader.state();
    const osname = mainOsname(state);
    return {
      ...this.cheapTreelineSysroot(),
      ...propertyDict(treelineSysrootInterface, {
        CheckState: osname ? await this.check(osname) : { kind: 'never' },
        FinalizeFailure: state.finalizeFailure,
        Problem: state.problem,
        ScheduledRestart: await this.facts.scheduledRestart(),
      }),
    };
  }

  /** What needs no worker. */
  cheapTreelineSysroot(): Dict {
    return propertyDict(treelineSysrootInterface, { Version: treelineVersion, Simulated: this.facts.simulated });
  }

  async os(osname: string): Promise<Dict> {
    const state = await this.reader.state();
    const check = await this.check(osname);
    const base = comparedDeployment(state.deployments, osname);
    const pending = check.kind === 'available' ? check.update : undefined;
    const own = state.deployments.filter((deployment) => deployment.osname === osname);
    const dict = (deployment: Deployment | undefined): Dict => (deployment ? deploymentDict(deployment, pending) : {});
    const cached = cachedUpdateDict(osname, check, await this.details(osname, check), base);
    return propertyDict(osInterface, {
      BootedDeployment: dict(own.find((deployment) => deployment.booted)),
      DefaultDeployment: dict(newestDeployment(state.deployments, osname)),
      RollbackDeployment: dict(own.find((deployment) => deployment.rollback)),
      CachedUpdate: cached,
      HasCachedUpdateRpmDiff: Object.keys(cached).length > 0,
      Name: osname,
    });
  }

  async treelineOs(osname: string): Promise<Dict> {
    return propertyDict(treelineOsInterface, { CheckState: await this.check(osname) });
  }

  async tree(): Promise<PropertyTree> {
    // asked for side by side: each answer is a process
    for (const osname of this.knownOsnames) void this.check(osname);
    const state = await this.reader.state();
    this.knownOsnames = osnames(state);
    const tree: PropertyTree = new Map();
    for (const osname of osnames(state)) {
      const entry = new Map([
        [iface.os, await this.os(osname)],
        [iface.osExperimental, {}],
        [iface.treelineOs, await this.treelineOs(osname)],
      ]);
      tree.set(osPath(osname), entry);
    }
    const sysroot = new Map([
      [iface.sysroot, await this.sysroot()],
      [iface.treelineSysroot, await this.treelineSysroot()],
    ]);
    tree.set(sysrootPath, sysroot);
    return tree;
  }

  /** Remember how things are, without telling. */
  async remember(): Promise<void> {
    this.before = await this.tree();
  }

  /**
   * Emit PropertiesChanged for what differs from the last time; objects of stateroots first, as rpm-ostreed does.
   * `only` limits it to some properties: the others keep their old value and are told next time. True if anything was told.
   */
  async announce(connection: Connection, only: (property: string) => boolean = () => true): Promise<boolean> {
    const now = await this.tree();
    const before = this.before ?? now;
    let told = false;
    for (const [path, interfaces] of now) {
      for (const [name, properties] of interfaces) {
        const old = before.get(path)?.get(name) ?? {};
        const changed: Dict = {};
        for (const [property, value] of Object.entries(properties)) {
          if (same(old[property], value)) continue;
          if (only(property)) changed[property] = value;
          else if (old[property]) properties[property] = old[property];
        }
        if (Object.keys(changed).length === 0) continue;
        told = true;
        connection.signal(path, iface.properties, 'PropertiesChanged', 'sa{sv}as', [name, changed, []]);
      }
    }
    this.before = now;
    return told;
  }

  /** ActiveTransaction and its path, which change without anything being read. */
  announceActive(connection: Connection): void {
    const active = this.active();
    const address = this.jobs.active?.address ?? '';
    if (address === this.toldActive) return;
    this.toldActive = address;
    const sysroot = this.before?.get(sysrootPath)?.get(iface.sysroot);
    if (sysroot) Object.assign(sysroot, active);
    connection.signal(sysrootPath, iface.properties, 'PropertiesChanged', 'sa{sv}as', [iface.sysroot, active, []]);
  }
}

function same(a: Variant | undefined, b: Variant): boolean {
  const text = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  return a !== undefined && text(a) === text(b);
}
