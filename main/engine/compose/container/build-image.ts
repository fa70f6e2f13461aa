// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { readJsonFile, isObject, type JsonObject } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { databasePlaces, isDatabase } from '../build/rootfs.ts';
import { Tree } from '../../base/tree/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ImageSource } from '../../base/ports/container.ts';
import type { InstalledPackage } from '../../base/ports/rpm.ts';
import type { CommitPort } from '../../base/ports/sysroot.ts';
import { dealChunks, type Layout } from './chunks.ts';
import { componentsOf } from './components.ts';
import type { EncapsulateParams, EncapsulatePorts } from './encapsulate.ts';
import { layerName } from './layer-names.ts';
import { LayerWriter, type WrittenLayer } from './layer-writer.ts';
import { mediaTypes, type Manifest, type OciDirectory } from '../../images/oci.ts';
import { writeChunk, writeCommitLayer } from './tar-layout.ts';
import { indexTree } from './tree-index.ts';
import type { LayerContent } from './update-size.ts';

const componentsKey = 'ostree.components';
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  s390x: 's390x',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
  ia32: '386',
  arm: 'arm',
};

export interface Build {
  readonly params: EncapsulateParams;
  readonly source: ImageSource;
  readonly commit: CommitPort;
  readonly oci: OciDirectory;
  readonly context: JobContext;
}

export interface BuiltImage {
  readonly manifest: Manifest;
  readonly layout: Layout;
  readonly contents: readonly LayerContent[];
  /** Of the commit's database, by component. */
  readonly packages: ReadonlyMap<string, readonly InstalledPackage[]>;
}

/** Time of a commit as image formats write it. */
export const createdOf = (commit: CommitPort): string => new Date(commit.timestamp * 1000).toISOString().replace('.000Z', 'Z');

/** Write layers and configuration; the manifest is returned, not yet named. */
export async function buildImage(
  { params, source, commit, oci, context }: Build,
  earlier: Layout | undefined,
  ports: EncapsulatePorts,
  maxLayers: number,
  scratch: string,
): Promise<BuiltImage> {
  const tree = indexTree(source, commit.rootDirtree, commit.rootDirmeta);
  const database = extractDatabase(source, commit.checksum, scratch);
  const packages = database === undefined ? [] : ports.rpm.readRpmdb({ root: database, dbPath: '/', changelogs: true });
  const { components, packages: byComponent, rest } = componentsOf(tree, packages, source);
  const chunks = dealChunks(components, maxLayers - 1, earlier);
  const compression = !params.image.startsWith('containers-storage:');
  const write = async (run: (layer: LayerWriter) => Promise<void>, index: number): Promise<WrittenLayer> => {
    context.progress({
      step: 'layers',
      stepIndex: 0,
      stepCount: 1,
      fraction: index / (chunks.length + 1),
      itemsDone: index,
      itemsTotal: chunks.length + 1,
    });
    const layer = new LayerWriter(oci.blobs, compression);
    await run(layer);
    return layer.finish();
  };
  const first = await write((layer) => writeCommitLayer(layer, source, commit, tree, rest), 0);
  const layers: { readonly layer: WrittenLayer; readonly names: readonly string[] }[] = [];
  const contents: LayerContent[] = [];
  for (const [i, chunk] of chunks.entries()) {
    const layer = await write(
      (to) =>
        writeChunk(
          to,
          source,
          tree,
          chunk.flatMap((c) => c.objects),
          { parents: params.formatVersion === 2 },
        ),
      i + 1,
    );
    layers.push({ layer, names: chunk.map((c) => c.name) });
    contents.push({ sizeBytes: layer.sizeBytes, components: chunk });
  }
  const last = layers.at(-1)?.layer ?? first;
  const base = baseConfig(params);
  const labels = labelsOf(params, commit, last, labelsIn(base));
  const created = createdOf(commit);
  const commitCmd = commit.value('ostree.container-cmd', 'as');
  const cmd = params.cmd && params.cmd.length > 0 ? params.cmd : commitCmd;
  const blob = oci.writeBlob(
    Buffer.from(
      JSON.stringify({
        created,
        architecture: params.arch ?? architectures[process.arch] ?? process.arch,
        os: 'linux',
        config: { ...base, ...(cmd ? { Cmd: cmd } : {}), Labels: labels },
        rootfs: { type: 'layers', diff_ids: [first, ...layers.map((l) => l.layer)].map((l) => `sha256:${l.diffId}`) },
        history: [
          { created, created_by: commit.subject.slice(0, 200) || `ostree export of commit ${commit.checksum}` },
          ...layers.map(({ names }) => ({ created, created_by: layerName(names, byComponent) })),
        ],
      }),
    ),
  );
  const mediaType = compression ? mediaTypes.gzip : mediaTypes.tar;
  const entry = (layer: WrittenLayer, annotations?: Record<string, string>): Manifest['layers'][number] => ({
    mediaType,
    digest: `sha256:${layer.digest}`,
    size: layer.sizeBytes,
    ...(annotations ? { annotations } : {}),
  });
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...blob },
    layers: [entry(first), ...layers.map(({ layer, names }) => entry(layer, { [componentsKey]: names.join(',') }))],
    annotations: labels,
  };
  return { manifest, layout: layers.map((l) => l.names), contents, packages: byComponent };
}

/** The first RPM database of the commit, copied; undefined when it has none. */
function extractDatabase(source: ImageSource, checksum: string, scratch: string): string | undefined {
  return databasePlaces
    .map((place, i) => ({ place, copy: path.join(scratch, `rpmdb-${i}`) }))
    .find(({ place, copy }) => {
      if (!source.extract(checksum, place, copy)) return false;
      using tree = new Tree(copy);
      return isDatabase(tree, '');
    })?.copy;
}

/** The labels by which bootc and rpm-ostree know what is in an image, over those it starts from. Sorted, for equal bytes. */
function labelsOf(
  params: EncapsulateParams,
  commit: CommitPort,
  last: WrittenLayer,
  before: Readonly<Record<string, string>>,
): Record<string, string> {
  const labels = new Map<string, string>([
    ...Object.entries(before),
    ['ostree.commit', commit.checksum],
    ['ostree.final-diffid', `sha256:${last.diffId}`],
  ]);
  if (commit.version !== '') {
    labels.set('version', commit.version);
    labels.set('org.opencontainers.image.version', commit.version);
  }
  if (commit.value('ostree.bootable', 'b') === true) {
    labels.set('ostree.bootable', 'true');
    labels.set('containers.bootc', '1');
  }
  const linux = commit.value('ostree.linux', 's');
  if (typeof linux === 'string') labels.set('ostree.linux', linux);
  for (const key of [...(params.copyMeta ?? []), ...(params.copyMetaOpt ?? [])]) {
    const value = commit.value(key, 's');
    if (typeof value === 'string') labels.set(key, value);
    else if (params.copyMeta?.includes(key))
      throw new TreelineError('usage.invalid', { subject: '--copymeta', detail: `the commit has no text “${key}”` });
  }
  for (const [key, value] of Object.entries(params.labels ?? {})) labels.set(key, value);
  return Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Labels of an image's configuration; null, as Go writes an empty map, are none. */
function labelsIn({ Labels: labels }: JsonObject): Readonly<Record<string, string>> {
  if (labels === undefined || labels === null) return {};
  if (!isObject(labels)) throw new TreelineError('file.unreadable', { detail: 'its Labels are no map' });
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => {
      if (typeof value !== 'string') throw new TreelineError('file.unreadable', { detail: `its label ${key} is no text` });
      return [key, value];
    }),
  );
}

function baseConfig(params: EncapsulateParams): JsonObject {
  if (params.imageConfig === undefined) return {};
  try {
    const config = readJsonFile(params.imageConfig);
    if (!isObject(config)) throw new TreelineError('file.unreadable', { detail: 'it is no configuration of an image' });
    labelsIn(config);
    return config;
  } catch (error) {
    throw new TreelineError('usage.invalid', {
      subject: '--image-config',
      detail: `${params.imageConfig}: ${TreelineError.report(error).detail}`,
    });
  }
}

/** Which components are in which content layer of an image. */
export const layoutOf = ({ layers }: Manifest): Layout =>
  layers.flatMap(({ annotations }) => (annotations?.[componentsKey] === undefined ? [] : [annotations[componentsKey].split(',')]));
