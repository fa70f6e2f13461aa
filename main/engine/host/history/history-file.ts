// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import type { HistoryEntry } from '../../../../shared/domain/index.ts';
import { appendLasting } from '../../../files/index.ts';

/** The log of what was done to the system: JSON lines, only ever appended to, so that a crash can tear at most the last line. */
export class HistoryFile {
  private readonly file: string;

  constructor(stateDir: string) {
    this.file = path.join(stateDir, 'history.jsonl');
  }

  /** One write of one whole line: O_APPEND keeps lines of several writers apart. Throws the system's error (disk full ...). */
  append(entry: Omit<HistoryEntry, 'id' | 'at'> & { readonly at?: number }): HistoryEntry {
    const full: HistoryEntry = { id: randomUUID(), at: Math.floor(Date.now() / 1000), ...entry };
    mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o755 });
    // the newline comes first too: after a torn line the new one must not be glued to it
    const start = this.endsTorn() ? '\n' : '';
    appendLasting(this.file, `${start}${JSON.stringify(full)}\n`);
    return full;
  }

  /** The newest `limit` entries, newest first. Lines that can't be read are left out. */
  newest(limit: number): HistoryEntry[] {
    const entries: HistoryEntry[] = [];
    const lines = this.text().split('\n');
    for (let index = lines.length - 1; index >= 0 && entries.length < limit; index--) {
      const entry = parse(lines[index] as string);
      if (entry) entries.push(entry);
    }
    return entries;
  }

  private endsTorn(): boolean {
    const text = this.text();
    return text !== '' && !text.endsWith('\n');
  }

  private text(): string {
    try {
      return readFileSync(this.file, 'utf8');
    } catch {
      return '';
    }
  }
}

function parse(line: string): HistoryEntry | undefined {
  try {
    const entry = JSON.parse(line) as HistoryEntry;
    return typeof entry.id === 'string' && typeof entry.at === 'number' && typeof entry.action === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
