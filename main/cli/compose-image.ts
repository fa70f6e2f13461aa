// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { TreelineError } from '../../shared/errors/index.ts';
import type { JobParams, JobResult } from '../engine/jobs/index.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { sizeText } from './output/progress.ts';
import { countOf, repeated } from './signing-options.ts';
import { standardOutput } from './output/terminal.ts';

interface ImageFlags extends BesideFlags, SigstoreFlags {
  readonly cachedir?: string;
  readonly sourceRoot?: string;
  readonly layerRepo?: string;
  readonly authfile?: string;
  readonly initialize?: boolean;
  readonly initializeMode: string;
  readonly format: string;
  readonly forceNocache?: boolean;
  readonly offline?: boolean;
  readonly writeLockfileTo?: string;
  readonly lockfile: readonly string[];
  readonly lockfileStrict?: boolean;
  readonly label: readonly string[];
  readonly imageConfig?: string;
  readonly touchIfChanged?: string;
  readonly copyRetryTimes?: string;
  readonly maxLayers?: string;
  readonly tlsVerify: boolean;
  readonly wait: boolean;
}

type Image = JobResult<'compose.encapsulate'>;

export const quietOf = (command: Command): boolean => command.optsWithGlobals<{ quiet?: boolean }>().quiet ?? false;

/** `KEY=VALUE` words as an object. Throws usage.invalid. */
export function pairs(option: string, list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) throw new TreelineError('usage.invalid', { subject: option, detail: `${option}: “${text}” isn’t KEY=VALUE` });
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

export function imageLines({ image, commit, manifestDigest, layers, bytes, reusedLayers, update, beside, signedBy }: Image): string[] {
  const reused = reusedLayers > 0 ? `, ${reusedLayers} as before` : '';
  return [
    `Commit: ${commit}`,
    `Layers: ${layers}, ${sizeText(bytes)}${reused}`,
    ...(update ? [updateLine(update, layers)] : []),
    ...beside.map((artifact) => `Beside it: ${artifact.artifactType}, ${sizeText(artifact.bytes)}`),
    ...(signedBy === undefined ? [] : [`Signed by sha256:${signedBy}`]),
    `${image} => ${manifestDigest}`,
  ];
}

function updateLine({ layers, bytes, payloadBytes }: NonNullable<Image['update']>, all: number): string {
  const payload = payloadBytes === undefined ? 'unknown' : sizeText(payloadBytes);
  const ratio = payloadBytes === undefined || payloadBytes === 0 ? '' : `; ratio: ${(bytes / payloadBytes).toFixed(2)}`;
  return `This update: ${sizeText(bytes)} in ${layers} of ${all} layers; changed packages’ payload: ${payload}${ratio}`;
}

/** Options about what is put beside an image. */
export const withBeside = (command: Command): Command =>
  command
    .option('--no-changes', 'don’t put what the commit changes beside the image, by which clients see an update before they fetch it')
    .option('--sbom <format>', 'put a list of the packages beside the image: cyclonedx or spdx (JSON)');

/** Options about signing an image: skopeo’s and podman’s names. */
export const withSigstore = (command: Command): Command =>
  command
    .option(
      '--sign-by-sigstore-private-key <file>',
      'sign the image with this private key (cosign’s, or PKCS #8 in PEM); it goes into the registry beside the image',
    )
    .option('--sign-passphrase-file <file>', 'the first line is the passphrase of that key');

export interface SigstoreFlags {
  readonly signBySigstorePrivateKey?: string;
  readonly signPassphraseFile?: string;
}

export const sigstoreOf = ({ signBySigstorePrivateKey, signPassphraseFile }: SigstoreFlags): Partial<Required<SigstoreFlags>> =>
  given({ signBySigstorePrivateKey, signPassphraseFile });

export interface BesideFlags {
  readonly changes: boolean;
  readonly sbom?: string;
}

/** Throws usage.invalid. */
export function besideOf({ changes, sbom }: BesideFlags): Pick<JobParams<'compose.encapsulate'>, 'changes' | 'sbom'> {
  if (sbom !== undefined && sbom !== 'cyclonedx' && sbom !== 'spdx')
    throw new TreelineError('usage.invalid', { subject: '--sbom', detail: `“${sbom}” isn’t cyclonedx or spdx` });
  return { changes, ...(sbom === undefined ? {} : { sbom }) };
}

/** Given options only: exactOptionalPropertyTypes has no undefined. */
export function given<T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

export const formatVersions = 'of the layout: in 2 each layer has the directories of its files, with owners and modes';

/** Throws not-supported. */
export function formatVersionOf(text: string): 1 | 2 {
  if (text !== '1' && text !== '2') throw new TreelineError('not-supported', { subject: `--format-version ${text}` });
  return text === '1' ? 1 : 2;
}

/** Commands about container images. */
export function addImageCommands(compose: Command): void {
  addImage(compose);
  addEncapsulate(compose);
  compose
    .command('container-unencapsulate')
    .description('Take the commit out of a container image, into a repository: the same commit, with its signatures')
    .argument('<imgref>', 'oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or docker://HOST/NAME[:TAG]')
    .requiredOption('-r, --repo <path>', 'OSTree repository')
    .option('--write-ref <ref>', 'branch that gets the commit')
    .option('--authfile <path>', 'credentials for the registry')
    .option('--no-tls-verify', 'without TLS, or with a certificate that nobody vouches for')
    .action(
      async (
        image: string,
        flags: { readonly repo: string; readonly writeRef?: string; readonly authfile?: string; readonly tlsVerify: boolean },
        command: Command,
      ) =>
        reportErrors(async () => {
          const params = {
            image,
            repo: flags.repo,
            insecure: !flags.tlsVerify,
            ...given({ ref: flags.writeRef, authfile: flags.authfile }),
          };
          const outcome = await followJob('compose.unencapsulate', params, { quiet: quietOf(command) });
          const name = flags.writeRef === undefined ? '' : `${flags.writeRef} => `;
          standardOutput.print(`${name}${outcome.commit}`, `${outcome.objects} new objects out of ${outcome.layers} layers`);
          return 0;
        }),
    );
}

function addImage(compose: Command): void {
  withSigstore(withBeside(compose.command('image')))
    .description('Compose a treefile and make a container image of the commit')
    .argument('<manifest>')
    .argument('<output>', 'file, directory, or HOST/NAME:TAG')
    .option('--format <format>', 'ociarchive, oci or registry', 'ociarchive')
    .option('--cachedir <path>', 'keep packages, metadata and earlier commits here')
    .option('--source-root <path>', 'take repositories, variables and version from this root where the treefile says nothing')
    .option('--layer-repo <path>', 'repository of the treefile’s ostree-layers')
    .option('--authfile <path>', 'credentials for the registry')
    .option('-i, --initialize', 'as --initialize-mode=always')
    .option(
      '--initialize-mode <mode>',
      'query, if-not-exists: build on what was made for this output before, if anything; always: don’t; never: there must be something',
      'query',
    )
    .option('--force-nocache', 'import everything anew and commit even if nothing changed')
    .option('--offline', 'use only what is in the cache')
    .option('--write-lockfile-to <file>', 'write the package versions taken here')
    .option('--lockfile <file>', 'read package versions from this lockfile (repeatable)', repeated, [])
    .option('--lockfile-strict', 'only packages of the lockfiles')
    .option('-l, --label <key=value>', 'add a label (repeatable)', repeated, [])
    .option('--image-config <file>', 'OCI configuration (JSON) to start from')
    .option('--touch-if-changed <file>', 'touch this file when an image was made')
    .option('--copy-retry-times <count>', 'try again so often when the registry fails')
    .option('--max-layers <count>', 'at most this many layers (default: 64)')
    .option('--no-tls-verify', 'registry without TLS, or with a certificate that nobody vouches for')
    .option('--no-wait', 'when another process uses the cache, refuse at once')
    .action(async (treefile: string, output: string, flags: ImageFlags, command: Command) =>
      reportErrors(async () => {
        const outcome = await followJob('compose.image', imageParams(treefile, output, flags), { quiet: quietOf(command) });
        standardOutput.print(...(outcome.image ? imageLines(outcome.image) : [`No change: ${output} stays at commit ${outcome.commit}`]));
        return 0;
      }),
    );
}

function imageParams(treefile: string, output: string, flags: ImageFlags): JobParams<'compose.image'> {
  const { format, initializeMode } = flags;
  if (format !== 'ociarchive' && format !== 'oci' && format !== 'registry')
    throw new TreelineError('usage.invalid', { subject: '--format', detail: `“${format}” isn’t ociarchive, oci or registry` });
  if (!['query', 'if-not-exists', 'always', 'never'].includes(initializeMode))
    throw new TreelineError('usage.invalid', {
      subject: '--initialize-mode',
      detail: `“${initializeMode}” isn’t query, if-not-exists, always or never`,
    });
  return {
    treefile,
    output,
    format,
    initialize: (flags.initialize ?? false) || initializeMode === 'always',
    mustExist: initializeMode === 'never',
    labels: pairs('--label', flags.label),
    insecure: !flags.tlsVerify,
    lockfiles: flags.lockfile,
    noWait: !flags.wait,
    ...besideOf(flags),
    ...sigstoreOf(flags),
    ...given({
      cachedir: flags.cachedir,
      sourceRoot: flags.sourceRoot,
      layerRepo: flags.layerRepo,
      authfile: flags.authfile,
      forceNocache: flags.forceNocache,
      cacheOnly: flags.offline,
      writeLockfileTo: flags.writeLockfileTo,
      lockfileStrict: flags.lockfileStrict,
      imageConfig: flags.imageConfig,
      touchIfChanged: flags.touchIfChanged,
      retries: flags.copyRetryTimes === undefined ? undefined : countOf('--copy-retry-times', flags.copyRetryTimes),
      maxLayers: flags.maxLayers === undefined ? undefined : countOf('--max-layers', flags.maxLayers),
    }),
  };
}

interface EncapsulateFlags extends BesideFlags, SigstoreFlags {
  readonly repo: string;
  readonly label: readonly string[];
  readonly imageConfig?: string;
  readonly arch?: string;
  readonly copymeta: readonly string[];
  readonly copymetaOpt: readonly string[];
  readonly cmd: readonly string[];
  readonly maxLayers?: string;
  readonly formatVersion: string;
  readonly writeContentmetaJson?: string;
  readonly previousBuildManifest?: string;
  readonly compareWithBuild?: string;
  readonly authfile?: string;
  readonly tlsVerify: boolean;
}

function addEncapsulate(compose: Command): void {
  withSigstore(withBeside(compose.command('container-encapsulate')))
    .description('Make a container image of a commit, its layers by package')
    .argument('<rev>', 'branch or checksum')
    .argument('<imgref>', 'oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or docker://HOST/NAME[:TAG]')
    .requiredOption('-r, --repo <path>', 'OSTree repository')
    .option('-l, --label <key=value>', 'add a label (repeatable)', repeated, [])
    .option('--image-config <file>', 'OCI configuration (JSON) to start from')
    .option('--arch <name>', 'OCI’s word for the architecture (default: this machine’s)')
    .option('--copymeta <key>', 'make this metadata key of the commit a label (repeatable)', repeated, [])
    .option('--copymeta-opt <key>', 'the same, if there is such a key (repeatable)', repeated, [])
    .option('--cmd <word>', 'program that a container runs, word by word (repeatable)', repeated, [])
    .option('--max-layers <count>', 'at most this many layers (default: 64)')
    .option('--format-version <number>', formatVersions, '1')
    .option('--write-contentmeta-json <file>', 'write which packages are in which layer here')
    .option(
      '--previous-build-manifest <file>',
      'keep packages in the layers of this manifest (default: of the image that is at <imgref> now)',
    )
    .option('--compare-with-build <imgref>', 'say what differs from this image')
    .option('--authfile <path>', 'credentials for the registry')
    .option('--no-tls-verify', 'registry without TLS, or with a certificate that nobody vouches for')
    .action(async (revision: string, image: string, flags: EncapsulateFlags, command: Command) =>
      reportErrors(async () => {
        const outcome = await followJob('compose.encapsulate', encapsulateParams(revision, image, flags), { quiet: quietOf(command) });
        standardOutput.print(...imageLines(outcome));
        return 0;
      }),
    );
}

function encapsulateParams(revision: string, image: string, flags: EncapsulateFlags): JobParams<'compose.encapsulate'> {
  return {
    repo: flags.repo,
    revision,
    image,
    labels: pairs('--label', flags.label),
    copyMeta: flags.copymeta,
    copyMetaOpt: flags.copymetaOpt,
    cmd: flags.cmd,
    insecure: !flags.tlsVerify,
    formatVersion: formatVersionOf(flags.formatVersion),
    ...besideOf(flags),
    ...sigstoreOf(flags),
    ...given({
      imageConfig: flags.imageConfig,
      arch: flags.arch,
      contentMetaTo: flags.writeContentmetaJson,
      previousManifest: flags.previousBuildManifest,
      compareWith: flags.compareWithBuild,
      authfile: flags.authfile,
      maxLayers: flags.maxLayers === undefined ? undefined : countOf('--max-layers', flags.maxLayers),
    }),
  };
}
