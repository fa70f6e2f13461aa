// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareVersions } from '../../../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { knownFields } from '../../../files/index.ts';
import { textPattern } from '../../base/db/pattern.ts';
import { imageFacts } from '../preview/index.ts';
import type { RegistryImage, RegistryPort } from '../registry-port.ts';

/** An image that a repository of a registry has. */
export interface PublishedVersion {
  /** All that name it, of those that were looked at; the most telling one first. */
  readonly tags: readonly string[];
  /** Of the image for this machine's architecture. */
  readonly digest: string;
  readonly version?: string;
  /** When it was made, Unix seconds. */
  readonly createdSeconds?: number;
  readonly revision?: string;
}

export interface PublishedVersions {
  /** `HOST/NAME`. */
  readonly image: string;
  /** Digest of the image that the system has, where it follows this one. */
  readonly here?: string;
  /** The newest first; those without a time last. */
  readonly versions: readonly PublishedVersion[];
  /** Tags that weren't looked at: there are more than were asked for. */
  readonly more: number;
  /** Tags that name no image of this machine's kind, or whose image can't be read. */
  readonly unreadable: readonly { readonly tag: string; readonly error: ErrorReport }[];
}

/** What tools put beside images, named after a digest: signatures, attestations, lists of what refers to it. */
const isBeside = (tag: string): boolean => /^sha256-[0-9a-f]{64}/.test(tag);

/** A date in a tag: 20251201, 2025-12-01. */
const dateOf = (tag: string): string => /(?<!\d)(20\d\d)[-.]?(\d\d)[-.]?(\d\d)(?!\d)/.exec(tag)?.slice(1).join('') ?? '';

/** Tags without a date name what changes, and are few; of the others the newest come first. */
function likelyNewest(a: string, b: string): number {
  const [dateA, dateB] = [dateOf(a), dateOf(b)];
  if ((dateA === '') !== (dateB === '')) return dateA === '' ? -1 : 1;
  return dateB.localeCompare(dateA) || compareVersions(b, a) || a.localeCompare(b);
}

const atOnce = 4;

/**
 * The versions that a registry has of an image. `limit`: how many tags are looked at, two or three requests each. `pattern`: only tags that fit it (glob(7)).
 * Throws registry.*; one tag's fault isn't all's.
 */
export async function publishedVersions(
  registry: RegistryPort,
  image: RegistryImage,
  { limit, pattern = '*' }: { readonly limit: number; readonly pattern?: string },
): Promise<PublishedVersions> {
  const fits = textPattern(pattern);
  const tags = (await registry.tags(image)).filter((tag) => !isBeside(tag) && fits(tag)).sort(likelyNewest);
  const found = new Map<string, PublishedVersion>();
  const unreadable: { tag: string; error: ErrorReport }[] = [];
  const queue = tags.slice(0, limit);
  const look = async (tag: string): Promise<void> => {
    const { host, name } = image;
    const manifest = await registry.manifest({ host, name, tag });
    const known = found.get(manifest.digest);
    if (known) {
      found.set(manifest.digest, { ...known, tags: [...known.tags, tag] });
      return;
    }
    const config = await registry.config({ host, name, tag }, manifest.manifest);
    const { version, createdSeconds, revision } = imageFacts(manifest, config);
    const others = found.get(manifest.digest)?.tags ?? [];
    found.set(manifest.digest, { tags: [...others, tag], digest: manifest.digest, ...knownFields({ version, createdSeconds, revision }) });
  };
  const work = async (): Promise<void> => {
    for (let tag = queue.shift(); tag !== undefined; tag = queue.shift()) {
      const at = tag;
      await look(at).catch((error: unknown) => {
        if (!(error instanceof TreelineError)) throw error;
        // a registry that is away has no further tag, either
        if (
          ['registry.unreachable', 'registry.refused', 'registry.blocked', 'registry.rate-limited', 'registry.untrusted'].includes(
            error.code,
          )
        )
          throw error;
        unreadable.push({ tag: at, error: error.report });
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const versions = [...found.values()]
    .map((each) => ({ ...each, tags: [...each.tags].sort((a, b) => b.length - a.length || a.localeCompare(b)) }))
    .sort((a, b) => (b.createdSeconds ?? -1) - (a.createdSeconds ?? -1) || likelyNewest(a.tags[0] ?? '', b.tags[0] ?? ''));
  return { image: `${image.host}/${image.name}`, versions, more: Math.max(0, tags.length - limit), unreadable };
}
