// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import type { HistoryEntry } from '../../../../shared/domain/index.ts';
import { isErrorReport } from '../../../../shared/errors/index.ts';
import { appendLasting, hasShape, isKeyOf } from '../../../files/index.ts';

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
      const entry = parse(lines[index] ?? '');
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

const actions = {
  stage: true,
  deploy: true,
  finalized: true,
  boot: true,
  rollback: true,
  pin: true,
  unpin: true,
  undeploy: true,
  cleanup: true,
  kargs: true,
  initramfs: true,
  'initramfs-etc': true,
  'apply-live': true,
  'finalize-failed': true,
  cancelled: true,
  rebase: true,
  'repair-origin': true,
  repair: true,
  'boot-once': true,
  remote: true,
  'package-repo': true,
  'trust-key': true,
  'restore-etc': true,
  restart: true,
} as const satisfies Record<HistoryEntry['action'], true>;
const results = { ok: true, failed: true, cancelled: true } as const satisfies Record<HistoryEntry['result'], true>;
const entryShape = {
  id: 'string',
  at: 'number',
  action: 'string',
  result: 'string',
  fromVersion: 'string?',
  toVersion: 'string?',
  checksum: 'string?',
  deploymentId: 'string?',
  subject: 'string?',
} as const;

/** Other versions write here, too: what this one has no words for can't be shown. */
const isEntry = (value: unknown): value is HistoryEntry =>
  hasShape(value, entryShape) &&
  isKeyOf(actions, value.action) &&
  isKeyOf(results, value.result) &&
  hasShape(value['by'], { uid: 'number', name: 'string', client: 'string' }) &&
  (value['kernelArgs'] === undefined || hasShape(value['kernelArgs'], { added: 'strings', removed: 'strings' })) &&
  (value['error'] === undefined || isErrorReport(value['error'])) &&
  (value['notRemoved'] === undefined || areNotRemoved(value['notRemoved']));

const areNotRemoved = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => hasShape(each, { path: 'string', detail: 'string' }));

function parse(line: string): HistoryEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}
