// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  bodyOf,
  iface,
  introspectionXml,
  signatureOf,
  standardInterfaces,
  startWithinMs,
  transactionInterface,
  Variant,
  wireErrorName,
  wireErrorText,
  type Connection,
  type DbusMessage,
  type InterfaceSpec,
} from '../../shared/dbus/index.ts';
import type { JobState } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import type { JobEvent, JobName, JobResult } from '../engine/jobs/index.ts';
import type { Caller, Rank } from './callers.ts';
import { PeerServer } from './peer-server.ts';
import { PeerProgress } from './peer-progress.ts';

/** What a job answered, whichever it was. */
export type JobAnswer = JobResult<JobName>;

export interface TransactionRequest {
  /** D-Bus method that made it, the first part of ActiveTransaction. */
  readonly method: string;
  readonly title: string;
  readonly objectPath: string;
  readonly caller: Caller;
  /** Method, object and arguments: who asks for the same joins. */
  readonly identity: string;
  /** Goes on when the client that asked goes away. */
  readonly detached: boolean;
  /** Changes nothing: makes way for who comes first. */
  readonly looks: boolean;
  /** Fetches, and goes on from what has arrived when it is started again. */
  readonly pausable: boolean;
  /** Rejects when the job may not begin any more, although it was allowed to. Called once, when its turn has come. */
  readonly confirm?: () => Promise<void>;
  /** Starts the work; called once, by Start(). */
  readonly begin: (onEvent: (event: JobEvent) => void) => { readonly done: Promise<JobAnswer>; cancel(): boolean };
}

export interface TransactionEvents {
  /** Take the queue, now (undefined) or when what runs has made way. Throws sysroot.busy. */
  acquire(transaction: Transaction): Promise<void> | undefined;
  started(transaction: Transaction): void;
  changed(transaction: Transaction): void;
  /** The work has ended; what this returns is awaited before clients hear of it. */
  ended(transaction: Transaction, result: JobAnswer | undefined): Promise<void>;
  finished(transaction: Transaction): void;
}

const keptMessages = 200;
const lingerMs = 3000;

/** What a job's own socket has. */
const peerInterfaces: readonly InterfaceSpec[] = [...standardInterfaces, transactionInterface];

/** One job as clients see it: a private socket, Start, Cancel, signals, one end. */
export class Transaction {
  readonly request: TransactionRequest;
  private server: PeerServer | undefined;
  private listening: Promise<void> | undefined;
  private state: JobState;
  private running: { cancel(): boolean } | undefined;
  private readonly events: TransactionEvents;
  private readonly progress = new PeerProgress((member, signature, body) =>
    this.server?.broadcast(iface.transaction, member, signature, body),
  );
  private startTimer: NodeJS.Timeout | undefined;
  /** Who follows it, by name on the bus. */
  private readonly members = new Map<string, Caller>();
  private readonly joined = new Set<number>();
  private goesOnAlone: boolean;
  private cancelWanted = false;
  private madeWayFor: string | undefined;
  private pauseWanted = false;
  private started = false;
  /** Settles after Finished was sent. */
  readonly over: Promise<void>;
  private markOver: () => void = () => undefined;

  constructor(id: string, request: TransactionRequest, events: TransactionEvents) {
    this.request = request;
    this.events = events;
    this.over = new Promise((resolve) => (this.markOver = resolve));
    const { title, method, caller, detached } = request;
    this.members.set(caller.sender, caller);
    this.goesOnAlone = detached;
    this.state = { id, title, method, owner: caller.userName, startedAt: now(), phase: 'waiting', messages: [] };
  }

  get job(): JobState {
    return this.state;
  }

  /** Of the one who made it. */
  get address(): string {
    return this.addressFor(this.request.caller.uid);
  }

  addressFor(uid: number): string {
    return this.server?.addressFor(uid) ?? '';
  }

  /** Of those who follow it, the one that comes first. */
  get rank(): Rank {
    return [...this.members.values()].reduce<Rank>((most, { rank }) => (rank > most ? rank : most), this.request.caller.rank);
  }

  /** Users who may know what it found. */
  get uids(): readonly number[] {
    return [...new Set([this.request.caller.uid, ...this.joined])];
  }

  /** One more who asked for the same, and was allowed to. */
  async join(caller: Caller, detached: boolean): Promise<string> {
    const { title } = this.request;
    await this.listening;
    // it ended meanwhile: its answer would come too late
    if (this.isOver || !this.server) throw new TreelineError('job.cancelled', { subject: title });
    this.members.set(caller.sender, caller);
    this.joined.add(caller.uid);
    this.goesOnAlone ||= detached;
    await this.server.admit(caller.uid);
    return this.addressFor(caller.uid);
  }

  /** False for a job that was dropped before anybody started it. */
  get wasStarted(): boolean {
    return this.started;
  }

  get isOver(): boolean {
    return this.state.endedAt !== undefined;
  }

  listen(peerDir: string): Promise<void> {
    this.listening = this.open(peerDir);
    return this.listening;
  }

  private async open(peerDir: string): Promise<void> {
    this.server = await PeerServer.listen(peerDir, this.state.id, this.request.caller.uid, (connection, uid) => {
      connection.onCall = (message) => this.answer(connection, message, uid);
    });
    this.startTimer = setTimeout(() => this.drop('nobody started it'), startWithinMs);
  }

  /** True when this call started it, false when it was started before. Throws sysroot.busy: it can be tried again then. */
  start(): boolean {
    if (this.started || this.state.phase !== 'waiting') return false;
    const turn = this.events.acquire(this);
    clearTimeout(this.startTimer);
    this.started = true;
    this.state = { ...this.state, phase: 'running', startedAt: now() };
    // the reply to Start() goes first, as from rpm-ostreed
    setImmediate(() => void this.run(turn));
    return true;
  }

  /** Throws job.uninterruptible while boot entries are being written. */
  cancel(): void {
    if (this.isOver) return;
    if (this.state.phase === 'waiting') return this.drop('cancelled before it was started');
    this.cancelWanted = true;
    if (this.running && !this.running.cancel()) throw new TreelineError('job.uninterruptible', { subject: this.state.title });
  }

  /**
   * As cancel(), but said to be meant: the job ends as `cancelled` with `job.paused` as its error and holds nothing up meanwhile; starting it
   * again goes on from what has arrived. Throws job.not-pausable.
   */
  pause(): void {
    if (this.isOver) return;
    if (!this.request.pausable) throw new TreelineError('job.not-pausable', { subject: this.state.title });
    this.pauseWanted = true;
    try {
      this.cancel();
    } catch (error) {
      this.pauseWanted = false;
      throw error;
    }
  }

  /** End because somebody who comes first needs the queue. Throws as cancel(). */
  makeWay(whoFor: string): void {
    this.madeWayFor = whoFor;
    this.cancel();
  }

  /** A line for whoever follows the job. */
  say(text: string): void {
    this.onEvent({ type: 'message', text });
  }

  /** A client has left the bus. The job goes on as long as somebody follows it, or somebody said it may go on alone. */
  clientLeft(sender: string): void {
    if (!this.members.delete(sender) || this.members.size > 0) return;
    if (this.state.phase === 'waiting') this.drop('its client went away');
    else if (!this.goesOnAlone) {
      try {
        this.cancel();
      } catch {
        // in the phase that can't be interrupted it just goes on to its end
      }
    }
  }

  private drop(reason: string): void {
    clearTimeout(this.startTimer);
    if (this.state.phase !== 'waiting') return;
    void this.end('cancelled', undefined, { code: 'job.cancelled', subject: this.state.title, detail: reason });
  }

  private async run(turn: Promise<void> | undefined): Promise<void> {
    await turn;
    this.events.started(this);
    this.server?.broadcast(iface.properties, 'PropertiesChanged', 'sa{sv}as', [iface.transaction, this.properties(), []]);
    try {
      await this.request.confirm?.();
      if (this.cancelWanted) throw new TreelineError('job.cancelled', { subject: this.state.title });
      const running = this.request.begin((event) => this.onEvent(event));
      this.running = running;
      if (this.cancelWanted) running.cancel();
      const result = await running.done;
      await this.end('succeeded', result);
    } catch (error) {
      const report = TreelineError.report(error);
      const cancelled = report.code === 'job.cancelled';
      if (cancelled && this.madeWayFor)
        return await this.end('cancelled', undefined, { ...report, detail: `made way for ${this.madeWayFor}` });
      const paused = cancelled && this.pauseWanted;
      await this.end(cancelled ? 'cancelled' : 'failed', undefined, paused ? { code: 'job.paused', subject: this.state.title } : report);
    }
  }

  private onEvent(event: JobEvent): void {
    if (event.type === 'progress') this.state = { ...this.state, progress: event.progress };
    if (event.type === 'uninterruptible') this.state = { ...this.state, phase: event.on ? 'uninterruptible' : 'running' };
    if (event.type === 'message') this.state = { ...this.state, messages: [...this.state.messages, event.text].slice(-keptMessages) };
    this.progress.onEvent(event);
    this.events.changed(this);
  }

  private async end(phase: 'succeeded' | 'failed' | 'cancelled', result: JobAnswer | undefined, error?: ErrorReport): Promise<void> {
    this.running = undefined;
    const changed = result && 'changed' in result && typeof result.changed === 'boolean' ? result.changed : undefined;
    this.state = { ...this.state, phase, endedAt: now(), error, changed };
    this.progress.end();
    await this.events.ended(this, result).catch((fault: unknown) => {
      process.stderr.write(`after “${this.state.title}”: ${TreelineError.report(fault).detail ?? ''}\n`);
    });
    this.server?.broadcast(iface.transaction, 'Finished', 'bs', [phase === 'succeeded', error ? wireErrorText(error) : '']);
    this.events.finished(this);
    this.markOver();
    // clients close when they have read it; those who don't are closed
    setTimeout(() => this.server?.close(), lingerMs).unref();
  }

  private properties(): Record<string, Variant> {
    // empty before Start(), as recorded from rpm-ostreed
    const title = this.state.phase === 'waiting' ? '' : this.state.title;
    return {
      Title: new Variant('s', title),
      InitiatingClientDescription: new Variant('s', this.request.caller.clientId || this.request.caller.userName),
    };
  }

  private answer(connection: Connection, call: DbusMessage, uid: number): void {
    try {
      const [signature, body] = this.dispatch(call, uid);
      connection.reply(call, signature, body);
    } catch (error) {
      const report = TreelineError.report(error);
      const unknown = report.code === 'not-supported';
      const name = unknown ? 'org.freedesktop.DBus.Error.UnknownMethod' : wireErrorName(report.code, iface.transaction);
      connection.replyError(call, name, wireErrorText(report));
    }
  }

  private dispatch(call: DbusMessage, uid: number): [string, unknown[]] {
    // not a bus, but tools that take every socket for one (gdbus call --address) begin with this
    if (call.interface === 'org.freedesktop.DBus' && call.member === 'Hello') return ['s', [':1.1']];
    const spec = peerInterfaces.find((candidate) =>
      call.interface === undefined ? Object.hasOwn(candidate.methods, call.member ?? '') : candidate.name === call.interface,
    );
    const method = spec && Object.hasOwn(spec.methods, call.member ?? '') ? spec.methods[call.member ?? ''] : undefined;
    if (call.path !== '/' || !spec || !method) throw new TreelineError('not-supported', { subject: `${call.interface}.${call.member}` });
    if (call.bodyProblem !== undefined || call.signature !== signatureOf(method.in)) {
      throw new TreelineError('service.bad-call', { subject: String(call.member), detail: `expects (${signatureOf(method.in)})` });
    }
    const [first = '', second = ''] = bodyOf(call, 'ss') ?? bodyOf(call, 's') ?? [];
    switch (call.member) {
      case 'Start':
        return ['b', [this.start()]];
      case 'Cancel':
        // who joined somebody else's job may leave it, not end it; Cancel on the bus asks for that permission
        if (uid !== 0 && uid !== this.request.caller.uid) {
          throw new TreelineError('auth.denied', { subject: `Cancelling “${this.state.title}”`, facts: { owner: `uid ${uid}` } });
        }
        this.cancel();
        return ['', []];
      case 'GetAll':
        return ['a{sv}', [first === iface.transaction ? this.properties() : {}]];
      case 'Get': {
        const value =
          first === iface.transaction && Object.hasOwn(transactionInterface.properties, second) ? this.properties()[second] : undefined;
        if (!value) throw new TreelineError('service.bad-argument', { subject: second, detail: 'no such property' });
        return ['v', [value]];
      }
      case 'Introspect':
        return ['s', [introspectionXml(peerInterfaces, [])]];
      case 'Ping':
        return ['', []];
      default:
        throw new TreelineError('service.bad-argument', { subject: String(call.member), detail: 'refused' });
    }
  }
}

const now = (): number => Math.floor(Date.now() / 1000);
