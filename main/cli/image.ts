// SPDX-License-Identifier: LGPL-2.1-or-later
import { Command, InvalidArgumentError, Option } from 'commander';
import { updateMarkdown } from '../../shared/domain/review-report.ts';
import { errorLine, TreelineError } from '../../shared/errors/index.ts';
import { namedRegistryImage, parseOriginImage, registryImageText } from '../engine/images/image-names.ts';
import type { JobResult } from '../engine/jobs/index.ts';
import { given, quietOf } from './compose-image.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { sizeText } from './output/progress.ts';
import { dateText } from './output/status.ts';
import { standardOutput } from './output/terminal.ts';

interface DiffFlags extends RegistryFlags {
  readonly with: string;
  readonly exact?: boolean;
  readonly repo?: string;
  readonly format: 'markdown' | 'json';
}

interface VersionsFlags extends RegistryFlags {
  readonly match?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface RegistryFlags {
  readonly policy?: string;
  readonly 'registries.d'?: string;
  readonly authfile?: string;
  readonly tlsVerify: boolean;
}

/** An image as people, or origins, name it. Throws usage.invalid. */
function named(text: string): { readonly image: string; readonly signed?: boolean } {
  const image = registryImageText(namedRegistryImage(text));
  if (!text.startsWith('ostree-')) return { image };
  const { verification } = parseOriginImage(text);
  if (typeof verification === 'object')
    throw new TreelineError('usage.invalid', {
      subject: text,
      detail: `keys of the remote “${verification.remote}” aren’t asked here: name the image as docker://, or as ostree-image-signed:docker:// for the keys of policy.json`,
    });
  return { image, signed: verification === 'policy' };
}

const registryOf = ({
  authfile,
  tlsVerify,
  policy,
  'registries.d': registriesD,
}: RegistryFlags): { insecure: boolean; authfile?: string; policy?: string; registriesD?: string } => ({
  insecure: !tlsVerify,
  ...given({ authfile, policy, registriesD }),
});

function withRegistryOptions(command: Command): Command {
  return command
    .option('--authfile <path>', 'credentials for the registry')
    .option('--no-tls-verify', 'without TLS, or with a certificate that nobody vouches for');
}

function withTrustOptions(command: Command): Command {
  return withRegistryOptions(command)
    .option('--policy <file>', 'who is trusted: containers-policy.json(5) (default: that of the system)')
    .option('--registries.d <directory>', 'where signatures are: containers-registries.d(5) (default: that of the system)');
}

/** `treeline image`: look at images in registries and take them, as an ordinary user and without the service. */
export function imageCommand(): Command {
  const image = new Command('image').description('Look at systems that come as container images, and take them');
  withTrustOptions(
    image
      .command('pull')
      .description('Take an image into a repository as ostree-ext, rpm-ostree and bootc keep it; only layers that aren’t there are fetched')
      .argument('<image>', '[docker://]HOST/NAME[:TAG][@DIGEST], or ostree-image-signed:docker://… to take it only if it is signed')
      .requiredOption('-r, --repo <path>', 'OSTree repository'),
  ).action(async (name: string, flags: RegistryFlags & { readonly repo: string }, command: Command) =>
    reportErrors(async () => {
      const outcome = await followJob(
        'image.pull',
        { ...named(name), repo: flags.repo, ...registryOf(flags) },
        { quiet: quietOf(command) },
      );
      const fetched = `${outcome.newLayers} new layers, ${sizeText(outcome.fetchedBytes)} fetched, ${outcome.objects} new objects`;
      standardOutput.print(
        outcome.changed ? fetched : 'No change',
        outcome.trust.text,
        `${outcome.name} (${outcome.manifestDigest}) => ${outcome.commit}`,
      );
      return 0;
    }),
  );
  withTrustOptions(
    image
      .command('diff')
      .description('Show what an image would bring, before it is fetched: from kilobytes, and it says how sure that is')
      .argument('[image]', '[docker://]HOST/NAME[:TAG][@DIGEST]; default: the one that the system follows')
      .option('--with <rev>', 'compare with this commit, ref or deployment', 'booted')
      .option('--exact', 'also fetch what is larger, if it makes the answer exact: an SBOM')
      .option('-r, --repo <path>', 'OSTree repository that has it (default: the one of the system)')
      .addOption(new Option('--sysroot <path>', 'system to read (default: /)'))
      .addOption(new Option('-F, --format <format>', 'output format').choices(['markdown', 'json']).default('markdown')),
  ).action(async (name: string | undefined, flags: DiffFlags, command: Command) =>
    reportErrors(async () => {
      const place =
        flags.repo === undefined ? { sysroot: command.optsWithGlobals<{ sysroot?: string }>().sysroot ?? '/' } : { repo: flags.repo };
      const params = {
        ...(name === undefined ? {} : named(name)),
        compareWith: flags.with,
        exact: flags.exact ?? false,
        ...place,
        ...registryOf(flags),
      };
      const details = await followJob('image.preview', params, { quiet: true, aside: true });
      standardOutput.printText(flags.format === 'json' ? `${JSON.stringify(details, null, 2)}\n` : updateMarkdown(details));
      return 0;
    }),
  );
  withRegistryOptions(
    image
      .command('versions')
      .description('List the versions that a registry has of an image, the newest first')
      .argument('[image]', '[docker://]HOST/NAME; default: the one that the system follows')
      .option('--match <pattern>', 'only tags that fit it: *, ?, [a-z]')
      .addOption(new Option('--limit <number>', 'look at this many tags').argParser(wholeNumber).default(30))
      .addOption(new Option('--sysroot <path>', 'system to read (default: /)'))
      .option('--json', 'print JSON'),
  ).action(async (name: string | undefined, flags: VersionsFlags, command: Command) =>
    reportErrors(async () => {
      const params = {
        ...(name === undefined ? {} : { image: named(name).image }),
        compareWith: 'booted',
        sysroot: command.optsWithGlobals<{ sysroot?: string }>().sysroot ?? '/',
        limit: flags.limit,
        ...given({ pattern: flags.match }),
        ...registryOf(flags),
      };
      const found = await followJob('image.versions', params, { quiet: true, aside: true });
      if (flags.json) standardOutput.printJson(found);
      else standardOutput.print(...versionsText(found));
      return 0;
    }),
  );
  return image;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 to 99999.');
  return Number(text);
}

/** A line for each version; which one is here, what wasn't looked at, and what couldn't be read. */
function versionsText({ image, versions, here, more, unreadable }: JobResult<'image.versions'>): readonly string[] {
  const rows = versions.map(({ tags, digest, version, createdSeconds }) =>
    [
      digest === here ? '●' : ' ',
      createdSeconds === undefined ? 'no date         ' : dateText(createdSeconds),
      tags.join(', '),
      ...(version === undefined || tags.includes(version) ? [] : [`version ${version}`]),
      digest.slice(0, 19),
    ].join('  '),
  );
  return [
    ...(rows.length === 0 ? [`${image} has no tag of that kind`] : rows),
    ...unreadable.map(({ tag, error }) => `   ${tag}: ${errorLine(error)}`),
    ...(more > 0 ? [`${more} further tags weren’t looked at (--limit, --match)`] : []),
  ];
}
