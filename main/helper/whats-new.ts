// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { WhatsNew } from '../../shared/domain/index.ts';
import type { SysrootState } from '../engine/jobs/index.ts';
import { atomicFile, hasShape, readJsonFile } from '../files/index.ts';

interface NewsFile {
  readonly format: 1;
  /** Not acknowledged yet. */
  readonly news?: WhatsNew;
  /** Versions it was said of, newest last: a version is said once, also after going back and forth. */
  readonly said: readonly string[];
}

const keptSaid = 50;

const isNewsFile = (value: unknown): value is NewsFile =>
  hasShape(value, { format: 'integer', said: 'strings' }) && value.format === 1 && (value['news'] === undefined || isNews(value['news']));

const isNews = (value: unknown): value is WhatsNew =>
  hasShape(value, { fromVersion: 'string', toVersion: 'string', checksum: 'string', at: 'integer' });

/** "You're now on X": remembered from the first start of a new version until somebody has read it. */
export class News {
  private readonly file: string;

  constructor(stateDir: string) {
    this.file = path.join(stateDir, 'whats-new.json');
  }

  current(): WhatsNew | undefined {
    return this.read().news;
  }

  /** `before`: id and version of what ran until the last start, if there was one before at all. */
  started(state: SysrootState, before: { readonly id?: string | undefined; readonly version?: string | undefined } | undefined): void {
    const booted = state.deployments.find((deployment) => deployment.booted);
    if (!booted || before?.id === undefined) return;
    const { said, news } = this.read();
    const previous = state.deployments.find((deployment) => deployment.id === before.id);
    if (booted.checksum === previous?.checksum || before.id.includes(booted.checksum)) return;
    // who went back knows what there is
    const older = previous !== undefined && previous.origin.refspec === booted.origin.refspec && booted.timestamp <= previous.timestamp;
    if (older) {
      if (news) this.write({ format: 1, said });
      return;
    }
    if (said.includes(booted.checksum)) return;
    // two updates without anybody looking: what is new since the version somebody knew
    const fromVersion = news?.fromVersion ?? before.version ?? '';
    this.write({
      format: 1,
      said,
      news: { fromVersion, toVersion: booted.version, checksum: booted.checksum, at: Math.floor(Date.now() / 1000) },
    });
  }

  acknowledge(): void {
    const { news, said } = this.read();
    if (news) this.write({ format: 1, said: [...said.filter((each) => each !== news.checksum), news.checksum].slice(-keptSaid) });
  }

  private read(): NewsFile {
    try {
      const file = readJsonFile(this.file);
      if (isNewsFile(file)) return file;
    } catch {
      // never said anything
    }
    return { format: 1, said: [] };
  }

  private write(content: NewsFile): void {
    atomicFile(this.file, `${JSON.stringify(content)}\n`, { makeDirectories: true });
  }
}
