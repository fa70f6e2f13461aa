// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  givenDict,
  iface,
  rootPath,
  optionDict,
  sysrootPath,
  type Gives,
  type InterfaceSpec,
  type MethodOf,
  type Options,
  type OptionValues,
  type PropertyOf,
  type Takes,
} from '../../shared/dbus/index.ts';
import type { JobState, OptionsGiven } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { callRow, propertyOf } from './ask.ts';
import { lacks, type ServiceLink } from './link.ts';
import type { StockReader } from './stock.ts';

/** Methods after which a stock daemon's default deployment tells whether anything changed, as its own command line finds it out. */
const deploying = [
  'Upgrade',
  'Deploy',
  'Rebase',
  'KernelArgs',
  'InitramfsEtc',
  'SetInitramfsState',
  'UpdateDeployment',
  'AutomaticUpdateTrigger',
];

type Follow = (address: string, title: string, method: string, defaultBefore?: string) => Promise<JobState>;

/** Calls of the service, each typed by its row in shared/dbus: arguments, answer and the signature on the wire. */
export class Calls {
  private readonly link: ServiceLink;
  private readonly stock: StockReader;
  private readonly always: OptionValues;
  private readonly follow: Follow;

  /** `always`: options that go with every call that takes some. `follow`: waits for the end of a job. */
  constructor(link: ServiceLink, stock: StockReader, always: OptionValues, follow: Follow) {
    this.link = link;
    this.stock = stock;
    this.always = always;
    this.follow = follow;
  }

  async isOurs(): Promise<boolean> {
    const service = await this.link.info();
    if (service.kind === 'treeline') return true;
    if (service.kind === 'rpm-ostree') return false;
    throw TreelineError.fromReport(this.link.problem ?? { code: 'service.unreachable', detail: service.detail });
  }

  async needOurs(what: string): Promise<void> {
    if (!(await this.isOurs())) throw lacks((await this.link.info()).version, what);
  }

  private async pathOf(spec: InterfaceSpec): Promise<string> {
    if (spec.name === iface.sysroot || spec.name === iface.treelineSysroot) return sysrootPath;
    // with a stock daemon an unbooted system has no default; ours always answers
    return (await this.stock.osObject()) || rootPath;
  }

  /** Rejects with a TreelineError; `again`: harmless to repeat when the service was just leaving. */
  async call<I extends InterfaceSpec, M extends MethodOf<I>>(spec: I, member: M, args: Takes<I, M>, again = false): Promise<Gives<I, M>> {
    return callRow<I, M>(this.link, await this.pathOf(spec), spec, member, args, again);
  }

  /** A property of an interface whose type is the row's. */
  async property<I extends InterfaceSpec, P extends keyof I['properties'] & string>(spec: I, name: P): Promise<PropertyOf<I, P>> {
    return propertyOf<I, P>(this.link, await this.pathOf(spec), spec, name);
  }

  /** Ask for a job, start it, wait for its end. */
  async run<I extends InterfaceSpec, M extends MethodOf<I>>(title: string, spec: I, member: M, args: Takes<I, M>): Promise<JobState> {
    const before = await this.stockDefault(member, args);
    const [address] = await this.call(spec, member, args);
    return this.follow(String(address), title, member, before);
  }

  /** An `a{sv}` of options for a call that starts something. */
  bag(given: OptionsGiven): Options {
    return { ...givenDict(given), ...optionDict(this.always) };
  }

  /** The stock daemon's default deployment before a job that may replace it; undefined where that says nothing. */
  async stockDefault(member: string, body: readonly unknown[]): Promise<string | undefined> {
    const fetchesOnly = body.some((part) => Object.hasOwn(Object(part), 'download-only'));
    return deploying.includes(member) && !fetchesOnly && !(await this.isOurs()) ? this.stock.defaultDeployment() : undefined;
  }
}
