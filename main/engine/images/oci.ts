// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { TreelineError } from '../../../shared/errors/index.ts';
import { atomicFile, parseJson, readRegularFile } from '../../files/index.ts';

/** The parts of the OCI image format (opencontainers/image-spec 1.1) that are used here. */
const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
  /** Of what refers to another manifest: what it is. */
  artifactType: z.string().optional(),
  /** In a list of images of several architectures. */
  platform: z.object({ architecture: z.string(), os: z.string() }).optional(),
});
const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor),
  annotations: z.record(z.string(), z.string()).optional(),
  artifactType: z.string().optional(),
  /** The manifest that this one refers to. */
  subject: descriptor.optional(),
});
const indexSchema = z.object({ schemaVersion: z.literal(2), manifests: z.array(descriptor) });
const configSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  created: z.string().optional(),
  // further keys (Env, Entrypoint ...) are kept for images made of this one
  config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish(), Cmd: z.array(z.string()).nullish() }).optional(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(z.string()) }),
  /** One entry for each step that made the image; those that aren't `empty_layer` are its layers, in order. */
  history: z
    .array(z.looseObject({ created_by: z.string().optional(), comment: z.string().optional(), empty_layer: z.boolean().optional() }))
    .nullish(),
});
export type Descriptor = z.infer<typeof descriptor>;
export type Manifest = z.infer<typeof manifestSchema>;
export type ImageConfig = z.infer<typeof configSchema>;

const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.oci.image.config.v1+json',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  tar: 'application/vnd.oci.image.layer.v1.tar',
} as const;
export { mediaTypes };

const refName = 'org.opencontainers.image.ref.name';
/** Of an image's entry in the index: digests of what refers to it, where that has no entries of its own (see `setManifest`). */
const referrersKey = 'org.treeline.referrers';

function garbage(subject: string, error: unknown): TreelineError {
  return new TreelineError('repo.garbage', {
    subject,
    detail: error instanceof z.ZodError ? z.prettifyError(error) : (TreelineError.report(error).detail ?? ''),
  });
}

/** What a manifest file says. Throws repo.garbage. */
export function parseManifest(bytes: Buffer, subject: string): Manifest {
  try {
    return manifestSchema.parse(parseJson(bytes.toString('utf8'), subject));
  } catch (error) {
    throw garbage(subject, error);
  }
}

/** What a list of images, or of what refers to one, says. Throws repo.garbage. */
export function parseIndex(bytes: Buffer, subject: string): readonly Descriptor[] {
  try {
    return indexSchema.parse(parseJson(bytes.toString('utf8'), subject)).manifests;
  } catch (error) {
    throw garbage(subject, error);
  }
}

/** What an image's configuration says. Throws repo.garbage. */
export function parseConfig(bytes: Buffer, subject: string): ImageConfig {
  try {
    return configSchema.parse(parseJson(bytes.toString('utf8'), subject));
  } catch (error) {
    throw garbage(subject, error);
  }
}

/** A directory in the OCI image layout. */
export class OciDirectory {
  readonly path: string;

  constructor(location: string) {
    this.path = location;
  }

  /** Make the layout, or go on in one that is there. */
  static create(location: string): OciDirectory {
    mkdirSync(path.join(location, 'blobs/sha256'), { recursive: true });
    writeFileSync(path.join(location, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    return new OciDirectory(location);
  }

  get blobs(): string {
    return path.join(this.path, 'blobs/sha256');
  }

  /** Of a digest that the schema of an index or manifest has judged. */
  blobPath(digest: string): string {
    return path.join(this.blobs, digest.replace(/^sha256:/, ''));
  }

  /** A small blob, checked. Throws repo.not-found, repo.corrupt. */
  readBlob(digest: string): Buffer {
    const file = this.blobPath(digest);
    if (!existsSync(file)) throw new TreelineError('repo.not-found', { subject: digest, detail: `${this.path} hasn’t got it` });
    const bytes = readRegularFile(file);
    if (`sha256:${sha256(bytes)}` !== digest)
      throw new TreelineError('repo.corrupt', { subject: file, detail: 'its content doesn’t fit its name' });
    return bytes;
  }

  writeBlob(bytes: Buffer): { readonly digest: string; readonly size: number } {
    const digest = sha256(bytes);
    writeFileSync(path.join(this.blobs, digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  }

  #index(): Descriptor[] {
    const file = path.join(this.path, 'index.json');
    return existsSync(file) ? [...parseIndex(readRegularFile(file), file)] : [];
  }

  /** The image of a tag; without one, the only image. */
  manifest(tag?: string): { readonly digest: string; readonly manifest: Manifest } | undefined {
    const all = this.#index().filter((d) => d.artifactType === undefined);
    const found = tag === undefined ? (all.length === 1 ? all[0] : undefined) : all.find((d) => d.annotations?.[refName] === tag);
    return found && { digest: found.digest, manifest: parseManifest(this.readBlob(found.digest), found.digest) };
  }

  /** What refers to an image, each with its manifest. Throws repo.corrupt, repo.garbage, repo.not-found. */
  referrers(digest: string): { readonly digest: string; readonly manifest: Manifest }[] {
    const index = this.#index();
    const named = index.filter((d) => d.digest === digest).flatMap((d) => this.#namedBy(d));
    return [...index.filter((d) => d.artifactType !== undefined).map((d) => d.digest), ...named]
      .map((d) => ({ digest: d, manifest: parseManifest(this.readBlob(d), d) }))
      .filter(({ manifest }) => manifest.subject?.digest === digest);
  }

  config(manifest: Manifest): ImageConfig {
    return parseConfig(this.readBlob(manifest.config.digest), manifest.config.digest);
  }

  /**
   * Make an image the one of its tag (without one: the only one), and remove blobs that no image needs any more. `referrers`: what refers to it, written here
   * before. They get entries of their own, as the format has it, unless the image has to stay the only entry: tools of others that name no tag take an image only
   * then (`isAlone`, always without a tag). The image's entry names them in an annotation in that case.
   */
  setManifest(manifest: Manifest, tag?: string, referrers: readonly Descriptor[] = [], isAlone = tag === undefined): string {
    const { digest, size } = this.writeBlob(Buffer.from(JSON.stringify(manifest)));
    const annotations = {
      ...(tag === undefined ? {} : { [refName]: tag }),
      ...(isAlone && referrers.length > 0 ? { [referrersKey]: referrers.map((r) => r.digest).join(' ') } : {}),
    };
    const entry = { mediaType: mediaTypes.manifest, digest, size, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) };
    const others = tag === undefined ? [] : this.#index().filter((d) => d.annotations?.[refName] !== tag);
    const images = [...others.filter((d) => d.artifactType === undefined), entry];
    const there = new Set(images.map((d) => d.digest));
    // of an image that stays with another tag, and not once more what this one brings
    const kept = others.filter(
      (d) =>
        d.artifactType !== undefined &&
        !referrers.some((r) => r.digest === d.digest) &&
        there.has(parseManifest(this.readBlob(d.digest), d.digest).subject?.digest ?? ''),
    );
    const manifests = [...images, ...kept, ...(isAlone ? [] : referrers)];
    atomicFile(path.join(this.path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    this.#removeUnused();
    return digest;
  }

  /** Referrers that an image's entry names, as far as they are here: a tool that knows nothing of the annotation may have removed them. */
  #namedBy({ annotations }: Descriptor): string[] {
    const named = (annotations?.[referrersKey] ?? '').split(' ').filter((d) => /^sha256:[0-9a-f]{64}$/.test(d));
    return named.filter((d) => existsSync(this.blobPath(d)));
  }

  #removeUnused(): void {
    const used = new Set<string>();
    for (const { digest } of this.#index().flatMap((entry) => [entry, ...this.#namedBy(entry).map((d) => ({ digest: d }))])) {
      const { config, layers } = parseManifest(this.readBlob(digest), digest);
      for (const d of [digest, config.digest, ...layers.map((l) => l.digest)]) used.add(d.slice('sha256:'.length));
    }
    for (const name of readdirSync(this.blobs)) if (!used.has(name)) rmSync(path.join(this.blobs, name), { force: true });
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
