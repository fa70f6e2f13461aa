// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Deployment as Real } from '../../../shared/domain/index.ts';
import { sh } from '../sysroot-fixture.ts';
import type { ModelHost } from './host.ts';
import { baseOf, installed, isLayered, standingLayer, type Deployment, type Wanted } from './model.ts';
import { branches, osname, remote, type Universe } from './universe.ts';

/** Says what differs; everything that is expected is computed from the model alone. */
export class Checks {
  readonly #universe: Universe;
  readonly #host: ModelHost;
  /** Ids by the model's keys. */
  readonly ids = new Map<number, string>();
  /** What rpm said of a commit. */
  readonly #databases = new Map<string, string>();

  constructor(universe: Universe, host: ModelHost) {
    this.#universe = universe;
    this.#host = host;
  }

  get #repo(): string {
    return path.join(this.#host.sysroot, 'ostree/repo');
  }

  #directory({ checksum, serial }: Real): string {
    return path.join(this.#host.sysroot, 'ostree/deploy', osname, 'deploy', `${checksum}.${serial}`);
  }

  /** After each operation. */
  async now(expected: readonly Deployment[]): Promise<string[]> {
    const state = await this.#host.job('sysroot.load', { sysroot: '/' });
    const wrong = state.problem ? [`problem: ${state.problem.code}`] : [];
    const real = state.deployments;
    const places = (list: readonly { staged: boolean; booted: boolean; pinned: boolean }[]): string =>
      list.map((each) => ['staged', 'booted', 'pinned'].filter((what) => each[what as 'staged'])).join(' | ');
    if (real.length !== expected.length)
      return [
        `there are ${real.length} deployments, not ${expected.length}: ${real.map((r) => `${r.version}${r.staged ? ' staged' : ''}`).join(', ')}`,
      ];
    if (places(real) !== places(expected)) wrong.push(`they are ${places(real)}, not ${places(expected)}`);
    expected.forEach((each, i) => {
      const deployment = real[i] as Real;
      const known = this.ids.get(each.key);
      if (known !== undefined && known !== deployment.id) wrong.push(`[${i}] is ${deployment.id}, not ${known}`);
      this.ids.set(each.key, deployment.id);
      for (const problem of this.#one(each, deployment)) wrong.push(`[${i}] ${problem}`);
    });
    wrong.push(...this.#entries(expected, real), ...this.#refs(expected, real));
    return wrong;
  }

  #one({ wanted }: Deployment, real: Real): string[] {
    const wrong: string[] = [];
    const same = (what: string, is: unknown, should: unknown): void => {
      if (!isDeepStrictEqual(is, should)) wrong.push(`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(should)}`);
    };
    const base = this.#universe.commits[wanted.version];
    const layered = isLayered(wanted);
    same('version', real.version, wanted.version);
    same('kernel arguments', real.kernelArgs, wanted.kargs);
    same('base', real.layer?.base.checksum ?? real.checksum, base);
    same('layered', real.layer !== undefined, layered);
    same('active requests', real.layer?.packages ?? [], [...standingLayer(wanted).active].sort());
    same('origin', originOf(readFileSync(`${this.#directory(real)}.origin`, 'utf8')), this.#origin(wanted));
    same('packages', this.#database(real), installed(wanted).join(' '));
    same('initramfs', this.#initramfs(real), expectedInitramfs(wanted));
    return wrong;
  }

  #origin(wanted: Wanted): Record<string, string> {
    const list = (items: readonly string[]): string => items.map((item) => `${item};`).join('');
    const asks = wanted.requests.length + wanted.removals.length > 0 || wanted.initramfs !== undefined;
    const entries = {
      [`origin.${asks ? 'baserefspec' : 'refspec'}`]: `${remote}:${branches[wanted.branch]}`,
      'origin.override-commit': wanted.held ? (this.#universe.commits[wanted.version] ?? '') : '',
      'packages.requested': list(wanted.requests),
      'overrides.remove': list(wanted.removals),
      'rpmostree.regenerate-initramfs': wanted.initramfs ? 'true' : '',
      'rpmostree.initramfs-args': list(wanted.initramfs ?? []),
      'rpmostree.initramfs-etc': list(wanted.tracked),
    };
    return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== ''));
  }

  #database(real: Real): string {
    const known = this.#databases.get(real.checksum);
    if (known !== undefined) return known;
    const args = ['--root', this.#directory(real), '--dbpath', '/usr/share/rpm', '-qa', '--qf', '%{name}-%{version}\n'];
    const said = execFileSync('rpm', args, { encoding: 'utf8' }).trim().split('\n').sort().join(' ');
    this.#databases.set(real.checksum, said);
    return said;
  }

  #initramfs(real: Real): string {
    const modules = path.join(this.#directory(real), 'usr/lib/modules');
    const [version = ''] = readdirSync(modules);
    const [args = '', etc] = readFileSync(path.join(modules, version, 'initramfs.img'), 'utf8')
      .trim()
      .split('\n');
    return `${args.replace(/^.*--force /, '').replace(/ ?\S+$/, '')}: ${etc}`;
  }

  /** What a boot loader reads, in its order, is what is deployed. */
  #entries(expected: readonly Deployment[], real: readonly Real[]): string[] {
    const entries = this.#readEntries();
    const bootable = real.filter((each) => !each.staged);
    const tracks = expected.filter((each) => !each.staged).map(({ wanted }) => wanted.tracked.length > 0);
    if (entries.length !== bootable.length) return [`there are ${entries.length} boot entries, not ${bootable.length}`];
    return entries.flatMap((entry, i) => {
      const deployment = bootable[i] as Real;
      const words = (entry['options']?.[0] ?? '').split(' ');
      const link = words.find((word) => word.startsWith('ostree='))?.slice(7) ?? '';
      const kargs = words.filter((word) => !word.startsWith('ostree=')).join(' ');
      const wrong = kargs === deployment.kernelArgs?.join(' ') ? [] : [`boot entry ${i} has ${kargs}`];
      const target = path.join(this.#host.sysroot, link);
      if (!existsSync(target) || realpathSync(target) !== this.#directory(deployment)) wrong.push(`boot entry ${i} leads to ${link}`);
      const files = [...(entry['linux'] ?? []), ...(entry['initrd'] ?? [])];
      const gone = files.filter((file) => !existsSync(path.join(this.#host.sysroot, 'boot', file.replace(/^\/boot/, ''))));
      if (gone.length > 0) wrong.push(`boot entry ${i} names ${gone.join(', ')}, which is missing`);
      if (files.length !== (tracks[i] ? 3 : 2)) wrong.push(`boot entry ${i} names ${files.join(', ')}`);
      return wrong;
    });
  }

  /** Values by key: of initrd there may be several. */
  #readEntries(): Partial<Record<string, string[]>>[] {
    const directory = path.join(this.#host.sysroot, 'boot/loader/entries');
    const entries = readdirSync(directory).map((name) => {
      const values: Partial<Record<string, string[]>> = {};
      for (const line of readFileSync(path.join(directory, name), 'utf8').split('\n')) {
        const [, key = '', value = ''] = /^(\S+) +(.*)$/.exec(line) ?? [];
        (values[key] ??= []).push(value);
      }
      return values;
    });
    return entries.sort((a, b) => Number(b['version']?.[0]) - Number(a['version']?.[0]));
  }

  /** Bases and packages of what is deployed have a ref. `exactly`: and nothing else has. */
  #refs(expected: readonly Deployment[], real: readonly Real[], exactly = false): string[] {
    const refs = this.#allRefs();
    const bases = [...refs].filter(([ref]) => ref.startsWith('rpmostree/base/')).map(([, checksum]) => checksum);
    const packages = [...refs.keys()].filter((ref) => ref.startsWith('rpmostree/pkg/')).map((ref) => ref.split('/')[2] ?? '');
    const wantedBases = new Set(real.flatMap(({ layer }) => (layer ? [layer.base.checksum] : [])));
    const wantedPackages = new Set(expected.flatMap(({ wanted }) => standingLayer(wanted).added.map((each) => each.replace(/-1$/, ''))));
    const differ = (what: string, has: readonly string[], wanted: ReadonlySet<string>): string[] => [
      ...[...wanted].filter((each) => !has.includes(each)).map((each) => `no ref of ${what} ${each}`),
      ...(exactly && has.length > wanted.size ? [`refs of ${what} ${has.join(', ')}, wanted ${[...wanted].join(', ')}`] : []),
    ];
    return [...differ('base', bases, wantedBases), ...differ('package', packages, wantedPackages)];
  }

  #allRefs(): Map<string, string> {
    const heads = path.join(this.#repo, 'refs/heads');
    const files = readdirSync(heads, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(path.join(heads, name)).isFile());
    return new Map(files.map((name) => [name, readFileSync(path.join(heads, name), 'utf8').trim()]));
  }

  /** After `cleanup base` of a system on which nothing is staged: nothing has leaked, and everything is whole. */
  async end(expected: readonly Deployment[]): Promise<string[]> {
    const wrong = await this.now(expected);
    const { deployments } = await this.#host.job('sysroot.load', { sysroot: '/' });
    // packages that are there for later stay
    wrong.push(...this.#refs(expected, deployments, !this.#allRefs().has(`treeline/downloaded/${osname}`)));
    const left = readdirSync(path.join(this.#host.sysroot, 'ostree/deploy', osname, 'deploy')).filter(
      (name) => !deployments.some(({ checksum, serial }) => name.startsWith(`${checksum}.${serial}`)),
    );
    if (left.length > 0) wrong.push(`left in ostree/deploy: ${left.join(', ')}`);
    const used = new Set(deployments.map(({ bootChecksum }) => `${osname}-${bootChecksum}`));
    const overlays = path.join(this.#host.sysroot, 'boot/ostree/initramfs-overlays');
    const initrds = this.#readEntries().flatMap((entry) => entry['initrd'] ?? []);
    const boot = [
      ...readdirSync(path.dirname(overlays)).filter((name) => name !== path.basename(overlays) && !used.has(name)),
      ...(existsSync(overlays) ? readdirSync(overlays) : []).filter((name) => !initrds.some((file) => file.endsWith(name))),
    ];
    if (boot.length > 0) wrong.push(`left in boot/ostree: ${boot.join(', ')}`);
    const work = readdirSync(path.join(this.#repo, 'tmp')).filter((name) => !/^(cache|staging-.*)$/.test(name));
    if (work.length > 0) wrong.push(`left in ostree/repo/tmp: ${work.join(', ')}`);
    const unreachable = sh('ostree', `--repo=${this.#repo}`, 'prune', '--refs-only', '--no-prune').trim();
    if (!unreachable.includes('No unreachable objects')) wrong.push(unreachable);
    try {
      sh('ostree', `--repo=${this.#repo}`, 'fsck', '--quiet');
    } catch (error) {
      wrong.push(`ostree fsck: ${String(error)}`);
    }
    return wrong;
  }
}

function expectedInitramfs({ version, initramfs }: Wanted): string {
  const { initramfsArgs, packages } = baseOf(version);
  const kernel = packages.find((each) => each.startsWith('kernel-'))?.slice(7);
  if (!initramfs) return `${initramfsArgs.join(' ')}: composed`;
  // a base that doesn’t tell how its own was made
  const given = initramfsArgs.length > 0 ? initramfsArgs : ['--rebuild', `/usr/lib/modules/6.${kernel}/initramfs.img`];
  return `${[...given, ...initramfs].join(' ')}: of this machine`;
}

/** `group.key` -> value, however it is ordered. */
function originOf(text: string): Record<string, string> {
  let group = '';
  return Object.fromEntries(
    text.split('\n').flatMap((line): [string, string][] => {
      const header = /^\[(.+)\]$/.exec(line)?.[1];
      if (header !== undefined) group = header;
      const [, key, value] = /^([^=[]+)=(.*)$/.exec(line) ?? [];
      // libostree's own: pinned
      return key !== undefined && group !== 'libostree-transient' ? [[`${group}.${key}`, value ?? '']] : [];
    }),
  );
}
