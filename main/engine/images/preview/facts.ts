// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { knownFields } from '../../../files/index.ts';
import type { Descriptor, ImageConfig } from '../oci.ts';
import type { FoundManifest } from '../registry-port.ts';
import { layersOf } from '../store/layout.ts';
import { layerNames, type LayerNames } from './layer-names.ts';

/** A layer as an image's manifest and configuration tell of it. */
export interface LayerFacts extends LayerNames {
  readonly descriptor: Descriptor;
  readonly diffId: string;
  /** Compressed; missing in the manifest of a pulled image, which lists the layers uncompressed. */
  readonly sizeBytes?: number;
}

/** What an image tells of itself. Texts are one line each, without control characters, at most 500 characters long. */
export interface ImageFacts {
  readonly digest: string;
  readonly version?: string;
  readonly title?: string;
  /** `org.opencontainers.image.ref.name`. */
  readonly refName?: string;
  readonly createdSeconds?: number;
  readonly revision?: string;
  /** http or https. */
  readonly sourceUrl?: string;
  /** Label `ostree.commit`. An image made of that one may have inherited it. */
  readonly commit?: string;
  readonly kernel?: string;
  /** Label `quay.expires-after`: `2w`, counted from when it was pushed. */
  readonly expiresAfter?: string;
  readonly layers: readonly LayerFacts[];
  /** Text of `dev.hhd.rechunk.info`. */
  readonly rechunk?: string;
  /** The layer that holds the RPM database and nothing else. */
  readonly rpmdbLayer?: LayerFacts;
}

const standard = 'org.opencontainers.image.';

/** Throws repo.garbage, naming the image, when manifest and configuration contradict each other. `subject`: its reference. */
export function imageFacts(found: Pick<FoundManifest, 'digest' | 'manifest'>, config: ImageConfig, subject = found.digest): ImageFacts {
  const { digest, manifest } = found;
  const listed = layersOf(manifest, config, subject);
  const badId = listed.find(({ diffId }) => !/^sha256:[0-9a-f]{64}$/.test(diffId))?.diffId;
  if (badId !== undefined)
    throw new TreelineError('repo.garbage', { subject, detail: `“${oneLine(badId)}” in its configuration is no layer` });
  // labels are looked for first: builds drop annotations
  const raw = (key: string): string | undefined => config.config?.Labels?.[key] ?? manifest.annotations?.[key];
  const label = (key: string): string | undefined => {
    const text = oneLine(raw(key) ?? '');
    return text === '' ? undefined : text;
  };
  const commit = label('ostree.commit');
  const layers = withPlain(
    layerNames(manifest, config).flatMap((names, i): LayerFacts[] => {
      const layer = listed[i];
      if (!layer) return [];
      const { diffId, ...descriptor } = layer;
      return [{ ...names, descriptor, diffId, ...(isCompressed(descriptor) ? { sizeBytes: descriptor.size } : {}) }];
    }),
    commit !== undefined,
  );
  return {
    digest,
    layers,
    ...knownFields({
      version: label(`${standard}version`),
      title: label(`${standard}title`),
      refName: label(`${standard}ref.name`),
      createdSeconds: seconds(label(`${standard}created`)) ?? seconds(config.created),
      revision: label(`${standard}revision`),
      sourceUrl: webAddress(label(`${standard}source`)),
      commit: commit !== undefined && /^[0-9a-f]{64}$/.test(commit) ? commit : undefined,
      kernel: label('ostree.linux') ?? kernelIn(layers),
      expiresAfter: label('quay.expires-after'),
      rechunk: raw('dev.hhd.rechunk.info'),
      rpmdbLayer: layers.find(
        ({ names, parts }) => names.length === 0 && parts.length === 1 && /^[\w-]+\/rpmdb\.sqlite$/.test(parts[0] ?? ''),
      ),
    }),
  };
}

const isCompressed = ({ mediaType }: Descriptor): boolean => /(?:\+|\.)(?:gzip|zstd)$/.test(mediaType);

const tinyBytes = 64 << 10;

/**
 * Layers without names that hold no package, where others have names: the first one of an OSTree commit, which is the commit itself, and small ones above the named
 * ones, because one that installs a package has the whole RPM database in it, too.
 */
function withPlain(layers: readonly LayerFacts[], isCommit: boolean): LayerFacts[] {
  const top = layers.findLastIndex(({ from }) => from !== 'none');
  if (top < 0) return [...layers];
  return layers.map((layer, i) =>
    layer.from === 'none' && ((i === 0 && isCommit) || (i > top && layer.descriptor.size <= tinyBytes))
      ? { ...layer, complete: true }
      : layer,
  );
}

function kernelIn(layers: readonly LayerFacts[]): string | undefined {
  const exact = layers.flatMap((layer) => layer.exact).find(({ name }) => name === 'kernel-core' || name === 'kernel');
  if (exact) return `${exact.version}-${exact.release}.${exact.arch}`;
  return layers
    .flatMap(({ parts }) => parts)
    .map((part) => /^initramfs \(kernel (\S+)\)$/.exec(part)?.[1])
    .find((version) => version !== undefined);
}

/** RFC 3339 to Unix seconds. */
function seconds(text: string | undefined): number | undefined {
  const ms = text !== undefined && /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  return Number.isFinite(ms) ? Math.floor(ms / 1000) : undefined;
}

function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

/** A publisher's text as one that can be shown. */
export const oneLine = (text: string): string =>
  text
    .slice(0, 500)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .trim();
