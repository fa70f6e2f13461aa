// SPDX-License-Identifier: LGPL-2.1-or-later
import { severityNumber, type Advisory, type Package } from '../../../../shared/domain/index.ts';
import { parse } from 'yaml';
import { parseJson, readRegularFile, isObject, type JsonObject } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { changesKey, historyKey, pkglistOfPackages } from '../../base/diff/index.ts';
import type { ComposeParams } from './params.ts';
import { withNumbers } from '../treefile/treefile-parse.ts';
import type { MetadataPlace, Treefile } from '../treefile/treefile.ts';

export type MakeVariant = (type: string, value: unknown) => unknown;

export interface MetadataInput {
  readonly treefile: Treefile;
  readonly params: ComposeParams;
  readonly version: string;
  readonly inputhash: string;
  readonly packages: readonly Package[];
  readonly repos: readonly { readonly id: string; readonly timestamp: number }[];
  readonly advisories: readonly Advisory[];
  /** Bytes of treeline.changes. */
  readonly changes: Uint8Array;
  /** Bytes of treeline.history. */
  readonly history: Uint8Array | undefined;
  readonly kernel: string | undefined;
}

/** The metadata of a composed commit: rpm-ostree's keys, ours, and what treefile and command line add. Sorted by key, so that equal input gives equal bytes. */
export function commitMetadata(input: MetadataInput, variant: MakeVariant): Map<string, unknown> {
  const metadata = new Map<string, unknown>();
  for (const [key, value] of Object.entries(input.treefile.addCommitMetadata)) metadata.set(key, fromJson(value, variant));
  for (const file of input.params.addMetadataFromJson ?? [])
    for (const [key, value] of Object.entries(readJson(file))) metadata.set(key, fromJson(value, variant));
  for (const pair of input.params.addMetadataString ?? []) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new TreelineError('usage.invalid', { subject: '--add-metadata-string', detail: `“${pair}” isn't KEY=VALUE` });
    metadata.set(pair.slice(0, equals), variant('s', pair.slice(equals + 1)));
  }
  if (input.version !== '') metadata.set('version', variant('s', input.version));
  // a builder that has one of its own (osbuild) compares with that
  if (!metadata.has('rpmostree.inputhash')) metadata.set('rpmostree.inputhash', variant('s', input.inputhash));
  metadata.set('rpmostree.rpmdb.pkglist', variant('a(sssss)', pkglistOfPackages(input.packages)));
  for (const [key, value] of repositoryFacts(input, 'inline', variant)) metadata.set(key, value);
  if (input.treefile.initramfsArgs.length > 0) metadata.set('rpmostree.initramfs-args', variant('as', [...input.treefile.initramfsArgs]));
  if (input.treefile.containerCmd.length > 0) metadata.set('ostree.container-cmd', variant('as', [...input.treefile.containerCmd]));
  if (input.kernel !== undefined) {
    metadata.set('ostree.bootable', variant('b', true));
    metadata.set('ostree.linux', variant('s', input.kernel));
  }
  metadata.set(changesKey, variant('ay', Buffer.from(input.changes)));
  if (input.history) metadata.set(historyKey, variant('ay', Buffer.from(input.history)));
  return new Map([...metadata].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What goes beside the commit: of rpm-md repositories and advisories, what the treefile wants `detached`. */
export const detachedMetadata = (
  input: Pick<MetadataInput, 'treefile' | 'repos' | 'advisories'>,
  variant: MakeVariant,
): Map<string, unknown> => repositoryFacts(input, 'detached', variant);

/** Which repositories the packages came from, and which advisories the tree fulfils, as far as they go to `place`. */
function repositoryFacts(
  { treefile, repos, advisories }: Pick<MetadataInput, 'treefile' | 'repos' | 'advisories'>,
  place: MetadataPlace,
  variant: MakeVariant,
): Map<string, unknown> {
  const facts = new Map<string, unknown>();
  const rows = repos.map(({ id, timestamp }) => [
    ['id', variant('s', id)],
    ['timestamp', variant('t', BigInt(timestamp))],
  ]);
  if (treefile.repoMetadata === place) facts.set('rpmostree.rpmmd-repos', variant('aa{sv}', rows));
  if (treefile.advisoriesMetadata === place && advisories.length > 0)
    facts.set(
      'rpmostree.advisories',
      variant(
        'a(suuasa{sv})',
        advisories.map((a) => advisoryRow(a, variant)),
      ),
    );
  return facts;
}

const kindNumber = { unknown: 0, security: 1, bugfix: 2, enhancement: 3, newpackage: 4 } as const;

/** rpm-ostree's row: id, kind (libdnf's number), severity, packages, further facts. */
function advisoryRow(advisory: Advisory, variant: MakeVariant): unknown[] {
  const cves = advisory.references.filter((r) => r.kind === 'cve').map((r) => [r.url, r.title || r.id]);
  const more = cves.length > 0 ? [['cve_references', variant('a(ss)', cves)]] : [];
  return [advisory.id, kindNumber[advisory.kind], severityNumber(advisory.severity), advisory.packages, more];
}

/** JSON as a variant, in rpm-ostree's (json-glib's) mapping. */
function fromJson(value: unknown, variant: MakeVariant): unknown {
  if (typeof value === 'string') return variant('s', value);
  if (typeof value === 'boolean') return variant('b', value);
  // serde and json-glib keep 64 bits
  if (typeof value === 'bigint') return value < 1n << 63n && value >= -(1n << 63n) ? variant('x', value) : variant('d', Number(value));
  if (typeof value === 'number') return Number.isInteger(value) ? variant('x', BigInt(value)) : variant('d', value);
  if (Array.isArray(value))
    return variant(
      'av',
      value.map((item) => fromJson(item, variant)),
    );
  if (typeof value === 'object' && value !== null)
    return variant(
      'a{sv}',
      Object.entries(value).map(([key, item]) => [key, fromJson(item, variant)]),
    );
  return variant('mv', null);
}

function readJson(file: string): JsonObject {
  try {
    const text = readRegularFile(file).toString();
    parseJson(text, file);
    // JSON is YAML, whose reader keeps all digits of an integer
    const value = withNumbers(parse(text, { intAsBigInt: true, schema: 'json' }), (exact) => exact);
    if (isObject(value)) return value;
    throw new Error('not an object');
  } catch (error) {
    throw new TreelineError('usage.invalid', {
      subject: '--add-metadata-from-json',
      file,
      detail: `${file}: ${TreelineError.report(error).detail}`,
    });
  }
}
