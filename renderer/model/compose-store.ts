// SPDX-License-Identifier: LGPL-2.1-or-later
import { create } from 'zustand';
import type { ComposeCheck, ComposePlan, ComposeResult, JobState, TreefileKey } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import type { ComposeStart, ComposeTarget, OpenTreefile, RecentTreefile } from '../../shared/ipc/index.ts';
import { call } from './bridge.ts';
import { isRunning } from './host-store.ts';

/** What was asked for and is waited for. */
type Busy = 'start' | 'open' | 'save' | 'resolve' | 'compose' | undefined;

interface ComposeState {
  readonly start: ComposeStart | undefined;
  readonly startError: ErrorReport | undefined;
  readonly keys: readonly TreefileKey[];
  readonly file: OpenTreefile | undefined;
  /** Counts openings: a new one is a new document of the editor, even of the same file. */
  readonly opening: number;
  /** What the editor holds. */
  readonly text: string;
  readonly savedText: string;
  readonly check: ComposeCheck | undefined;
  readonly plan: ComposePlan | undefined;
  /** The text and the repository that `plan` is of. */
  readonly planOf: string;
  readonly busy: Busy;
  /** Of the running or last resolve or compose. */
  readonly job: JobState | undefined;
  readonly result: ComposeResult | undefined;
  /** Where the cursor is to go next, counted from 1. */
  readonly jump: { readonly line: number; readonly column: number } | undefined;
  /** Why the last thing that was asked for didn't happen, and what that was. */
  readonly failure: { readonly of: NonNullable<Busy>; readonly error: ErrorReport } | undefined;
}

const nothingOpen = {
  file: undefined,
  text: '',
  savedText: '',
  check: undefined,
  plan: undefined,
  planOf: '',
  job: undefined,
  result: undefined,
  jump: undefined,
  failure: undefined,
} as const;

export const useCompose = create<ComposeState>(() => ({
  start: undefined,
  startError: undefined,
  keys: [],
  opening: 0,
  busy: undefined,
  ...nothingOpen,
}));

const get = useCompose.getState;
const set = useCompose.setState;

export const isChanged = ({ text, savedText, file }: ComposeState): boolean => file !== undefined && text !== savedText;
const inputOf = ({ text, file }: ComposeState): string => `${file?.target?.path ?? ''}\n${text}`;
/** The plan is of another text, or was compared with another repository, than there is now. */
export const isStale = (state: ComposeState): boolean => state.plan !== undefined && state.planOf !== inputOf(state);

export function takeComposeJob(job: JobState): void {
  set({ job });
}

export async function loadStart(): Promise<void> {
  if (get().start && !get().startError) return;
  set({ startError: undefined });
  try {
    const [start, keys] = await Promise.all([call('compose.start'), call('compose.keys')]);
    set({ start, keys });
    if (start.composing) await rejoin(start.composing.token, start.composing.job);
  } catch (error) {
    set({ startError: TreelineError.report(error) });
  }
}

/** A compose that a window before this one began is shown, and waited for, as if it had begun here. */
async function rejoin(token: string, job: JobState): Promise<void> {
  show(await call('compose.openRecent', token));
  set({ job });
  void attempt('compose', () => publish(token));
}

async function publish(token: string): Promise<ComposeResult> {
  const result = await call('compose.run', token);
  set({ result });
  const target = get().file?.target;
  if (target) setTarget({ ...target, state: 'repo' });
  return result;
}

/** Runs what a button asks for, one at a time. */
async function attempt<T>(busy: NonNullable<Busy>, work: () => Promise<T>): Promise<T | undefined> {
  if (get().busy) return undefined;
  set({ busy, failure: undefined });
  try {
    return await work();
  } catch (error) {
    const report = TreelineError.report(error);
    if (report.code !== 'job.cancelled') set({ failure: { of: busy, error: report } });
    return undefined;
  } finally {
    set({ busy: undefined });
  }
}

function show(file: OpenTreefile, text = file.text): void {
  set(({ start, opening }) => ({
    ...nothingOpen,
    file,
    text,
    savedText: file.text,
    opening: opening + 1,
    ...(start ? { start: { ...start, recent: [file, ...start.recent.filter(({ token }) => token !== file.token)] } } : {}),
  }));
  void check();
}

let checkRound = 0;
let checkTimer: ReturnType<typeof setTimeout> | undefined;

/** Asks what is wrong with the text; an answer about an older text is dropped. */
async function check(): Promise<void> {
  const { file, text } = get();
  if (!file) return;
  const round = ++checkRound;
  try {
    const found = await call('compose.check', file.token, text);
    if (round === checkRound) set({ check: found });
  } catch (error) {
    const report = TreelineError.report(error);
    if (round === checkRound) set({ check: { problems: [report], warnings: [], repos: [], usedRepos: [], files: [] } });
  }
}

const quietMs = 350;

export const composeActions = {
  open: () =>
    attempt('open', async () => {
      const file = await call('compose.open');
      if (file) show(file);
    }),
  openRecent: (token: string) => attempt('open', async () => show(await call('compose.openRecent', token))),
  forget: async (token: string): Promise<void> => {
    const recent: readonly RecentTreefile[] = await call('compose.forget', token);
    set(({ start }) => (start ? { start: { ...start, recent } } : {}));
  },
  close: () => set(nothingOpen),
  /** The text of a time before that was never saved. */
  takeDraft: (): void => {
    const { file } = get();
    if (file?.draft === undefined) return;
    const { draft, ...rest } = file;
    show(rest, draft);
  },
  dropDraft: (): void => {
    const { file } = get();
    if (!file) return;
    const { draft: _, ...rest } = file;
    set({ file: rest });
    void call('compose.keepDraft', file.token, null);
  },
  edit: (text: string): void => {
    // what was wrong with a line may be right now
    set(({ failure }) => ({ text, failure: failure?.error.line === undefined ? failure : undefined }));
    clearTimeout(checkTimer);
    checkTimer = setTimeout(() => {
      const state = get();
      if (!state.file) return;
      void check();
      // an offered draft isn't overwritten before the person has decided about it
      if (state.file.draft === undefined) void call('compose.keepDraft', state.file.token, isChanged(state) ? state.text : null);
    }, quietMs);
  },
  save: (overwrite = false) => attempt('save', () => save(overwrite)),
  reload: () => {
    const { file } = get();
    return file ? attempt('open', async () => show(await call('compose.openRecent', file.token))) : Promise.resolve(undefined);
  },
  chooseRepo: () =>
    attempt('open', async () => {
      const { file } = get();
      const target = file && (await call('compose.chooseRepo', file.token));
      if (target) setTarget(target);
    }),
  resolve: () =>
    attempt('resolve', async () => {
      const state = get();
      if (!state.file) return;
      set({ job: undefined });
      const plan = await call('compose.resolve', state.file.token, state.text);
      if (get().opening === state.opening) set({ plan, planOf: inputOf(state) });
    }),
  /** Saves what isn't saved, then composes. */
  compose: () =>
    attempt('compose', async () => {
      const { file } = get();
      if (!file) return undefined;
      set({ job: undefined, result: undefined });
      if (isChanged(get())) await save(false);
      return publish(file.token);
    }),
  cancel: () => void call('compose.cancel').catch(() => undefined),
  jumpTo: (line: number, column = 1) => set({ jump: { line, column } }),
  jumped: () => set({ jump: undefined }),
  dismiss: () => set({ failure: undefined }),
};

async function save(overwrite: boolean): Promise<void> {
  const { file, text } = get();
  if (!file) return;
  await call('compose.save', file.token, text, { overwrite });
  set({ savedText: text });
  // included files and .repo files may have changed with it
  void check();
}

function setTarget(target: ComposeTarget): void {
  set(({ file }) => (file ? { file: { ...file, target } } : {}));
}

/** A resolve or compose whose progress is to be shown. */
export const runningJob = (state: ComposeState): JobState | undefined => (isRunning(state.job) ? state.job : undefined);
