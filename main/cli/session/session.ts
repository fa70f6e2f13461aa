// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { invokedName } from './invoked-name.ts';
import { isWholeSystem } from './whole-system.ts';
import { wholeClient } from '../../client/api.ts';
import { createHostClient, type FullHostClient } from '../../client/index.ts';
import type { JobState } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { DirectClient } from './direct-client.ts';
import { onlyRunning } from './direct-review.ts';
import { connectAbstract } from './worker-path.ts';
import { ProgressPrinter } from '../output/progress.ts';
import { printError, standardOutput } from '../output/terminal.ts';

/** Nothing changed, for the options that ask to be told so. */
export const exitUnchanged = 77;

export interface CommonOptions {
  readonly sysroot?: string;
  readonly stateroot?: string;
  readonly os?: string;
  readonly quiet?: boolean;
}

/** One command's client and its manners: progress, Ctrl+C, errors as one line, exit code. */
export class Session {
  readonly client: FullHostClient;
  readonly quiet: boolean;
  /** Chosen with --stateroot or --os. */
  readonly stateroot: string | undefined;
  private interrupted = false;

  constructor(options: CommonOptions) {
    const { sysroot } = options;
    const { stateroot, os } = options;
    if (stateroot !== undefined && os !== undefined && stateroot !== os) {
      throw new TreelineError('usage.invalid', { detail: `--stateroot=${stateroot} and --os=${os} exclude each other` });
    }
    this.stateroot = stateroot ?? os;
    this.quiet = options.quiet ?? false;
    const own = sysroot !== undefined && sysroot !== '/';
    this.client = own
      ? wholeClient<FullHostClient>(new DirectClient(sysroot, this.stateroot), (name) => () => Promise.reject(onlyRunning(name)))
      : createHostClient({
          clientId: process.env.RPMOSTREE_CLIENT_ID || undefined,
          connectAbstract,
          commandLine: `${invokedName} ${process.argv.slice(2).join(' ')}`,
          detach: false,
          stateroot: this.stateroot,
          stay: false,
        });
  }

  print(line = ''): void {
    standardOutput.print(line);
  }

  printJson(value: unknown): void {
    standardOutput.printJson(value);
  }

  /** Show a job's progress until it ends. A failed or cancelled one is thrown. */
  async follow(start: () => Promise<JobState>): Promise<JobState> {
    const printer = new ProgressPrinter(standardOutput, this.quiet);
    const unsubscribe = this.client.onJob((job) => printer.show(job));
    const interrupt = (): void => {
      // the second time somebody means it
      if (this.interrupted) process.exit(130);
      this.interrupted = true;
      this.client.cancel().catch(printError);
    };
    process.on('SIGINT', interrupt);
    try {
      const job = await start();
      printer.end(job);
      if (job.phase !== 'succeeded') throw TreelineError.fromReport(job.error ?? { code: 'job.cancelled', subject: job.title });
      return job;
    } finally {
      printer.clear();
      unsubscribe();
      process.off('SIGINT', interrupt);
    }
  }
}

/** Runs a command's action; its result is the exit code. */
export function action<A extends unknown[]>(run: (session: Session, ...args: A) => Promise<number | undefined>) {
  return async function (this: Command, ...args: A): Promise<void> {
    let session: Session | undefined;
    try {
      const options = this.optsWithGlobals<CommonOptions>();
      if (isWholeSystem(this) && (options.stateroot ?? options.os) !== undefined) {
        throw new TreelineError('usage.invalid', {
          detail: `“${this.name()}” isn’t about one stateroot: --stateroot and --os can’t be used with it`,
        });
      }
      session = new Session(options);
      process.exitCode = (await run(session, ...args)) ?? 0;
    } catch (error) {
      process.exitCode = printError(error);
    } finally {
      session?.client.close();
    }
  };
}

/** Options of rpm-ostree that this version knows but can't do yet: said by name instead of ignored. */
export function refuseOptions(options: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const given = names.find((name) => {
    const value = options[name];
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  });
  if (given) throw new TreelineError('not-supported', { subject: `--${given.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}` });
}
