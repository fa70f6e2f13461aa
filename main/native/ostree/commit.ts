// SPDX-License-Identifier: LGPL-2.1-or-later
import { knownSeconds } from '../../../shared/domain/index.ts';
import { imageKeys, versionOfImageConfig } from '../../engine/base/commits/image-commit.ts';
import type { GVariantOf } from '../../engine/base/ports/gvariant-types.ts';
import { decodeVariant, Variant, type VariantValue } from '../core/gvariant-format.ts';

/** OstreeRepoCommitState of ostree-repo.h. */
export type CommitState = 'normal' | 'partial' | 'fsck-partial';

/** GVariant type of a commit object (OSTREE_COMMIT_GVARIANT_FORMAT of ostree-core.h). */
export const commitType = '(a{sv}aya(say)sstayay)';

/** A commit object. Its bytes are copied once; the metadata dictionary is decoded when it is first asked for. */
export class Commit {
  readonly checksum: string;
  /** Serialised GVariant, little-endian host form: what signatures are made over. */
  readonly bytes: Buffer;
  readonly state: CommitState;
  /** '' for a first commit. */
  readonly parent: string;
  /** Unix seconds (UTC); 0 for what no date can show. */
  readonly timestamp: number;
  readonly subject: string;
  readonly body: string;
  readonly rootDirtree: string;
  readonly rootDirmeta: string;
  readonly #metadata: Map<string, VariantValue>;
  #version: string | undefined;

  constructor(checksum: string, bytes: Buffer, state: CommitState) {
    const [metadata, parent, , subject, body, time, dirtree, dirmeta] = decodeVariant(commitType, bytes) as [
      Map<string, VariantValue>,
      Buffer,
      unknown,
      string,
      string,
      bigint,
      Buffer,
      Buffer,
    ];
    this.checksum = checksum;
    this.bytes = bytes;
    this.state = state;
    this.parent = parent.toString('hex');
    // ostree stores the time big-endian (ostree_commit_get_timestamp)
    const swapped = Buffer.alloc(8);
    swapped.writeBigUInt64LE(time);
    this.timestamp = knownSeconds(swapped.readBigUInt64BE());
    this.subject = subject;
    this.body = body;
    this.rootDirtree = dirtree.toString('hex');
    this.rootDirmeta = dirmeta.toString('hex');
    this.#metadata = metadata;
  }

  /** Metadata key -> Variant (a{sv}). */
  get metadata(): ReadonlyMap<string, VariantValue> {
    return this.#metadata;
  }

  /** The value of a metadata key without its variant wrapper, undefined if missing or of another type than `type`. */
  value<const S extends string>(key: string, type: S): GVariantOf<S> | undefined {
    const value = this.#metadata.get(key);
    // the decoder makes it from the type and from nothing else
    return value instanceof Variant && value.type === type ? (value.value as GVariantOf<S>) : undefined;
  }

  /** The metadata key `version`, or the version of the container image that this commit stands for; '' if there is none. */
  get version(): string {
    return (this.#version ??= this.value('version', 's') ?? versionOfImageConfig(this.value(imageKeys.config, 's') ?? '') ?? '');
  }
}
