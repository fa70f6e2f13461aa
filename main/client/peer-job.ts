// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  Connection,
  heard,
  iface,
  openSocket,
  reportOfWire,
  stockPrefix,
  transactionInterface,
  type AbstractConnector,
  type DbusMessage,
} from '../../shared/dbus/index.ts';
import type { JobState, Progress } from '../../shared/domain/index.ts';
import { clientError } from './errors.ts';

const connectTimeoutMs = 10_000;
const keptMessages = 200;

/** Id of one of our own service's jobs, which is part of its socket's path; undefined for a stock daemon's. */
export function jobIdOf(address: string): string | undefined {
  return /\/tx-([0-9a-f-]{36})\//.exec(address)?.[1];
}

/**
 * Start the job behind a transaction address and follow it to its end. Resolves with what can be told from the job's own
 * signals; rejects with service.unreachable when its socket can't be reached. The end counts whenever it arrives: with the reply to Start,
 * before it, or as the last thing before the connection closes.
 */
export async function runPeerJob(
  address: string,
  job: JobState,
  onChange: (job: JobState) => void,
  connectAbstract?: AbstractConnector,
): Promise<JobState> {
  const connection = await connectToJob(address, connectAbstract);
  let state = job;
  const ended = (): boolean => state.endedAt !== undefined;
  const change = (fields: Partial<JobState>): void => {
    // what was said once the job is over doesn't make it run again
    if (ended()) return;
    state = { ...state, ...fields };
    onChange(state);
  };
  try {
    const finished = new Promise<void>((resolve) => {
      connection.onSignal = (signal) => {
        if (signal.interface !== iface.transaction) return;
        const end = heard(transactionInterface, 'Finished', signal);
        if (!end) return change(progressOf(signal, state));
        change(endOf(end));
        resolve();
      };
      void connection.closed.then(() => {
        const error = { code: 'service.unreachable', detail: 'the service went away during the job' } as const;
        change({ phase: 'failed', endedAt: seconds(), error });
        resolve();
      });
    });
    const started = connection.call({ path: '/', interface: iface.transaction, member: 'Start', timeoutMs: 0 });
    started.then(
      () => change({ phase: 'running' }),
      // looked at below, unless the job has ended meanwhile: then it is no news
      () => undefined,
    );
    await Promise.race([finished, started]);
    await finished;
    return state;
  } catch (error) {
    if (ended()) return state;
    throw clientError(error);
  } finally {
    connection.close();
  }
}

async function connectToJob(address: string, connectAbstract: AbstractConnector | undefined): Promise<Connection> {
  try {
    return new Connection(await openSocket(address, connectTimeoutMs, connectAbstract));
  } catch (error) {
    throw clientError(error);
  }
}

/** Ask the job behind an address to stop. */
export async function cancelPeerJob(address: string, connectAbstract?: AbstractConnector): Promise<void> {
  const connection = await connectToJob(address, connectAbstract);
  try {
    await connection.call({ path: '/', interface: iface.transaction, member: 'Cancel' });
  } catch (error) {
    throw clientError(error);
  } finally {
    connection.close();
  }
}

const seconds = (): number => Math.floor(Date.now() / 1000);

function endOf([success, text]: readonly [boolean, string]): Partial<JobState> {
  if (success) return { phase: 'succeeded', endedAt: seconds() };
  // ours ends with its code; what a stock daemon says has no name here
  const error = reportOfWire(`${stockPrefix}Failed`, text);
  return {
    phase: ['job.cancelled', 'job.paused'].includes(error.code) || /cancelled/i.test(text) ? 'cancelled' : 'failed',
    endedAt: seconds(),
    error,
  };
}

/** rpm-ostree's progress signals. They know neither weights nor totals of the whole job, so each step counts from 0 to 1. */
function progressOf(signal: DbusMessage, state: JobState): Partial<JobState> {
  const step = (fields: Partial<Progress> & { step: string; fraction: number }): Partial<JobState> => ({
    progress: { stepIndex: 0, stepCount: 1, ...fields },
  });
  const [line] = heard(transactionInterface, 'Message', signal) ?? heard(transactionInterface, 'TaskBegin', signal) ?? [];
  if (line !== undefined) return { messages: [...state.messages, line].slice(-keptMessages) };
  const [text, percentage = 0] = heard(transactionInterface, 'PercentProgress', signal) ?? [];
  if (text !== undefined) return step({ step: text, fraction: percentage / 100 });
  const download = heard(transactionInterface, 'DownloadProgress', signal);
  if (!download) return {};
  const [, , , , [fetched, requested], [bytes, rate]] = download;
  return step({
    step: 'pull',
    fraction: requested > 0 ? Math.min(1, fetched / requested) : 0,
    itemsDone: fetched,
    itemsTotal: requested,
    bytesDone: Number(bytes),
    bytesPerSecond: Number(rate),
  });
}
