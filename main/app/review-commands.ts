// SPDX-License-Identifier: LGPL-2.1-or-later
import type { BrowserWindow } from 'electron';
import { readFile } from 'node:fs/promises';
import type { EtcFile, EtcPreview, Medium, UpdateDetails } from '../../shared/domain/index.ts';
import { reviewJson, reviewMarkdown } from '../../shared/domain/review-report.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { HostClient } from '../client/index.ts';
import type { OwnHandlers } from '../../shared/ipc/index.ts';
import { chooseKeyFile, chooseMedium, ChosenKeys, saveAs } from './chosen-files.ts';
import type { Texts } from './texts.ts';

type ReviewHandlers = Pick<
  OwnHandlers,
  'review.preview' | 'review.export' | 'remotes.chooseKey' | 'remotes.importKey' | 'media.list' | 'media.choose' | 'media.upgrade'
>;

interface Surroundings {
  readonly client: HostClient;
  readonly window: () => BrowserWindow | undefined;
  readonly texts: Texts;
}

/** Files of /etc whose differences get into a report. */
const reportedFiles = 100;

/** Review, sources, media and restarts. What needs a path asks for it in main's own dialogs: the window never names one. */
export function createReviewHandlers({ client, window, texts }: Surroundings): ReviewHandlers {
  const keys = new ChosenKeys();
  const knownMedia = new Set<string>();
  let lastMedia: { readonly mounts: string; readonly media: readonly Medium[] } | undefined;
  return {
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

    'remotes.chooseKey': async () => {
      const file = await chooseKeyFile(window(), texts('save.chooseKey'));
      if (!file) return undefined;
      const found = await client.inspectKey(file.base64);
      return { token: keys.remember(file.base64), fileName: file.fileName, keys: found };
    },
    'remotes.importKey': (name, token) => client.importKey(name, keys.get(token)),

    'media.list': async (fresh) => {
      const mounts = await mountTable();
      if (fresh || lastMedia?.mounts !== mounts) lastMedia = { mounts, media: await client.media() };
      for (const { path } of lastMedia.media) knownMedia.add(path);
      return lastMedia.media;
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
