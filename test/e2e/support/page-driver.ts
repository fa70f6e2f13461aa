// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import type { HostSnapshot, JobState } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { closeDisplay, openDisplay } from './display.ts';
import { checkout, launchApp, ordinaryUser } from './ordinary-user.ts';

export type Answer = { readonly value: unknown } | { readonly error: ErrorReport } | { readonly pending: true };

/** What test/e2e/support/scripted-client.mjs puts on globalThis of the main process. */
interface Script {
  setSnapshot(snapshot: unknown): void;
  emitJob(job: unknown): void;
  emitComposeJob(job: unknown): void;
  answers: Record<string, unknown>;
  takeCalls(): unknown[][];
}
const scriptOf = (): Script => (globalThis as unknown as { treelineScript: Script }).treelineScript;

export interface PageDriver {
  readonly app: ElectronApplication;
  readonly page: Page;
  /** Everything the page complained about on its console. */
  readonly complaints: string[];
  /** Loads the page anew with this snapshot and these answers of the service. */
  show(snapshot: HostSnapshot, answers?: Readonly<Record<string, Answer>>): Promise<void>;
  update(snapshot: HostSnapshot): Promise<void>;
  emitJob(job: JobState): Promise<void>;
  /** A job of the composer, which runs beside the service. */
  emitComposeJob(job: JobState): Promise<void>;
  /** What a method of the service answers from now on. */
  answer(method: string, answer: Answer): Promise<void>;
  /** Calls the service got since the last time, without arguments' prototypes. */
  calls(): Promise<unknown[][]>;
  resize(width: number, height: number, zoomFactor?: number): Promise<void>;
  dark(on: boolean): Promise<void>;
  /** Violations of axe's rules, each as one readable line. */
  axe(): Promise<string[]>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where to leave pictures of every state, for people to look at. */
const pictures = process.env['TREELINE_SCREENSHOTS'];

export async function startPageDriver(env: Readonly<Record<string, string>> = {}): Promise<PageDriver> {
  const user = ordinaryUser();
  const app = await launchApp(user, { TREELINE_TEST_CLIENT: path.join(checkout, 'test/e2e/support/scripted-client.mjs'), ...env });
  const page = await app.firstWindow();
  page.setDefaultTimeout(180_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return {
    app,
    page,
    complaints,
    async show(snapshot, answers = {}) {
      await app.evaluate(
        (_electron, [code, given, replies]) => {
          const script = (0, eval)(`(${code})`)() as Script;
          script.answers = replies;
          script.setSnapshot(given);
          script.takeCalls();
        },
        [scriptOf.toString(), snapshot, answers] as const,
      );
      await page.reload();
      await page.waitForSelector('h1');
    },
    update: (snapshot) =>
      app.evaluate((_electron, [code, given]) => ((0, eval)(`(${code})`)() as Script).setSnapshot(given), [
        scriptOf.toString(),
        snapshot,
      ] as const),
    emitJob: (job) =>
      app.evaluate((_electron, [code, given]) => ((0, eval)(`(${code})`)() as Script).emitJob(given), [scriptOf.toString(), job] as const),
    emitComposeJob: (job) =>
      app.evaluate((_electron, [code, given]) => ((0, eval)(`(${code})`)() as Script).emitComposeJob(given), [
        scriptOf.toString(),
        job,
      ] as const),
    answer: (method, answer) =>
      app.evaluate(
        (_electron, [code, name, given]) => {
          ((0, eval)(`(${code})`)() as Script).answers[name] = given;
        },
        [scriptOf.toString(), method, answer] as const,
      ),
    calls: () => app.evaluate((_electron, code) => ((0, eval)(`(${code})`)() as Script).takeCalls(), scriptOf.toString()),
    async resize(width, height, zoomFactor = 1) {
      const set = (): Promise<void> =>
        app.evaluate(
          ({ BrowserWindow }, [w, h, zoom]) => {
            const [window] = BrowserWindow.getAllWindows();
            window?.setContentSize(w, h);
            window?.webContents.setZoomFactor(zoom);
          },
          [width, height, zoomFactor] as const,
        );
      const reached = (timeout: number): Promise<unknown> =>
        page.waitForFunction((expected) => Math.abs(innerWidth - expected) < 3, Math.round(width / zoomFactor), { timeout });
      // a window that is being shown takes its first size once more, after ours
      for (let tries = 0; tries < 4; tries++) {
        await set();
        if (
          await reached(2000).then(
            () => true,
            () => false,
          )
        )
          return;
      }
      await set();
      await reached(8000);
    },
    // Playwright overrides what the desktop says, so it has to be told
    dark: (on) => page.emulateMedia({ colorScheme: on ? 'dark' : 'light' }),
    async axe() {
      await page.waitForFunction(() =>
        document
          .getAnimations()
          .every((animation) => animation.playState !== 'running' || animation.effect?.getTiming().iterations === Infinity),
      );
      await page.evaluate(axeSource);
      return page.evaluate(async () => {
        const { axe } = window as unknown as {
          axe: {
            run(
              context: object,
              options: object,
            ): Promise<{ violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[] }>;
          };
        };
        // what was announced a moment ago may name what is gone by now
        const { violations } = await axe.run({ exclude: ['[data-live-announcer]'] }, { resultTypes: ['violations'] });
        return violations.flatMap((violation) =>
          violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 200)} (${node.failureSummary})`),
        );
      });
    },
    async screenshot(name) {
      if (!pictures) return;
      mkdirSync(pictures, { recursive: true });
      // what fades in or changes its colours is shown as it ends
      await page.screenshot({ path: path.join(pictures, `${name}.png`), animations: 'disabled' });
    },
    async close() {
      await app.close();
      user.remove();
    },
  };
}

/** A window for the tests of a file or a group, on a display of their own where there is none. `env`: as startPageDriver has it. */
export function withPageDriver(give: (driver: PageDriver) => void, env?: Parameters<typeof startPageDriver>[0]): void {
  let driver: PageDriver | undefined;
  beforeAll(async () => {
    await openDisplay();
    driver = await startPageDriver(env);
    give(driver);
  });
  afterAll(async () => {
    await driver?.close();
    await closeDisplay();
  });
}
