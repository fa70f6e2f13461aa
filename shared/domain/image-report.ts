// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorLine } from '../errors/index.ts';
import type { ImageTier, ImageUpdate, ImageWarning, UnknownOfImage } from './schemas/image.ts';
import { timeText } from './time.ts';

/** How a publisher's text is printed: escaped for Markdown, or as it is. */
type Plain = (text: string) => string;

const tiers: Record<ImageTier, string> = {
  same: 'The content is that of the running image.',
  changes: 'From what the publisher tells of its releases: exact.',
  sbom: 'From the publisher’s SBOM: exact names and versions.',
  rpmdb: 'From the RPM databases of both images: exact.',
  rechunk: 'From the image’s label (rechunk): names and versions.',
  layers: 'From what the image’s layers are named after.',
  none: 'This image doesn’t tell its packages.',
};

const unknowns: Record<UnknownOfImage, string> = {
  packages: 'Further packages may have changed that aren’t named.',
  versions: 'Some versions aren’t told.',
  'added-or-removed': 'Whether packages came or went isn’t always told.',
  'which-of-a-layer': 'Of packages in a common layer isn’t told which of them changed.',
  epochs: 'Epochs aren’t told; they’re taken to be those of the installed packages.',
  architectures: 'Architectures aren’t told.',
  changelogs: 'Not all changelogs are told.',
  advisories: 'Advisories aren’t told.',
};

function warningText({ kind, from, to }: ImageWarning, plain: Plain): string {
  const [was, is] = [plain(from), plain(to)];
  switch (kind) {
    case 'unchanged':
      return 'This is the image that runs.';
    case 'other-image':
      return `This is another image: “${is}”; what runs is “${was}”.`;
    case 'same-version':
      return `The image is another one, but has the same version, ${is}.`;
    case 'went-back':
      return `This is older than what runs: ${is} instead of ${was}.`;
    case 'major-crossed':
      return `This is another major version: ${was} → ${is}.`;
    case 'expired':
      return `Its publisher lets it expire: it was made ${was}, to be kept until ${is}.`;
  }
}

/** A section about an update's image, as Markdown lines. */
export function imageLines(image: ImageUpdate, plain: Plain): string[] {
  const { title, revision, sourceUrl, createdSeconds, kernel, layers, warnings, trust, problem } = image;
  const row = (name: string, text: string | undefined): string[] => (text === undefined ? [] : [`- ${name}: ${plain(text)}`]);
  return [
    '## Image',
    '',
    ...warnings.map((warning) => `- **${warningText(warning, plain)}**`),
    ...row('Image', image.reference),
    ...row('Digest', image.digest),
    ...row('Trust', trust?.text),
    ...row('Title', title),
    ...row('Made', createdSeconds === undefined ? undefined : timeText(createdSeconds)),
    ...row('Kernel', kernel),
    ...row('Sources', sourceUrl),
    ...row('Revision', revision),
    `- Layers: ${layers.new} of ${layers.total} are new${layers.untold > 0 ? `; of ${layers.untold} of them isn’t told what they hold` : ''}`,
    ...(problem ? [`- Not used: ${plain(errorLine(problem))}`] : []),
    '',
  ];
}

/** Where the packages are known from, and what isn't known: sentences. */
export function imagePackageNotes({ tier, cannotKnow, touched }: ImageUpdate, plain: Plain): string[] {
  return [
    [tiers[tier], ...cannotKnow.map((what) => unknowns[what])].join(' '),
    ...(touched.length > 0 ? [`In layers that differ, each changed or not (${touched.length}): ${touched.map(plain).join(', ')}`] : []),
  ];
}
