// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { TreelineError } from '../../shared/errors/index.ts';
import type { JobParams } from '../engine/jobs/index.ts';
import {
  besideOf,
  formatVersionOf,
  formatVersions,
  given,
  imageLines,
  pairs,
  quietOf,
  sigstoreOf,
  withBeside,
  withSigstore,
  type BesideFlags,
  type SigstoreFlags,
} from './compose-image.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { countOf, repeated, signingParams } from './signing-options.ts';
import { standardOutput } from './output/terminal.ts';

interface ChunkedFlags extends BesideFlags, SigstoreFlags {
  readonly rootfs?: string;
  readonly from?: string;
  readonly output: string;
  readonly reference?: string;
  readonly formatVersion: string;
  readonly label: readonly string[];
  readonly signCommit: readonly string[];
  readonly gpgHomedir?: string;
  readonly maxLayers?: string;
  readonly previousBuild?: string;
  readonly authfile?: string;
  readonly tlsVerify: boolean;
}

/** `treeline compose build-chunked-oci`. */
export function addChunkedCommand(compose: Command): void {
  withSigstore(withBeside(compose.command('build-chunked-oci')))
    .description('Make a container image for bootc of a root file system or of another image, its layers by package')
    .option('--rootfs <directory>', 'a finished root file system with an RPM database, such as compose rootfs writes')
    .option('--from <image>', 'an image: TRANSPORT:TARGET, or a name in this machine’s container storage (by skopeo)')
    .requiredOption('--bootc', 'required: the image is one for bootc')
    .requiredOption('--output <image>', 'oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG], docker://HOST/NAME[:TAG] ...')
    .option('--reference <tag>', 'tag of the output, where it names none (default: latest)')
    .option('--format-version <number>', formatVersions, '1')
    .option('-l, --label <key=value>', 'add a label (repeatable)', repeated, [])
    .option('--sign-commit <type=key>', 'sign the commit: ed25519=FILE with the base64 secret key, gpg=KEYID (repeatable)', repeated, [])
    .option('--gpg-homedir <path>', 'where GPG finds the keys')
    .option('--max-layers <count>', 'at most this many layers (default: 64)')
    .option('--previous-build <image>', 'keep packages in the layers of this image (default: of what is at the output now)')
    .option('--authfile <path>', 'credentials for the registry')
    .option('--no-tls-verify', 'registry without TLS, or with a certificate that nobody vouches for')
    .action(async (flags: ChunkedFlags, command: Command) =>
      reportErrors(async () => {
        standardOutput.print(...imageLines(await followJob('compose.build-chunked', chunkedParams(flags), { quiet: quietOf(command) })));
        return 0;
      }),
    );
}

function chunkedParams(flags: ChunkedFlags): JobParams<'compose.build-chunked'> {
  const keys = flags.signCommit.map((text) => {
    const [, type = '', key = ''] = /^(gpg|ed25519)=(.+)$/.exec(text) ?? [];
    if (key === '')
      throw new TreelineError('usage.invalid', { subject: '--sign-commit', detail: `“${text}” isn’t ed25519=FILE or gpg=KEYID` });
    return { type, key };
  });
  const of = (wanted: string): string[] => keys.filter(({ type }) => type === wanted).map(({ key }) => key);
  const { gpgHomedir, maxLayers } = flags;
  return {
    output: flags.output,
    labels: pairs('--label', flags.label),
    formatVersion: formatVersionOf(flags.formatVersion),
    insecure: !flags.tlsVerify,
    ...besideOf(flags),
    ...sigstoreOf(flags),
    ...signingParams({ gpgSign: of('gpg'), signEd25519: of('ed25519'), ...(gpgHomedir === undefined ? {} : { gpgHomedir }) }),
    ...given({
      rootfs: flags.rootfs,
      from: flags.from,
      reference: flags.reference,
      previousBuild: flags.previousBuild,
      authfile: flags.authfile,
      maxLayers: maxLayers === undefined ? undefined : countOf('--max-layers', maxLayers),
    }),
  };
}
