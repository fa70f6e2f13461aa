// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  allowInteractiveAuthorization,
  argumentsProblem,
  cut,
  iface,
  keptLimits,
  serviceWideLimits,
  signatureOf,
  toWire,
  userLimits,
  Variant,
  wireErrorName,
  wireErrorText,
  type AuthFacts,
  type Bus,
  type DbusMessage,
  type HandlersFor,
  type MethodSpec,
} from '../../shared/dbus/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { cutReport, keepNewest } from './kept.ts';
import { asking } from './asking.ts';
import { authorize } from './authority.ts';
import type { Caller, Callers } from './callers.ts';
import type { BusObject, Objects } from './objects.ts';

export interface CallContext {
  readonly object: BusObject;
  readonly caller: Caller;
  readonly member: string;
  /** What the permission was judged on. */
  readonly basis?: string | undefined;
}

/** One call; `args` were frozen before anybody was asked. */
export type Call<Args extends readonly unknown[] = readonly unknown[]> = CallContext & { readonly args: Args };
export type Handlers = HandlersFor<CallContext>;
/** How the dispatcher sees them: it has compared the signature with the row's, which is what their types come from. */
type Table = Readonly<Record<string, Readonly<Record<string, (call: Call) => Promise<readonly unknown[]> | readonly unknown[]>>>>;

const keptReports = 64;

/** From a message to an answer: every call passes the same gates in the same order, and nothing is reached around them. */
export class Dispatcher {
  private pending = 0;
  lastActivityMs = Date.now();
  /** Calls without an answer, of one sender and of one user. */
  private readonly pendingOf = new Map<string, number>();
  private readonly reports = new Map<string, ErrorReport>();
  private readonly bus: Bus;
  private readonly callers: Callers;
  private readonly objects: Objects;
  private readonly handlers: Table;
  private readonly facts: (object: BusObject) => Promise<AuthFacts>;

  constructor(bus: Bus, callers: Callers, objects: Objects, handlers: Handlers, facts: (object: BusObject) => Promise<AuthFacts>) {
    this.bus = bus;
    this.callers = callers;
    this.objects = objects;
    this.handlers = handlers as Table;
    this.facts = facts;
  }

  get pendingCalls(): number {
    return this.pending;
  }

  lastReport(sender: string): ErrorReport | undefined {
    return this.reports.get(sender);
  }

  receive(message: DbusMessage): void {
    this.pending += 1;
    this.lastActivityMs = Date.now();
    void this.answer(message).finally(() => {
      this.pending -= 1;
      this.lastActivityMs = Date.now();
    });
  }

  private async answer(message: DbusMessage): Promise<void> {
    const { connection } = this.bus;
    try {
      const [signature, body] = await this.run(message);
      connection.reply(message, signature, body);
    } catch (error) {
      if (error instanceof UnknownTarget) return connection.replyError(message, error.errorName, error.message);
      if (!(error instanceof TreelineError))
        process.stderr.write(`${message.member}: ${error instanceof Error ? error.stack : String(error)}\n`);
      const report = TreelineError.report(error);
      this.remember(message.sender ?? '', report);
      connection.replyError(message, wireErrorName(report.code, message.interface ?? ''), wireErrorText(report));
    }
  }

  private async run(message: DbusMessage): Promise<[string, readonly unknown[]]> {
    const sender = message.sender ?? '';
    // one connection's messages wait here until its user is known
    return this.counted(sender, userLimits.pendingCallsOfRoot, async () => {
      const caller = await this.callers.caller(sender);
      const most = caller.rank === 2 ? userLimits.pendingCallsOfRoot : userLimits.pendingCalls;
      if (caller.rank === 0 && this.pending > serviceWideLimits.pendingCalls) throw tooMany(message.member ?? '');
      return this.counted(String(caller.uid), most, () => asking.run(caller, () => this.serve(message, caller)));
    });
  }

  /** Throws service.too-many at once when there are `most` already: what is refused holds nothing. */
  private async counted<T>(whose: string, most: number, work: () => Promise<T>): Promise<T> {
    const now = this.pendingOf.get(whose) ?? 0;
    if (now >= most) throw tooMany(`${now} calls`);
    this.pendingOf.set(whose, now + 1);
    try {
      return await work();
    } finally {
      const left = (this.pendingOf.get(whose) ?? 1) - 1;
      if (left > 0) this.pendingOf.set(whose, left);
      else this.pendingOf.delete(whose);
    }
  }

  private async serve(message: DbusMessage, caller: Caller): Promise<[string, readonly unknown[]]> {
    const { object, interfaceName, member, method } = await this.target(message);
    if (message.bodyProblem !== undefined || message.signature !== signatureOf(method.in)) {
      const detail = message.bodyProblem ?? `expects (${signatureOf(method.in)}), got (${message.signature})`;
      throw new TreelineError('service.bad-call', { subject: member, detail });
    }
    const args = Object.freeze(message.body.map(frozenCopy));
    const tooLarge = argumentsProblem(args);
    if (tooLarge !== undefined) throw new TreelineError('service.bad-call', { subject: member, detail: tooLarge });
    const problem = method.problem(args);
    if (typeof problem === 'string') throw new TreelineError('service.bad-argument', { subject: member, detail: problem });
    if (problem !== undefined) throw new TreelineError('service.bad-refspec', { subject: member, detail: problem.refspec });
    if (member === 'Set' && interfaceName === iface.properties) {
      throw new TreelineError('auth.denied', { subject: 'Writing properties', facts: { owner: caller.userName } });
    }
    const basis = await this.permit(method, args, caller, object, interfaceName, member, message.flags);
    const handler = this.handlers[interfaceName]?.[member];
    if (!method.supported || !handler) throw new TreelineError('not-supported', { subject: member });
    return [signatureOf(method.out), toWire(method.out, await handler({ object, caller, args, member, basis }))];
  }

  private async target(message: DbusMessage): Promise<{ object: BusObject; interfaceName: string; member: string; method: MethodSpec }> {
    const member = message.member ?? '';
    const object = await this.objects.at(message.path ?? '');
    if (!object) throw new UnknownTarget('UnknownObject', `There is no object at ${message.path}`);
    const named = object.interfaces.filter((spec) => message.interface === undefined || spec.name === message.interface);
    if (named.length === 0) throw new UnknownTarget('UnknownInterface', `${message.path} has no interface ${message.interface}`);
    const spec = named.find((candidate) => Object.hasOwn(candidate.methods, member));
    const method = spec?.methods[member];
    if (!spec || !method) throw new UnknownTarget('UnknownMethod', `${message.interface ?? message.path} has no method ${member}`);
    return { object, interfaceName: spec.name, member, method };
  }

  /**
   * Default deny: a method that isn't marked as merely looking must name at least one action, and each must be granted. Returns what that was judged on: as it
   * was before anybody was asked.
   */
  private async permit(
    method: MethodSpec,
    args: readonly unknown[],
    caller: Caller,
    object: BusObject,
    interfaceName: string,
    member: string,
    flags: number,
  ): Promise<string | undefined> {
    if (method.reads) return undefined;
    const facts = await this.facts(object);
    const actions = method.actions(args, facts);
    if (actions.length === 0) throw new TreelineError('auth.denied', { subject: member, facts: { owner: caller.userName } });
    if (this.ownJob?.(caller, interfaceName, member)) return facts.basis;
    const interactive = method.interactive || (flags & allowInteractiveAuthorization) !== 0;
    const told = Object.entries(method.details(args)).map(([key, value]) => [key, cut(value, keptLimits.fact)] as const);
    const details = { ...Object.fromEntries(told), method: member, object: object.path, client: caller.clientId };
    await authorize(this.bus, caller, { actions, intent: cut(method.intent(args), keptLimits.title), details, interactive });
    return facts.basis;
  }

  /** Set by the service: whether a call concerns nothing but the caller's own job. */
  ownJob: ((caller: Caller, interfaceName: string, member: string) => boolean) | undefined;

  private remember(sender: string, report: ErrorReport): void {
    this.reports.delete(sender);
    this.reports.set(sender, cutReport(report));
    keepNewest(this.reports, keptReports);
  }
}

class UnknownTarget extends Error {
  readonly errorName: string;

  constructor(kind: 'UnknownObject' | 'UnknownInterface' | 'UnknownMethod', text: string) {
    super(text);
    this.errorName = `org.freedesktop.DBus.Error.${kind}`;
  }
}

/** A copy of one's own, frozen in depth: between the check and the use nothing may change, whoever else holds the message. */
function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // bytes can't be frozen: this copy is nobody else's
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy));
  if (value instanceof Variant) return Object.freeze(new Variant(value.signature, frozenCopy(value.value)));
  const copy: Record<string, unknown> = { __proto__: null };
  for (const [key, part] of Object.entries(value)) copy[key] = frozenCopy(part);
  return Object.freeze(copy);
}

const tooMany = (what: string): TreelineError => new TreelineError('service.too-many', { subject: what });
