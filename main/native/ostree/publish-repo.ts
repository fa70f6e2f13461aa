// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { CommitChange, DeltaName, MirrorRepo, OpenPublishRepo, PruneOutcome } from '../../engine/base/ports/publish.ts';
import type { Signing } from '../../engine/base/ports/compose-store.ts';
import type { PullRequest } from '../../engine/base/ports/pull.ts';
import type { ObjectKind } from '../../engine/base/ports/sysroot.ts';
import { Variant, type VariantValue } from '../core/index.ts';
import { decodeVariant } from '../core/gvariant-format.ts';
import { checkDelta, deltaParts, generateRepoDelta, listDeltas, reindexDeltas } from './deltas.ts';
import { parseSummary, summaryType } from './fetch-summary.ts';
import { verifyObject } from './object-file.ts';
import { pull } from './pull.ts';
import { listCommits, prune } from './prune.ts';
import { signCommitObject, writeSummary } from './publish.ts';
import { reachableObjects } from './reachable.ts';
import { Repo } from './repo.ts';
import { NamedKeys } from './sign.ts';
import { Transaction, writeCommitObject } from './write.ts';

/** libostree, as publishing sees it. */
class OstreePublishRepo implements MirrorRepo {
  readonly repo: Repo;

  constructor(location: string) {
    this.repo = Repo.open(location);
  }

  [Symbol.dispose](): void {
    this.repo[Symbol.dispose]();
  }

  get path(): string {
    return this.repo.path;
  }

  get mode(): string {
    return this.repo.mode;
  }

  requireWritable(): void {
    this.repo.requireWritable();
  }

  listCommits(): string[] {
    return listCommits(this.repo);
  }

  reachable(checksum: string): ReadonlySet<string> {
    return reachableObjects(this.repo, checksum);
  }

  verifyObject(type: ObjectKind, checksum: string): void {
    verifyObject(this.repo, type, checksum);
  }

  prune(keep: readonly string[], dryRun: boolean): PruneOutcome {
    return prune(this.repo, keep, dryRun);
  }

  listDeltas(): DeltaName[] {
    return listDeltas(this.repo);
  }

  generateDelta(from: string | undefined, to: string): void {
    generateRepoDelta(this.repo, from, to);
  }

  reindexDeltas(): void {
    reindexDeltas(this.repo);
  }

  checkDelta(directory: string, name: DeltaName): string | undefined {
    return checkDelta(directory, name);
  }

  deltaParts(superblock: Uint8Array): string[] {
    return deltaParts(superblock);
  }

  pull(request: PullRequest): void {
    pull(this.repo, request);
  }

  setRemote(name: string, url: string): void {
    // signatures are checked by the caller, with the keys it was given
    this.repo.setRemote(name, url, { 'gpg-verify': false });
    this.repo.reloadConfig();
  }

  sign(checksum: string, signing: Signing): void {
    signCommitObject(this.repo, checksum, signing);
  }

  writeSummary(signing: Signing): void {
    writeSummary(this.repo, signing);
  }

  rebind(checksum: string, { parent, metadata, ref, signing }: CommitChange): string {
    const commit = this.repo.loadCommit(checksum);
    using transaction = new Transaction(this.repo);
    const made = writeCommitObject(this.repo, {
      parent,
      subject: commit.subject,
      body: commit.body,
      metadata: new Map<string, unknown>([...commit.metadata, ...metadata].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
      root: { dirtree: commit.rootDirtree, dirmeta: commit.rootDirmeta },
      timeSeconds: commit.timestamp,
    });
    signCommitObject(this.repo, made, signing);
    transaction.setRef(ref, made);
    transaction.commit();
    return made;
  }

  variant(type: string, value: unknown): unknown {
    return new Variant(type, value as VariantValue);
  }

  parseSummary(bytes: Uint8Array): { readonly refs: ReadonlyMap<string, string>; readonly deltas: ReadonlyMap<string, string> } {
    const buffer = Buffer.from(bytes);
    const refs = new Map(parseSummary(buffer, this.path).map((row) => [row.ref, row.checksum]));
    const [, metadata] = decodeVariant(summaryType, buffer) as unknown as [unknown, Map<string, VariantValue>];
    const listed = metadata.get('ostree.static-deltas');
    const deltas =
      listed instanceof Variant && listed.type === 'a{sv}' ? (listed.value as unknown as Map<string, VariantValue>) : new Map();
    return {
      refs,
      deltas: new Map(
        [...deltas].map(([name, sum]) => [name as string, sum instanceof Variant ? (sum.value as Buffer).toString('hex') : '']),
      ),
    };
  }

  parseSignatures(bytes: Uint8Array): { readonly gpg: readonly Uint8Array[]; readonly ed25519: readonly Uint8Array[] } {
    const map = decodeVariant('a{sv}', Buffer.from(bytes)) as Map<string, VariantValue>;
    const of = (key: string): Buffer[] => {
      const value = map.get(key);
      return value instanceof Variant && value.type === 'aay' ? (value.value as Buffer[]) : [];
    };
    return { gpg: of('ostree.gpgsigs'), ed25519: of('ostree.sign.ed25519') };
  }

  namedKeys(keyring: Uint8Array): NamedKeys {
    return new NamedKeys(keyring);
  }
}

export const openPublishRepo: OpenPublishRepo = (location) => new OstreePublishRepo(path.resolve(location));

/** As openPublishRepo; an archive repository is made where there is nothing. */
export const openOrCreateArchive: OpenPublishRepo = (location) => {
  if (!existsSync(path.join(location, 'config'))) {
    mkdirSync(location, { recursive: true });
    Repo.create(path.resolve(location), 'archive')[Symbol.dispose]();
  }
  return openPublishRepo(location);
};
