// SPDX-License-Identifier: LGPL-2.1-or-later
import { dialog, type BrowserWindow } from 'electron';
import type { AvailablePackage, ComposeResult, JobState } from '../../shared/domain/index.ts';
import { errorText, TreelineError } from '../../shared/errors/index.ts';
import type { OwnHandlers } from '../../shared/ipc/index.ts';
import type { ComposeClient, Draft } from '../local/index.ts';
import type { Texts } from './texts.ts';
import { targetOf, Treefiles } from './treefiles.ts';

type ComposeHandlers = Pick<OwnHandlers, Extract<keyof OwnHandlers, `compose.${string}`>>;

interface Surroundings {
  readonly compose: ComposeClient;
  readonly window: () => BrowserWindow | undefined;
  readonly texts: Texts;
}

const shownCompletions = 60;
const shownReleases = 30;
/** Package lists are asked for again after this long. */
const catalogAgeMs = 10 * 60_000;

interface Catalog {
  readonly key: string;
  readonly at: number;
  readonly packages: Promise<readonly AvailablePackage[]>;
}

/** The Compose page: files and folders come from main's own dialogs, and the window names them by tokens. */
export function createComposeHandlers({ compose, window, texts }: Surroundings): ComposeHandlers {
  const files = new Treefiles();
  const usedRepos = new Map<string, string>();
  /** What a person has allowed to run all the same, until something else is the matter with it. */
  const permitted = new Map<string, string>();
  let catalog: Catalog | undefined;
  let running: { readonly token: string; readonly result: Promise<ComposeResult> } | undefined;
  let job: JobState | undefined;
  compose.onJob((state) => (job = state));

  const draftOf = (token: string, text: string): Draft => ({ treefile: files.pathOf(token), text });
  const repoOf = (token: string): string => {
    const repo = files.repoOf(token);
    if (repo === undefined) throw new TreelineError('service.bad-argument', { subject: token, detail: 'no repository was chosen' });
    return repo;
  };

  /** Names of packages, kept as long as the treefile takes them from the same repositories. */
  function packagesOf(token: string, text: string): Promise<readonly AvailablePackage[]> {
    const key = `${token} ${usedRepos.get(token) ?? ''}`;
    if (catalog?.key !== key || Date.now() - catalog.at > catalogAgeMs) {
      const packages = compose.packages(draftOf(token, text));
      const mine: Catalog = { key, at: Date.now(), packages };
      catalog = mine;
      // what failed is asked for again
      packages.catch(() => {
        if (catalog === mine) catalog = undefined;
      });
    }
    return catalog.packages;
  }

  /** Asked here and not by the window: what a treefile names runs as root, and who wrote it need not be who sits there. Throws job.cancelled. */
  async function permit(treefile: string): Promise<void> {
    // what can't be looked at isn't run either: whoever made it so would be asked about nowhere
    const found = await compose.foreign(treefile);
    const asked = JSON.stringify(found);
    if (found.length === 0 || permitted.get(treefile) === asked) return;
    const told = found.map((report) => errorText(report, texts.error(report.code)));
    const { response } = await ask(window(), {
      type: 'warning',
      message: texts('save.foreignTitle'),
      detail: [...told.slice(0, 8).map(({ explanation }) => explanation), told[0]?.next ?? ''].join('\n\n'),
      buttons: [texts('save.foreignCancel'), texts('save.foreignRun')],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    });
    if (response !== 1) throw new TreelineError('job.cancelled', { subject: treefile });
    permitted.set(treefile, asked);
  }

  async function run(token: string): Promise<ComposeResult> {
    const repo = repoOf(token);
    await permit(files.pathOf(token));
    if (targetOf(repo).state === 'new') await compose.createRepo(repo);
    return compose.compose(files.pathOf(token), repo);
  }

  return {
    'compose.start': async () => {
      const [ability] = await Promise.all([compose.ability(), compose.keys()]);
      const goesOn = running && job?.method === 'compose.tree' && job.endedAt === undefined;
      return { ability, recent: files.recent(), ...(goesOn && running && job ? { composing: { token: running.token, job } } : {}) };
    },
    'compose.open': async () => {
      const file = await choose(window(), {
        title: texts('save.chooseTreefile'),
        properties: ['openFile'],
        filters: [
          { name: texts('save.treefiles'), extensions: ['yaml', 'yml', 'json', 'treefile'] },
          { name: '*', extensions: ['*'] },
        ],
      });
      return file === undefined ? undefined : files.open(file);
    },
    'compose.openRecent': (token) => files.open(files.pathOf(token)),
    'compose.forget': async (token) => files.forget(token),
    'compose.save': (token, text, options) => files.save(token, text, options?.overwrite ?? false),
    'compose.keepDraft': async (token, text) => files.keepDraft(token, text ?? undefined),
    'compose.keys': () => compose.keys(),
    'compose.check': async (token, text) => {
      const check = await compose.check(draftOf(token, text));
      if (check.ref !== undefined) usedRepos.set(token, check.usedRepos.join(' '));
      return check;
    },
    'compose.complete': async (token, text, word) => bestMatches(await packagesOf(token, text), word),
    'compose.chooseRepo': async (token) => {
      const now = files.repoOf(token);
      const repo = await choose(window(), {
        title: texts('save.chooseRepo'),
        properties: ['openDirectory', 'createDirectory'],
        ...(now === undefined ? {} : { defaultPath: now }),
      });
      return repo === undefined ? undefined : files.setRepo(token, repo);
    },
    'compose.resolve': (token, text) => {
      const repo = files.repoOf(token);
      return compose.resolve(draftOf(token, text), repo !== undefined && targetOf(repo).state === 'repo' ? repo : undefined);
    },
    'compose.run': async (token) => {
      if (running?.token !== token) {
        const mine = { token, result: run(token) };
        running = mine;
        const forget = (): void => {
          if (running === mine) running = undefined;
        };
        mine.result.then(forget, forget);
      }
      return running.result;
    },
    'compose.cancel': () => compose.cancel(),
    'compose.releases': async (token, ref) => compose.releases(repoOf(token), ref, shownReleases),
    'compose.release': async (token, checksum) => compose.release(repoOf(token), checksum),
  };
}

const ask = (window: BrowserWindow | undefined, options: Electron.MessageBoxOptions): Promise<Electron.MessageBoxReturnValue> =>
  window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options);

async function choose(window: BrowserWindow | undefined, options: Electron.OpenDialogOptions): Promise<string | undefined> {
  const { canceled, filePaths } = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  return canceled ? undefined : filePaths[0];
}

/** Names that begin with the word, then those that have it inside. */
function bestMatches(packages: readonly AvailablePackage[], word: string): AvailablePackage[] {
  const wanted = word.toLowerCase();
  const inside = packages.filter(({ name }) => name.toLowerCase().includes(wanted));
  const begins = ({ name }: AvailablePackage): number => Number(name.toLowerCase().startsWith(wanted));
  return inside
    .sort((a, b) => begins(b) - begins(a) || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, shownCompletions);
}
