// SPDX-License-Identifier: LGPL-2.1-or-later
import { isObject, parseJson } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { imageName } from '../image-names.ts';
import { mediaTypes, parseConfig, parseIndex, parseManifest, type Descriptor, type ImageConfig, type Manifest } from '../oci.ts';
import { configLimitBytes, type DownloadOptions, type FoundManifest, type RegistryImage, type RegistryTarget } from '../registry-port.ts';
import { failure, garbage, readAs } from './failures.ts';
import { fetchBlob } from './fetch-blob.ts';
import { enterReferrer, listReferrers } from './referrers.ts';
import { RegistriesConf, type Endpoint } from './registries-conf.ts';
import { digestOf, listPages, manifestBytes, putManifestBytes } from './requests.ts';
import { Session, subjectOf } from './session.ts';
import { usualSettings, type RegistrySettings } from './settings.ts';
import { FileSink, MemorySink } from './sinks.ts';

const mostTags = 100_000;

/** Registries, by the OCI distribution specification and with the settings of containers' tools. */
export class RegistryClient implements RegistryTarget {
  readonly #settings: RegistrySettings;
  readonly #session: Session;
  #conf: RegistriesConf | undefined;
  /** By repository: the mirror that had it. Asking the dead ones before it again each time would take long. */
  readonly #had = new Map<string, string>();

  constructor(settings: Partial<RegistrySettings> = {}) {
    this.#settings = { ...usualSettings(), ...settings };
    this.#session = new Session(this.#settings);
  }

  /** Let go of all connections. */
  close(): Promise<void> {
    return this.#session.close();
  }

  get #registries(): RegistriesConf {
    return (this.#conf ??= RegistriesConf.read(this.#settings.places));
  }

  /** Ask mirrors in their order, then the registry itself; the error is that of the last, and says which didn't help before it. */
  async #ask<T>(image: RegistryImage, ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    const repository = `${image.host}/${image.name}`;
    const had = this.#had.get(repository);
    const isFirst = (endpoint: Endpoint): boolean => endpoint.image.host === had;
    const all = this.#registries.endpoints(image);
    const endpoints = [...all.filter(isFirst), ...all.filter((endpoint) => !isFirst(endpoint))];
    const failed: string[] = [];
    for (const [i, endpoint] of endpoints.entries()) {
      try {
        const answer = await ask(endpoint);
        this.#had.set(repository, endpoint.image.host);
        return answer;
      } catch (error) {
        if (!(error instanceof TreelineError) || !error.code.startsWith('registry.')) throw error;
        if (i < endpoints.length - 1) {
          failed.push(`${endpoint.image.host} (${error.code})`);
          continue;
        }
        if (failed.length === 0) throw error;
        const { code, detail, ...report } = error.report;
        throw new TreelineError(code, { ...report, detail: `${detail ?? ''}; no better: ${failed.join(', ')}` });
      }
    }
    throw new RangeError('an image is somewhere');
  }

  manifest(image: RegistryImage): Promise<FoundManifest> {
    return this.#ask(image, async (endpoint) => {
      const subject = subjectOf(endpoint);
      const { tag, digest } = endpoint.image;
      const first = await manifestBytes(this.#session, endpoint, digest ?? tag ?? 'latest');
      const value = readAs(subject, () => parseJson(first.bytes.toString(), 'manifest'));
      const kinds = isObject(value) ? ['manifests', 'layers'].filter((name) => Object.hasOwn(value, name)) : [];
      // one reader would see a list where another sees an image
      if (kinds.length !== 1) throw garbage(subject, 'it gives what is neither a manifest nor a list of them');
      const isIndex = kinds[0] === 'manifests';
      const found = isIndex ? await this.#ofArchitecture(endpoint, first.bytes) : first;
      const manifest = readAs(subject, () => parseManifest(found.bytes, found.digest));
      return { ...found, manifest, ...(isIndex ? { index: first.bytes } : {}) };
    });
  }

  async #ofArchitecture(endpoint: Endpoint, index: Buffer): Promise<{ readonly digest: string; readonly bytes: Buffer }> {
    const subject = subjectOf(endpoint);
    const { architecture } = this.#settings;
    const all = readAs(subject, () => parseIndex(index, 'index'));
    const fits = ({ platform }: Descriptor): boolean => platform?.os === 'linux' && platform.architecture === architecture;
    const chosen = all.find(fits) ?? (all.length === 1 && !all[0]?.platform ? all[0] : undefined);
    if (!chosen) {
      const there = [...new Set(all.map(({ platform }) => (platform ? `${platform.os}/${platform.architecture}` : '?')))].join(', ');
      throw failure('registry.not-found', subject, `it has no image for linux/${architecture}, only for ${there || 'none'}`);
    }
    const found = await manifestBytes(this.#session, endpoint, chosen.digest);
    if (found.bytes.length !== chosen.size)
      throw garbage(subject, `${chosen.digest} has ${found.bytes.length} bytes, and its list says ${chosen.size}`);
    return found;
  }

  async config(image: RegistryImage, manifest: Manifest): Promise<ImageConfig> {
    const bytes = await this.blob(image, manifest.config, configLimitBytes);
    const host = this.#had.get(`${image.host}/${image.name}`) ?? image.host;
    return readAs({ host, image: imageName(image) }, () => parseConfig(bytes, manifest.config.digest));
  }

  blob(image: RegistryImage, descriptor: Descriptor, limitBytes: number): Promise<Buffer> {
    const sink = new MemorySink();
    return this.#ask(image, async (endpoint) => {
      requireSize(endpoint, descriptor, limitBytes);
      await fetchBlob(this.#session, endpoint, descriptor, sink);
      return sink.bytes();
    });
  }

  async download(image: RegistryImage, descriptor: Descriptor, file: string, options: DownloadOptions = {}): Promise<void> {
    const sink = await FileSink.open(file, descriptor.size);
    try {
      await this.#ask(image, (endpoint) => fetchBlob(this.#session, endpoint, descriptor, sink, options));
    } catch (error) {
      if (sink.size === 0) await sink.remove();
      throw error;
    } finally {
      await sink.close();
    }
  }

  referrers(image: RegistryImage, digest: string, artifactType?: string): Promise<readonly Descriptor[]> {
    return this.#ask(image, async (endpoint) => {
      const all = await listReferrers(this.#session, endpoint, digest, artifactType);
      return artifactType === undefined ? all : all.filter((each) => each.artifactType === artifactType);
    });
  }

  tags(image: RegistryImage): Promise<readonly string[]> {
    return this.#ask(image, async (endpoint) => {
      const subject = subjectOf(endpoint);
      const tags: string[] = [];
      for await (const { bytes } of listPages(this.#session, endpoint, 'tags/list?n=1000')) {
        const value = readAs(subject, () => parseJson(bytes.toString(), 'list of tags'));
        const page: unknown = isObject(value) ? (value['tags'] ?? []) : undefined;
        if (!Array.isArray(page)) throw garbage(subject, 'its list of tags is none');
        for (const tag of page) {
          if (typeof tag !== 'string' || !/^\w[\w.-]{0,127}$/.test(tag)) throw garbage(subject, 'its list of tags holds what is no tag');
          tags.push(tag);
        }
        if (tags.length > mostTags) throw garbage(subject, `it lists more than ${mostTags} tags`);
      }
      return tags;
    });
  }

  async putBlob(image: RegistryImage, bytes: Buffer): Promise<Pick<Descriptor, 'digest' | 'size'>> {
    const endpoint = this.#registries.target(image);
    const digest = digestOf(bytes);
    await this.#session.persistently(async () => {
      const session = this.#session;
      const there = await session.ask(endpoint, { method: 'HEAD', at: `blobs/${digest}`, push: true, expected: [200, 404] });
      there.drop();
      if (there.status === 200) return;
      const begun = await session.ask(endpoint, {
        method: 'POST',
        at: 'blobs/uploads/',
        push: true,
        body: Buffer.alloc(0),
        expected: [202],
      });
      begun.drop();
      const at = session.addressIn(endpoint, begun, begun.header('location') ?? '');
      at.searchParams.set('digest', digest);
      const headers = { 'content-type': 'application/octet-stream' };
      (await session.ask(endpoint, { method: 'PUT', at, headers, push: true, body: bytes, expected: [201] })).drop();
    });
    return { digest, size: bytes.length };
  }

  async putManifest(image: RegistryImage, bytes: Buffer, mediaType: string): Promise<string> {
    const endpoint = this.#registries.target(image);
    const digest = digestOf(bytes);
    const answer = await putManifestBytes(this.#session, endpoint, image.tag ?? digest, bytes, mediaType);
    if (mediaType !== mediaTypes.manifest || answer.header('oci-subject') !== undefined) return digest;
    const { subject, artifactType, config, annotations } = parseManifest(bytes, digest);
    if (subject)
      await enterReferrer(this.#session, endpoint, subject.digest, {
        mediaType,
        digest,
        size: bytes.length,
        artifactType: artifactType ?? config.mediaType,
        ...(annotations ? { annotations } : {}),
      });
    return digest;
  }
}

function requireSize(endpoint: Endpoint, { digest, size }: Descriptor, limitBytes: number): void {
  if (size > limitBytes) throw garbage(subjectOf(endpoint), `${digest} has ${size} bytes, more than the ${limitBytes} that are taken`);
}
