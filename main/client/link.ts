// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  bodyOf,
  Bus,
  DbusCallError,
  type AbstractConnector,
  defaultSystemBus,
  iface,
  serviceName,
  sysrootPath,
  treelineName,
  Variant,
  type CallFields,
  type DbusMessage,
} from '../../shared/dbus/index.ts';
import type { ServiceInfo } from '../../shared/domain/index.ts';
import { isErrorReport, TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { clientError, isGone, neverArrived } from './errors.ts';

export interface LinkOptions {
  readonly address?: string;
  /** How the client is called in other people's windows. Announced when given, and to a stock daemon always. */
  readonly clientId?: string;
  readonly connectAbstract?: AbstractConnector;
  /** Version of a daemon that isn't ours; '' when it can't be told. */
  readonly stockVersion: () => Promise<string>;
  /** Every call is about this stateroot, and none is made when there isn't such a one. Default: the one that runs. */
  readonly stateroot?: string;
  /** Keeps the service from idling out while we are there, and connects again by itself. */
  readonly stay: boolean;
}

interface Owner {
  readonly unique: string;
  readonly kind: 'treeline' | 'rpm-ostree';
  readonly version: string;
}

const connectTimeoutMs = 10_000;
const firstRetryMs = 250;
const longestRetryMs = 10_000;
/** How long a lost service counts as restarting. */
const restartingMs = 30_000;

/** Who lacks what: a stock daemon has no call for much of what ours does. */
export function lacks(stockVersion: string, what: string): TreelineError {
  return new TreelineError('service.lacks', { subject: what, facts: { owner: ['rpm-ostreed', stockVersion].filter(Boolean).join(' ') } });
}

type Target = Pick<CallFields, 'path' | 'interface' | 'member' | 'signature' | 'body' | 'timeoutMs'> & {
  /** Signature that the answer has to have. */
  readonly answer?: string;
};

/** The connection to the service behind the name: activates it, checks who it is, comes back after restarts and bus loss. */
export class ServiceLink {
  private readonly options: LinkOptions;
  private bus: Promise<Bus> | undefined;
  private owner: Promise<Owner> | undefined;
  private lostAtMs = 0;
  private everConnected = false;
  private retryMs = firstRetryMs;
  private retryTimer: NodeJS.Timeout | undefined;
  private closed = false;
  private staterootIsKnown = false;
  private lastProblem: ErrorReport | undefined;
  onSignal: (signal: DbusMessage) => void = () => undefined;
  /** The service came, went, or was replaced. */
  onChange: () => void = () => undefined;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  /** Who answers; never rejects. */
  async info(): Promise<ServiceInfo> {
    try {
      const { kind, version } = await this.service();
      return { kind, version };
    } catch (error) {
      const report = clientError(error).report;
      this.lastProblem = report;
      const detail = report.detail;
      if (report.code === 'service.untrusted') return { kind: 'untrusted', version: '', detail };
      const restarting = this.everConnected && Date.now() - this.lostAtMs < restartingMs;
      return { kind: restarting ? 'restarting' : 'absent', version: '', detail };
    }
  }

  get stateroot(): string | undefined {
    return this.options.stateroot;
  }

  get problem(): ErrorReport | undefined {
    return this.lastProblem;
  }

  /**
   * Call the service; rejects with TreelineError. `again`: harmless to repeat, so one attempt more when the service was just
   * leaving. Waits for ever by default: the service answers or ends, and a password may have to be typed.
   */
  async call(target: Target, again = false, attempts = 2): Promise<readonly unknown[]> {
    let bus: Bus | undefined;
    try {
      const owner = await this.service();
      bus = await this.connect();
      await this.checkStateroot(bus, owner);
      // to the checked owner, not to the name: nobody can slip in between
      const { answer, ...call } = target;
      const reply = await bus.call({ timeoutMs: 0, ...call, destination: owner.unique });
      if (answer === undefined || reply.signature === answer) return reply.body;
      const detail = `${target.member} was answered with (${reply.signature}), not with (${answer})`;
      throw new TreelineError('service.bad-call', { subject: target.member, detail });
    } catch (error) {
      if (isGone(error)) {
        this.owner = undefined;
        if (attempts > 1 && bus && (again || neverArrived(error))) return this.call(target, again, attempts - 1);
      }
      throw await this.fullError(error, bus, target.member);
    }
  }

  /** Before anything is asked, let alone changed: a name that was mistyped must not mean the system that runs. */
  private async checkStateroot(bus: Bus, { unique }: Owner): Promise<void> {
    const { stateroot } = this.options;
    if (stateroot === undefined || this.staterootIsKnown) return;
    // for GetOS an empty name is the one that runs
    if (stateroot === '') throw new TreelineError('usage.invalid', { detail: 'the name of the stateroot is empty' });
    const member = 'GetOS';
    await bus.call({
      timeoutMs: 0,
      destination: unique,
      path: sysrootPath,
      interface: iface.sysroot,
      member,
      signature: 's',
      body: [stateroot],
    });
    this.staterootIsKnown = true;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
    void this.bus?.then((bus) => bus.close()).catch(() => undefined);
  }

  /** Our service keeps the whole report of a caller's last error: a D-Bus error carries only a name and a text. */
  private async fullError(error: unknown, bus: Bus | undefined, member: string): Promise<TreelineError> {
    const short = clientError(error);
    if (!(error instanceof DbusCallError) || !bus || isGone(error)) return short;
    try {
      const owner = await this.service();
      if (owner.kind !== 'treeline') return short.code === 'not-supported' ? lacks(owner.version, member) : short;
      const ask = { destination: owner.unique, path: sysrootPath, interface: iface.treelineSysroot, member: 'LastError', timeoutMs: 5000 };
      const [told] = bodyOf(await bus.call(ask), 's') ?? [];
      const report: unknown = JSON.parse(told ?? '');
      return isErrorReport(report) && report.code === short.code ? TreelineError.fromReport(report) : short;
    } catch {
      return short;
    }
  }

  private service(): Promise<Owner> {
    if (!this.owner) {
      const finding = this.findOwner();
      this.owner = finding;
      finding.then(
        () => {
          this.everConnected = true;
          this.retryMs = firstRetryMs;
        },
        () => {
          if (this.owner === finding) this.owner = undefined;
          this.retryLater();
        },
      );
    }
    return this.owner;
  }

  private async findOwner(): Promise<Owner> {
    const bus = await this.connect();
    let unique = await bus.nameOwner(serviceName);
    if (unique === undefined) {
      await bus.activate(serviceName);
      unique = await bus.nameOwner(serviceName);
    }
    if (unique === undefined) throw new TreelineError('service.unreachable', { detail: `nobody owns ${serviceName}` });
    const uid = await bus.uidOf(unique);
    if (uid !== 0) throw new TreelineError('service.untrusted', { detail: `${serviceName} is owned by uid ${uid}, not by root` });
    const ours = (await bus.nameOwner(treelineName)) === unique;
    const ask = (interfaceName: string, member: string, signature: string, body: readonly unknown[]): Promise<DbusMessage> =>
      bus.call({ destination: unique, path: sysrootPath, interface: interfaceName, member, signature, body });
    if (this.options.stay || !ours || this.options.clientId !== undefined) {
      // a refusal only means that the service may leave when idle
      await ask(iface.sysroot, 'RegisterClient', 'a{sv}', [{ id: new Variant('s', this.options.clientId ?? 'treeline') }]).catch(
        (error: unknown) => {
          if (isGone(error)) throw error;
        },
      );
    }
    if (!ours) return { unique, kind: 'rpm-ostree', version: await this.options.stockVersion() };
    const version = await ask(iface.properties, 'Get', 'ss', [iface.treelineSysroot, 'Version']);
    const [told] = bodyOf(version, 'v') ?? [];
    return { unique, kind: 'treeline', version: String(told?.value ?? '') };
  }

  private connect(): Promise<Bus> {
    if (!this.bus) {
      const connecting = this.openBus();
      this.bus = connecting;
      connecting.catch(() => (this.bus = undefined));
    }
    return this.bus;
  }

  private async openBus(): Promise<Bus> {
    if (this.closed) throw new TreelineError('service.unreachable', { detail: 'the client was closed' });
    const address = this.options.address ?? process.env.DBUS_SYSTEM_BUS_ADDRESS ?? defaultSystemBus;
    const bus = await Bus.connect(address, connectTimeoutMs, this.options.connectAbstract);
    bus.connection.onSignal = (signal) => this.receive(signal);
    void bus.connection.closed.then(() => this.lost(true));
    const from = `type='signal',sender='${serviceName}'`;
    await bus.addMatch(`${from},interface='${iface.treelineSysroot}'`);
    // whole property values aren't of use to us: our own service says what changed, a stock one is read again
    await bus.addMatch(`${from},interface='${iface.properties}',path='${sysrootPath}'`);
    await bus.addMatch(
      `type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${serviceName}'`,
    );
    return bus;
  }

  private receive(signal: DbusMessage): void {
    if (signal.sender === 'org.freedesktop.DBus') {
      if (signal.member !== 'NameOwnerChanged') return;
      if (signal.body[2] === '') this.lost(false);
      else this.onChange();
      return;
    }
    // the bus delivers by owner of the name; that it is the owner we have checked is for us to see
    void this.owner?.then(
      (owner) => {
        if (signal.sender === owner.unique) this.onSignal(signal);
      },
      () => undefined,
    );
  }

  private lost(withBus: boolean): void {
    if (this.closed) return;
    if (withBus) this.bus = undefined;
    this.owner = undefined;
    this.lostAtMs = Date.now();
    this.onChange();
    this.retryLater();
  }

  /** Come back by ourselves, more and more seldom. */
  private retryLater(): void {
    if (this.closed || !this.options.stay || this.retryTimer) return;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      this.service().then(
        () => this.onChange(),
        () => undefined,
      );
    }, this.retryMs);
    this.retryTimer.unref();
    this.retryMs = Math.min(this.retryMs * 2, longestRetryMs);
  }
}
