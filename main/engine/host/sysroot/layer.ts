// SPDX-License-Identifier: LGPL-2.1-or-later
import { inHostOrder, type ClientLayer, type CommitMeta, type Deployment, type MetaValue } from '../../../../shared/domain/index.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import type { VariantPort } from '../../base/ports/gvariant-types.ts';
import { hasShape } from '../../../files/index.ts';

type Load = (checksum: string) => CommitPort | undefined;

/** rpm-ostree marks what it made on this machine from a base and packages, and gives it the base as its parent. */
export const isLayer = (commit: CommitPort): boolean => commit.value('rpmostree.clientlayer', 'b') === true && commit.parent !== '';

/** The commit that versions are compared by: that of a client layer's base, else the commit itself. */
export function baseChecksum(repo: Pick<RepoPort, 'tryLoadCommit'>, checksum: string): string {
  const commit = repo.tryLoadCommit(checksum);
  return commit && isLayer(commit) ? commit.parent : checksum;
}

/** Base, packages and metadata of a deployment's commit. */
export function layerOf(commit: CommitPort, load: Load): Pick<Deployment, 'baseMeta' | 'layer'> {
  if (!isLayer(commit)) return { baseMeta: metadataOf(commit) };
  const base = load(commit.parent);
  const texts = (key: string): readonly string[] => commit.value(key, 'as') ?? [];
  const layer: ClientLayer = {
    base: { checksum: commit.parent, ...(base ? { version: base.version, timestamp: base.timestamp } : {}) },
    packages: texts('rpmostree.packages'),
    modules: texts('rpmostree.modules'),
    meta: metadataOf(commit),
  };
  return { baseMeta: base ? metadataOf(base) : {}, layer };
}

/** Binary tables for clients that look for updates: some kilobytes to megabytes each, and read from the commit itself. */
const tables = ['treeline.changes', 'treeline.history', 'ostree.sizes'];

function metadataOf(commit: CommitPort): CommitMeta {
  const entries = [...commit.metadata].filter(([key]) => !tables.includes(key));
  return inHostOrder(Object.fromEntries(entries.flatMap(([key, value]) => (isVariant(value) ? [[key, metaValue(value)]] : []))));
}

/** A decoded GVariant (native/core/gvariant-format.ts) as JSON. */
function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item)]));
  return isVariant(value) ? metaValue(value) : value;
}

const isVariant = (value: unknown): value is VariantPort => hasShape(value, { type: 'string' }) && 'value' in value;

const metaValue = ({ type, value }: VariantPort): MetaValue => ({ type, value: toJson(value) });
