// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import type { HostSnapshot, ScheduledRestart } from '../../shared/domain/index.ts';
import { errorText } from '../../shared/errors/index.ts';
import type { DesktopNotification } from '../client/desktop-session.ts';
import type { HostClient } from '../client/index.ts';
import { readJson, writeJson } from './json-file.ts';
import { decideNotifications, firstNotificationState, type Notice, type NotificationState } from './notification-policy.ts';
import type { Texts } from './texts.ts';

const stateSchema: z.ZodType<NotificationState> = z.object({
  quietAt: z.number(),
  about: z.record(z.string(), z.number()),
  said: z.array(z.string()),
  since: z.number(),
});

interface NotifierOptions {
  readonly client: HostClient;
  /** Where it is remembered what was said. */
  readonly file: string;
  readonly texts: Texts;
  readonly looking: () => boolean;
  readonly wanted: () => boolean;
  readonly show: (notification: DesktopNotification) => Promise<boolean>;
  readonly formatTime: (unixSeconds: number) => string;
}

const unixNow = (): number => Math.floor(Date.now() / 1000);
const oneHour = 3600;

/** Watches the machine's state and says what the policy finds worth saying. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #stop: () => void;
  #state: NotificationState;
  #snapshot: HostSnapshot | undefined;
  #scheduled: { readonly at: number; readonly restart: ScheduledRestart | undefined } = { at: 0, restart: undefined };
  /** One after the other: two answers at once would both find that nothing was said yet. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#state = readJson(options.file, stateSchema, firstNotificationState(unixNow()));
    writeJson(options.file, this.#state);
    const stopSnapshots = options.client.onSnapshot((snapshot) => this.consider(snapshot));
    // age comes without an event, and so does the hour of a scheduled restart
    const timer = setInterval(() => this.#snapshot && this.consider(this.#snapshot), 5 * 60_000);
    timer.unref();
    this.#stop = () => {
      stopSnapshots();
      clearInterval(timer);
    };
  }

  consider(snapshot: HostSnapshot): void {
    this.#snapshot = snapshot;
    this.#work = this.#work.then(() => this.#decide(snapshot)).catch(() => undefined);
  }

  /** What a button of a notification means besides showing the window; true if the window should come up. */
  act(action: string): boolean {
    if (action !== 'postpone') return true;
    this.#options.client.postponeRestart(oneHour).catch(() => undefined);
    return false;
  }

  close(): void {
    this.#stop();
  }

  async #decide(snapshot: HostSnapshot): Promise<void> {
    const { client, looking, wanted, show, file } = this.#options;
    // several snapshots in a second are common while a job runs
    if (unixNow() - this.#scheduled.at >= 10) {
      this.#scheduled = { at: unixNow(), restart: await client.scheduledRestart().catch(() => undefined) };
    }
    const scheduled = this.#scheduled.restart;
    const { notices, state } = decideNotifications(
      { snapshot, scheduled, now: unixNow(), looking: looking(), wanted: wanted() },
      this.#state,
    );
    for (const notice of notices) await show(this.#describe(notice));
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    writeJson(file, state);
  }

  #describe(notice: Notice): DesktopNotification {
    const { texts, formatTime } = this.#options;
    const open = [
      { id: 'default', label: texts('notify.show') },
      { id: 'show', label: texts('notify.show') },
    ];
    const common = { key: notice.key, actions: open };
    switch (notice.kind) {
      case 'did-not-take':
        return { ...common, urgency: 'critical', title: texts('notify.didNotTake', { version: notice.version }), body: notice.text };
      case 'job-failed':
        return {
          ...common,
          urgency: 'critical',
          title: texts('notify.jobFailed'),
          body: errorText(notice.error, texts.error(notice.error.code)).title,
        };
      case 'cannot-check':
        return {
          ...common,
          urgency: 'normal',
          title: texts('notify.cannotCheck', { when: formatTime(notice.since) }),
          body: errorText(notice.error, texts.error(notice.error.code)).title,
        };
      case 'restart-soon':
        return {
          ...common,
          urgency: 'critical',
          actions: [...open, { id: 'postpone', label: texts('notify.postpone') }],
          title: texts('notify.restartSoon', { when: formatTime(notice.at) }),
          body: notice.version ? texts('notify.restartSoonText', { version: notice.version }) : texts('notify.saveWork'),
        };
      case 'security':
        return {
          ...common,
          urgency: 'normal',
          title: texts('notify.security', { version: notice.version }),
          body: texts('notify.securityText', { count: String(notice.count) }),
        };
      case 'old':
        return {
          ...common,
          urgency: 'low',
          title: texts('notify.old', { version: notice.version }),
          body: texts('notify.oldText', { days: String(notice.days) }),
        };
      case 'restart-waits':
        return {
          ...common,
          urgency: 'low',
          title: texts('notify.restartWaits', { version: notice.version }),
          body: texts('notify.restartWaitsText', { days: String(notice.days) }),
        };
    }
  }
}
