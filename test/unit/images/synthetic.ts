// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { formatEvr, formatNevra, type Package, type UpdateDetails } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import {
  buildReleaseChanges,
  pkglistOfPackages,
  type DescribedPackage,
  type EarlierRelease,
} from '../../../main/engine/base/diff/index.ts';
import { changesType, type ImageChanges } from '../../../main/engine/images/changes-artifact.ts';
import { parseManifest, type Descriptor, type ImageConfig, type Manifest } from '../../../main/engine/images/oci.ts';
import { previewImage, type BootedImage, type PreviewOptions } from '../../../main/engine/images/preview/index.ts';
import type { FoundManifest, RegistryImage, RegistryPort } from '../../../main/engine/images/registry-port.ts';

export const sha = (text: string | Buffer): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
export const commitOf = (version: string): string => sha(`commit ${version}`).slice('sha256:'.length);

export const forms = [
  'own',
  'ostree-ext',
  'fcos',
  'rechunk',
  'chunkah',
  'chunkah-comments',
  'stripped',
  'syft',
  'spdx',
  'cyclonedx',
] as const;
export type Form = (typeof forms)[number];

export interface Synthetic {
  readonly found: FoundManifest;
  readonly config: ImageConfig;
  readonly packages: readonly DescribedPackage[];
  readonly referrers: readonly { readonly type: string; readonly bytes: Buffer; readonly mediaType?: string }[];
}

export interface Release {
  readonly version: string;
  readonly packages: readonly DescribedPackage[];
  readonly history?: readonly EarlierRelease[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** One package a layer if its name is short, else in groups: layers as the tools cut them, digests by content. */
function chunks(form: Form, packages: readonly DescribedPackage[]): (readonly DescribedPackage[])[] {
  const groups = new Map<string, DescribedPackage[]>();
  for (const p of packages) {
    const source = p.sourceRpm ?? p.name;
    const chunkahKey = packages.length > 64 ? String(Number.parseInt(sha(source).slice(-4), 16) % 64) : source;
    const key = form.startsWith('chunkah') ? chunkahKey : p.name.length < 6 ? p.name : `group-${p.name.charCodeAt(0) % 5}`;
    groups.set(key, [...(groups.get(key) ?? []), p]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
}

const sourceName = (p: DescribedPackage): string => (p.sourceRpm ?? '').replace(/-[^-]+-[^-]+\.src\.rpm$/, '') || p.name;

/** An image as one of the tools makes it. */
export function makeImage(form: Form, release: Release, previous?: Release): Synthetic {
  const { packages, version } = release;
  const layers: {
    readonly content: string;
    readonly annotations?: Record<string, string>;
    readonly created_by?: string;
    readonly comment?: string;
  }[] = [];
  const isOstree = ['own', 'ostree-ext', 'fcos', 'rechunk'].includes(form);
  if (isOstree) layers.push({ content: `commit ${version}`, created_by: `ostree export of commit ${commitOf(version)}` });
  for (const chunk of chunks(form, packages)) {
    const content = chunk.map(formatNevra).sort().join(' ');
    const names = [...new Set(chunk.map((p) => p.name))];
    if (form === 'own' || form === 'ostree-ext') layers.push({ content, annotations: { 'ostree.components': names.join(',') } });
    else if (form === 'fcos')
      layers.push({ content, created_by: chunk.length <= 5 ? chunk.map(formatNevra).join(' and ') : `${chunk.length} components` });
    else if (form === 'chunkah')
      layers.push({
        content,
        annotations: { 'org.chunkah.component': [...new Set(chunk.map(sourceName))].map((n) => `rpm/${n}`).join(' ') },
      });
    else if (form === 'chunkah-comments')
      layers.push({ content, comment: [...new Set(chunk.map(sourceName))].map((n) => `rpm/${n}`).join(' ') });
    else layers.push({ content });
  }
  if (form === 'chunkah')
    layers.push({ content: `db ${packages.map(formatNevra).join()}`, annotations: { 'org.chunkah.component': 'bigfiles/rpmdb.sqlite' } });
  const firsts = new Map<string, string>();
  for (const p of packages) if (!firsts.has(p.name)) firsts.set(p.name, `${p.version}-${p.release}`);
  const labels: Record<string, string> = {
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.title': 'Test OS',
    'org.opencontainers.image.created': `20${version.slice(0, 2)}-01-01T00:00:00Z`,
    ...(isOstree ? { 'ostree.commit': commitOf(version) } : {}),
    ...(form === 'rechunk'
      ? {
          'dev.hhd.rechunk.info': JSON.stringify({
            version: 2,
            uniq: 'x',
            packages: Object.fromEntries(firsts),
            layers: layers.slice(1).map(() => []),
          }),
        }
      : {}),
    ...release.labels,
  };
  const config: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map(({ content }) => sha(content)) },
    history: layers.map(({ created_by, comment }) => ({ ...(created_by ? { created_by } : {}), ...(comment ? { comment } : {}) })),
  };
  const manifest: Manifest = {
    schemaVersion: 2,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha(JSON.stringify(config)),
      size: JSON.stringify(config).length,
    },
    layers: layers.map(({ content, annotations }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: sha(`gz ${content}`),
      size: 100_000 + content.length,
      ...(annotations ? { annotations } : {}),
    })),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { found: { digest: sha(bytes), bytes, manifest }, config, packages, referrers: referrersOf(form, release, previous) };
}

function referrersOf(form: Form, release: Release, previous: Release | undefined): Synthetic['referrers'] {
  const { packages, version } = release;
  if (form === 'own') {
    const changes: ImageChanges = {
      format: 1,
      commit: commitOf(version),
      version,
      timeSeconds: 1,
      changes: buildReleaseChanges({
        ...(previous ? { parent: commitOf(previous.version), parentVersion: previous.version } : {}),
        version,
        timeSeconds: 1,
        from: previous?.packages ?? [],
        to: packages,
      }),
      history: release.history ?? [],
      packages: pkglistOfPackages(packages),
    };
    return [{ type: changesType, bytes: gzipSync(JSON.stringify(changes)) }];
  }
  const purl = (p: Package): string =>
    `pkg:rpm/fedora/${encodeURIComponent(p.name)}@${p.version}-${p.release}?arch=${p.arch}&epoch=${p.epoch}&upstream=x`;
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  if (form === 'syft') {
    const artifacts = packages.map((p) => ({
      name: p.name,
      version: formatEvr(p),
      type: 'rpm',
      metadata: { name: p.name, epoch: p.epoch === 0 ? null : p.epoch, arch: p.arch, release: p.release },
    }));
    const key = { name: 'gpg-pubkey', version: '105ef944-65ca83d1', type: 'rpm', metadata: {} };
    return [
      {
        type: 'application/vnd.spdx+json',
        bytes: json({ artifacts: [...artifacts, key, { name: 'six', version: '1', type: 'python' }], descriptor: { name: 'syft' } }),
      },
    ];
  }
  if (form === 'spdx')
    return [
      {
        type: 'application/spdx+json',
        bytes: gzipSync(
          json({
            spdxVersion: 'SPDX-2.3',
            packages: [
              { name: 'image' },
              ...packages.map((p) => ({ name: p.name, externalRefs: [{ referenceType: 'purl', referenceLocator: purl(p) }] })),
            ],
          }),
        ),
      },
    ];
  if (form === 'cyclonedx')
    return [
      {
        type: 'application/vnd.cyclonedx+json',
        bytes: json({ bomFormat: 'CycloneDX', components: packages.map((p) => ({ type: 'library', name: p.name, purl: purl(p) })) }),
      },
    ];
  return [];
}

export const reference = 'docker://registry.test/os:stable';
export const image: RegistryImage = { host: 'registry.test', name: 'os', tag: 'stable' };

/** A registry in memory that counts what it is asked for, and the bytes of its answers. */
export class MemoryRegistry implements Pick<RegistryPort, 'manifest' | 'config' | 'blob' | 'referrers'> {
  readonly #at: Synthetic;
  readonly asked: string[] = [];
  bytes = 0;

  constructor(at: Synthetic) {
    this.#at = at;
  }

  #artifacts(): { readonly descriptor: Descriptor; readonly manifest: Buffer; readonly blob: Buffer }[] {
    return this.#at.referrers.map(({ type, bytes, mediaType = 'application/octet-stream' }) => {
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          artifactType: type,
          config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha('{}'), size: 2 },
          layers: [{ mediaType, digest: sha(bytes), size: bytes.length }],
        }),
      );
      return {
        descriptor: {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: sha(manifest),
          size: manifest.length,
          artifactType: type,
        },
        manifest,
        blob: bytes,
      };
    });
  }

  #answer<T>(what: string, bytes: number, value: T): Promise<T> {
    this.asked.push(what);
    this.bytes += bytes;
    return Promise.resolve(value);
  }

  manifest({ digest }: RegistryImage): Promise<FoundManifest> {
    if (digest === undefined) return this.#answer('manifest', this.#at.found.bytes.length, this.#at.found);
    const found = this.#artifacts().find((a) => a.descriptor.digest === digest);
    if (!found) return Promise.reject(new TreelineError('repo.not-found', { subject: digest }));
    return this.#answer('artifact', found.manifest.length, {
      digest,
      bytes: found.manifest,
      manifest: parseManifest(found.manifest, digest),
    });
  }

  config(): Promise<ImageConfig> {
    return this.#answer('config', JSON.stringify(this.#at.config).length, this.#at.config);
  }

  blob(_: RegistryImage, { digest, size }: Descriptor, limitBytes: number): Promise<Buffer> {
    const found = this.#artifacts().find((a) => sha(a.blob) === digest);
    if (!found || size > limitBytes) return Promise.reject(new TreelineError('repo.not-found', { subject: digest }));
    return this.#answer('blob', found.blob.length, found.blob);
  }

  referrers(): Promise<readonly Descriptor[]> {
    const list = this.#artifacts().map((a) => a.descriptor);
    return this.#answer('referrers', JSON.stringify(list).length, list);
  }
}

/** An image as it is stored after it was pulled: its layers are uncompressed. */
export function asBooted({ found, config, packages }: Synthetic): BootedImage {
  const layers = found.manifest.layers.map((layer, i) => ({
    ...layer,
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    digest: config.rootfs.diff_ids[i] ?? '',
    size: layer.size * 2,
  }));
  return { digest: found.digest, manifest: { ...found.manifest, layers }, config, packages };
}

export async function look(
  from: Synthetic,
  to: Synthetic,
  options: Partial<PreviewOptions> = {},
): Promise<{ details: UpdateDetails; registry: MemoryRegistry }> {
  const registry = new MemoryRegistry(to);
  const { details } = await previewImage(registry, image, asBooted(from), {
    reference,
    nowSeconds: 1_700_000_000,
    freeBytes: 1e10,
    ...options,
  });
  return { details, registry };
}
