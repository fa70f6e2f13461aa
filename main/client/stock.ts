import { hostname } from 'node:os';
import { iface, sysrootPath, type Variant } from '../../shared/dbus/index.ts';
import type { CheckState, HostSnapshot, JobState, PackageChange, UpdateDetails } from '../../shared/domain/index.ts';
import { decodeCachedUpdate, decodeDeployment, decodeRpmDiff, type Dict } from './decode.ts';
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
    const deployments = ((sysroot.Deployments?.value ?? []) as Dict[]).map((dict, index) =>
      decodeDeployment(dict, index, dict.id?.value === rollbackId),
    );
    const osname = typeof os.Name?.value === 'string' ? os.Name.value : '';
    return {
      hostname: hostname(),
      osname,
      prettyName: '',
      simulated: false,
      deployments,
      check: checkOf(os, deployments[0]?.checksum),
      automaticUpdatePolicy: String(sysroot.AutomaticUpdatePolicy?.value ?? ''),
      job: job ?? foreignJob(sysroot),
      pastJobs,
    };
  }

  async osObject(): Promise<string> {
    return (
      await this.link.call({ path: sysrootPath, interface: iface.sysroot, member: 'GetOS', signature: 's', body: [''] }, true)
    )[0] as string;
  }

  async activeAddress(): Promise<string> {
    return String((await this.all(sysrootPath, iface.sysroot)).ActiveTransactionPath?.value ?? '');
  }

  async diff(from: string, to: string): Promise<readonly PackageChange[]> {
    const path = await this.osObject();
    const call = { path, interface: iface.os, member: 'GetDeploymentsRpmDiff', signature: 'ss', body: [from, to] };
    return decodeRpmDiff((await this.link.call(call, true))[0] as never);
  }

  async updateDetails(): Promise<UpdateDetails> {
    const path = await this.osObject();
    const call = { path, interface: iface.os, member: 'GetCachedUpdateRpmDiff', signature: 's', body: [''] };
    const [rows, dict] = (await this.link.call(call, true)) as [never, Dict];
    const check = decodeCachedUpdate(dict);
    const update = check.kind === 'available' ? check.update : undefined;
    return {
      fromChecksum: '',
      fromVersion: '',
      toChecksum: update?.checksum ?? '',
      toVersion: update?.version ?? '',
      toTimeSeconds: update?.timestamp ?? 0,
      packages: decodeRpmDiff(rows),
      advisories: [],
      releases: [],
      sizes: update?.sizes ?? {
        downloadBytes: 0,
        downloadExact: false,
        downloadObjects: 0,
        diskBytes: 0,
        installedDeltaBytes: 0,
        freeBytes: 0,
      },
      signatures: update?.signatures ?? [],
      source: 'rpmdb',
    };
  }

  private async all(path: string, name: string): Promise<Dict> {
    return (await this.link.call({ path, interface: iface.properties, member: 'GetAll', signature: 's', body: [name] }, true))[0] as Dict;
  }
}

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
