// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ImageUpdate, UpdateDetails } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { knownFields } from '../../../files/index.ts';
import { changesType, readImageChanges } from '../changes-artifact.ts';
import type { Descriptor, ImageConfig } from '../oci.ts';
import type { FoundManifest, RegistryImage, RegistryPort } from '../registry-port.ts';
import type { BootedImage } from './booted.ts';
import { imageFacts, type ImageFacts } from './facts.ts';
import { fromLayers, newLayers } from './from-layers.ts';
import { fromRechunk } from './from-rechunk.ts';
import { parseRechunk } from './rechunk.ts';
import { sbomLimits, sbomPackages } from './sbom.ts';
import { fromChanges, fromSbom, nothingTold, sameContent, type Told } from './told.ts';
import { imageWarnings } from './warnings.ts';

export interface PreviewOptions {
  /** Shown, and named in errors: `docker://quay.io/fedora/fedora-coreos:stable`. */
  readonly reference: string;
  /** `exact`: also what is large, an SBOM. */
  readonly wanted?: 'quick' | 'exact';
  readonly nowSeconds: number;
  /** Free space for the new content. */
  readonly freeBytes: number;
  /** Checksum of the booted commit, for UpdateDetails; the booted image's digest without. */
  readonly bootedChecksum?: string;
}

export interface ImagePreview {
  readonly details: UpdateDetails;
  readonly found: FoundManifest;
  readonly config: ImageConfig;
  readonly facts: ImageFacts;
}

type Port = Pick<RegistryPort, 'manifest' | 'config' | 'blob' | 'referrers'>;

/** Of the own referrer; its writer keeps below 48 kB. */
const changesLimitBytes = 1 << 20;
/** What SBOMs are called: what one is, its content tells. */
const sbomType = /spdx|cyclonedx|syft|sbom/i;

/**
 * What the image of a registry brings against the booted one, from its manifest, its configuration and, where it may have it, its own referrer: kilobytes. A source
 * that can't be used is told as `image.problem`, and the next one taken. Throws registry.* for the image itself, repo.garbage when it contradicts itself.
 */
export async function previewImage(
  port: Port,
  image: RegistryImage,
  booted: BootedImage | undefined,
  options: PreviewOptions,
): Promise<ImagePreview> {
  const { reference } = options;
  const found = await port.manifest(image);
  const here = booted?.manifest.config.digest === found.manifest.config.digest ? booted.config : undefined;
  const config = here ?? (await port.config(image, found.manifest));
  const facts = imageFacts(found, config, reference);
  const before = booted && imageFacts(booted, booted.config, booted.digest);
  const { told, problem } = await tellBest({ port, image, options, facts, booted, before });
  const come = newLayers(facts, before);
  const id = facts.digest.replace(/^sha256:/, '');
  const exactTime = facts.createdSeconds ?? 0;
  const details: UpdateDetails = {
    fromChecksum: options.bootedChecksum ?? booted?.digest ?? '',
    fromVersion: before?.version ?? '',
    toChecksum: id,
    toVersion: facts.version ?? '',
    toTimeSeconds: exactTime,
    packages: told.packages,
    advisories: told.advisories ?? [],
    releases: told.releases ?? [{ version: facts.version ?? '', checksum: id, timeSeconds: exactTime }],
    sizes: {
      downloadBytes: sum(come.map(({ descriptor }) => descriptor.size)),
      downloadExact: true,
      downloadObjects: come.length,
      // a registry tells only the packed sizes: it takes more than this
      diskBytes: sum(come.map(({ descriptor }) => descriptor.size)),
      freeBytes: options.freeBytes,
      ...knownFields({ installedDeltaBytes: told.installedDeltaBytes }),
    },
    signatures: [],
    notTold: [
      ...(['advisories', 'changelogs'] as const).filter((what) => told.cannotKnow.includes(what)),
      // who may sign is decided by rules, elsewhere
      'signatures',
    ],
    source: told.source,
    image: {
      reference,
      digest: facts.digest,
      fromDigest: booted?.digest ?? '',
      tier: told.tier,
      cannotKnow: told.cannotKnow,
      touched: told.touched,
      layers: { total: facts.layers.length, new: come.length, untold: come.filter(({ complete }) => !complete).length },
      warnings: imageWarnings(facts, before, options.nowSeconds),
      ...knownFields({
        title: facts.title,
        revision: facts.revision,
        sourceUrl: facts.sourceUrl,
        createdSeconds: facts.createdSeconds,
        kernel: facts.kernel ?? told.kernel,
        problem,
      }),
    },
    ...(told.cannotKnow.includes('changelogs') && facts.rpmdbLayer ? { rpmdbBytes: facts.rpmdbLayer.descriptor.size } : {}),
  };
  return { details, found, config, facts };
}

const sum = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);

interface Question {
  readonly port: Port;
  readonly image: RegistryImage;
  readonly options: PreviewOptions;
  readonly facts: ImageFacts;
  readonly booted: BootedImage | undefined;
  readonly before: ImageFacts | undefined;
}

type Problem = ImageUpdate['problem'];

interface Answer {
  readonly told: Told;
  readonly problem?: Problem;
}

/** The best source that there is; what the manifest and the configuration tell costs no request. */
async function tellBest(question: Question): Promise<Answer> {
  const { facts, booted, before, options } = question;
  if (!booted || !before) return { told: nothingTold };
  if (facts.digest === before.digest || isSameList(facts, before)) return { told: sameContent };
  let problem: Problem;
  // only an image of a commit can be one of ours, and what rechunk made isn't
  if (options.wanted === 'exact' || (facts.commit !== undefined && facts.rechunk === undefined)) {
    const answer = await tryRun(() => fromReferrers(question, booted, before));
    if (answer.told) return { told: answer.told };
    problem = answer.problem;
  }
  if (facts.rechunk !== undefined) {
    const label = facts.rechunk;
    const answer = await tryRun(() => {
      const now = parseRechunk(label, options.reference);
      const was = before.rechunk === undefined ? undefined : parseRechunk(before.rechunk, before.digest);
      return fromRechunk(now, was, booted, facts.layers.length);
    });
    if (answer.told) return { told: answer.told, problem };
    problem ??= answer.problem;
  }
  return { told: fromLayers(facts, before, booted) ?? nothingTold, problem };
}

const isSameList = (a: ImageFacts, b: ImageFacts): boolean =>
  a.layers.length === b.layers.length && a.layers.every(({ diffId }, i) => diffId === b.layers[i]?.diffId);

async function tryRun(run: () => Told | undefined | Promise<Told | undefined>): Promise<{ told?: Told | undefined; problem?: Problem }> {
  try {
    return { told: await run() };
  } catch (error) {
    return { problem: TreelineError.report(error) };
  }
}

/** One request for what refers to the image; then the own referrer, else, when asked for, an SBOM. */
async function fromReferrers(question: Question, booted: BootedImage, before: ImageFacts): Promise<Told | undefined> {
  const { port, image, facts, options } = question;
  const { reference } = options;
  const all = await port.referrers(image, facts.digest);
  const own = all.find(({ artifactType }) => artifactType === changesType);
  let failed: unknown;
  if (own) {
    try {
      const changes = readImageChanges(await onlyLayer(question, own, changesLimitBytes), reference);
      if (changes && changes.commit !== facts.commit)
        throw new TreelineError('repo.garbage', { subject: reference, detail: `${changesType}: it is of another commit than the image` });
      if (changes) return fromChanges(changes, booted, before.commit);
    } catch (error) {
      failed = error;
    }
  }
  if (options.wanted === 'exact') {
    const sboms = all.filter(({ artifactType }) => sbomType.test(artifactType ?? ''));
    for (const sbom of sboms) {
      try {
        return fromSbom(sbomPackages(await onlyLayer(question, sbom, sbomLimits.packedBytes), reference), booted);
      } catch (error) {
        failed ??= error;
      }
    }
    if (sboms.length === 0) failed ??= new TreelineError('repo.not-found', { subject: reference, detail: 'it has no SBOM' });
  }
  if (failed !== undefined) throw failed;
  return undefined;
}

async function onlyLayer({ port, image, options }: Question, artifact: Descriptor, limitBytes: number): Promise<Buffer> {
  const { host, name } = image;
  const { manifest } = await port.manifest({ host, name, digest: artifact.digest });
  const [layer, ...more] = manifest.layers;
  if (!layer || more.length > 0)
    throw new TreelineError('repo.garbage', {
      subject: options.reference,
      detail: `${artifact.artifactType ?? artifact.digest} has ${manifest.layers.length} layers`,
    });
  return await port.blob(image, layer, limitBytes);
}
