// SPDX-License-Identifier: LGPL-2.1-or-later
import type { UpdateDetails } from '../../shared/domain/index.ts';
import type { Caller } from './callers.ts';
import { keepNewest } from './kept.ts';

const kept = 16;

/** Answers of finished jobs that only look, for who asked; kept in memory, the newest few. */
export class JobResults {
  private readonly answers = new Map<string, { readonly uids: readonly number[]; readonly result: unknown }>();
  private readonly previews = new Map<string, UpdateDetails>();

  keep(id: string, uids: readonly number[], result: unknown): void {
    put(this.answers, id, { uids, result });
  }

  /** Undefined when there is none, or it is somebody else's. */
  of(id: string, caller: Caller): unknown {
    const answer = this.answers.get(id);
    return answer && (caller.uid === 0 || answer.uids.includes(caller.uid)) ? answer.result : undefined;
  }

  /** What the `Download*RpmDiff` methods found, for the `GetCached*RpmDiff` ones. */
  keepPreview(key: string, details: UpdateDetails): void {
    put(this.previews, key, details);
  }

  preview(key: string): UpdateDetails | undefined {
    return this.previews.get(key);
  }
}

function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  keepNewest(map, kept);
}
