// SPDX-License-Identifier: LGPL-2.1-or-later
import { Command } from 'commander';
import { given, quietOf } from './compose-image.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { sizeText } from './output/progress.ts';
import { standardOutput } from './output/terminal.ts';

interface RegistryFlags {
  readonly authfile?: string;
  readonly tlsVerify: boolean;
}

/** `quay.io/os/desktop:latest` is meant as `docker://…`; another transport is named. */
const named = (image: string): string => (/^[a-z-]+:(?!\d)/.test(image) ? image : `docker://${image}`);

const registryOf = ({ authfile, tlsVerify }: RegistryFlags): { insecure: boolean; authfile?: string } => ({
  insecure: !tlsVerify,
  ...given({ authfile }),
});

function withRegistryOptions(command: Command): Command {
  return command
    .option('--authfile <path>', 'credentials for the registry')
    .option('--no-tls-verify', 'without TLS, or with a certificate that nobody vouches for');
}

/** `treeline image`: look at images in registries and take them, as an ordinary user and without the service. */
export function imageCommand(): Command {
  const image = new Command('image').description('Look at systems that come as container images, and take them');
  withRegistryOptions(
    image
      .command('pull')
      .description('Take an image into a repository as ostree-ext, rpm-ostree and bootc keep it; only layers that aren’t there are fetched')
      .argument('<image>', '[docker://]HOST/NAME[:TAG][@DIGEST]')
      .requiredOption('-r, --repo <path>', 'OSTree repository'),
  ).action(async (name: string, flags: RegistryFlags & { readonly repo: string }, command: Command) =>
    reportErrors(async () => {
      const outcome = await followJob(
        'image.pull',
        { image: named(name), repo: flags.repo, ...registryOf(flags) },
        { quiet: quietOf(command) },
      );
      const fetched = `${outcome.newLayers} new layers, ${sizeText(outcome.fetchedBytes)} fetched, ${outcome.objects} new objects`;
      standardOutput.print(outcome.changed ? fetched : 'No change', `${outcome.name} (${outcome.manifestDigest}) => ${outcome.commit}`);
      return 0;
    }),
  );
  return image;
}
