// SPDX-License-Identifier: LGPL-2.1-or-later
import type { BrowserWindow } from 'electron';
import { readFile } from 'node:fs/promises';
import type { EtcFile, EtcPreview, Medium, UpdateDetails } from '../../shared/domain/index.ts';
import { reviewJson, reviewMarkdown } from '../../shared/domain/review-report.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { reviewCommands } from '../../shared/ipc/index.ts';
import type { WholeClient } from './app-client.ts';
import { chooseKeyFile, chooseMedium, ChosenKeys, saveAs } from './chosen-files.ts';
import type { Handlers } from './commands.ts';
import type { Texts } from './texts.ts';

type ReviewHandlers = Pick<Handlers, Exclude<keyof typeof reviewCommands, 'app.preferences' | 'app.setPreferences'>>;

interface Surroundings {
  readonly client: WholeClient;
  readonly window: () => BrowserWindow | undefined;
  readonly texts: Texts;
}

async function done(work: Promise<void>): Promise<undefined> {
  await work;
  return undefined;
}

/** Files of /etc whose differences get into a report. */
const reportedFiles = 100;

/** Review, sources, media and restarts. What needs a path asks for it in main's own dialogs: the window never names one. */
export function createReviewHandlers({ client, window, texts }: Surroundings): ReviewHandlers {
  const keys = new ChosenKeys();
  const knownMedia = new Set<string>();
  let lastMedia: { readonly mounts: string; readonly media: readonly Medium[] } | undefined;
  return {
    'review.summary': (checksum) => client.reviewSummary(checksum),
    'review.etc': async (checksum) => {
      const preview = await client.etcPreview(checksum);
      return { ...preview, entries: [...preview.entries] };
    },
    'review.etcFile': (path, checksum) => client.etcFile(path, checksum),
    'review.fetch': (checksum) => client.fetchReview(checksum),
    'review.treeDiff': (from, to, options) => client.treeDiff(from, to, options),
    'review.treeFile': (from, to, path) => client.treeFile(from, to, path),
    'review.preview': (target) => {
      if (target.medium !== undefined) checkMedium(target.medium);
      return client.preview(target);
    },
    'review.export': async (format, checksum) => {
      const [summary, etc, details] = await Promise.all([
        client.reviewSummary(checksum),
        client.etcPreview(checksum).catch(unlessSupported),
        client.updateDetails(),
      ]);
      const input = {
        summary,
        etc,
        etcFiles: await undecidedFiles(etc),
        details: matching(details, summary.toChecksum),
        at: Math.floor(Date.now() / 1000),
      };
      const markdown = format === 'markdown';
      const name = await saveAs(
        window(),
        {
          title: texts('save.title', { version: summary.toVersion }),
          fileName: `review-${fileNamePart(summary.fromVersion)}-${fileNamePart(summary.toVersion)}.${markdown ? 'md' : 'json'}`,
          filter: markdown ? { name: 'Markdown', extensions: ['md'] } : { name: 'JSON', extensions: ['json'] },
        },
        markdown ? reviewMarkdown(input) : reviewJson(input),
      );
      return name === undefined ? undefined : { fileName: name };
    },

    'remotes.list': async () => [...(await client.remotes())],
    'remotes.add': (name, url, options) => client.addRemote(name, url, options),
    'remotes.edit': (name, change) => client.editRemote(name, change),
    'remotes.remove': (name, options) => done(client.removeRemote(name, options)),
    'remotes.chooseKey': async () => {
      const file = await chooseKeyFile(window(), texts('save.chooseKey'));
      if (!file) return undefined;
      const found = await client.inspectKey(file.base64);
      return { token: keys.remember(file.base64), fileName: file.fileName, keys: [...found] };
    },
    'remotes.importKey': async (name, token) => [...(await client.importKey(name, keys.get(token)))],
    'remotes.refs': async (name) => [...(await client.remoteRefs(name))],
    'remotes.versions': async (refspec, limit) => [...(await client.remoteVersions(refspec, limit))],
    'remotes.rebase': (refspec, options) => client.rebase(refspec, options),

    'media.list': async (fresh) => {
      const mounts = await mountTable();
      if (fresh || lastMedia?.mounts !== mounts) lastMedia = { mounts, media: await client.media() };
      for (const { path } of lastMedia.media) knownMedia.add(path);
      return [...lastMedia.media];
    },
    'media.choose': async (kind) => {
      const path = await chooseMedium(
        window(),
        kind,
        texts(kind === 'folder' ? 'save.chooseMedium' : 'save.chooseDelta'),
        texts('save.deltaFiles'),
      );
      if (path === undefined) return undefined;
      knownMedia.add(path);
      return { path };
    },
    'media.upgrade': (path, options) => {
      checkMedium(path);
      return client.upgradeFromMedium(path, options);
    },

    'restart.scheduled': () => client.scheduledRestart(),
    'restart.schedule': (at) => client.scheduleRestart(at),
    'restart.postpone': (seconds) => client.postponeRestart(seconds),
    'restart.cancel': () => done(client.cancelScheduledRestart()),
    'restart.blockers': async () => [...(await client.restartBlockers())],
    'restart.whatsNew': () => client.whatsNew(),
    'restart.acknowledge': () => done(client.acknowledgeWhatsNew()),

    'host.bootOnce': (id, options) => client.bootOnce(id, options),
    'host.deploy': (revision, options) => client.deploy(revision, options),
    'host.pause': () => done(client.pause()),
  };

  /** The texts of what both sides changed: a reviewer wants to see what is missed. A file that can't be read is left out. */
  async function undecidedFiles(etc: EtcPreview | undefined): Promise<EtcFile[]> {
    const paths = (etc?.entries ?? []).filter(({ kind }) => kind === 'both-changed').slice(0, reportedFiles);
    const files = await Promise.allSettled(paths.map(({ path }) => client.etcFile(path, etc?.toChecksum)));
    return files.flatMap((file) => (file.status === 'fulfilled' ? [file.value] : []));
  }

  function checkMedium(path: string): void {
    if (!knownMedia.has(path)) {
      throw new TreelineError('service.bad-argument', { subject: path, detail: 'not among the media that were found or chosen' });
    }
  }
}

/** What is mounted where: asking the service to look through every medium is only worth it when that changed. */
async function mountTable(): Promise<string> {
  return readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
}

/** The /etc part is left out where the service has none; any other failure is one of the report. */
function unlessSupported(error: unknown): undefined {
  if (['not-supported', 'service.lacks'].includes(TreelineError.report(error).code)) return undefined;
  throw error;
}

/** Package changes belong into a report only if they are of the version it is about. */
function matching(details: UpdateDetails, checksum: string): UpdateDetails | undefined {
  return details.toChecksum === checksum ? details : undefined;
}

const fileNamePart = (version: string): string => version.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60) || 'unknown';
