// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { mediaTypes, parseIndex, type Descriptor } from '../oci.ts';
import { garbage, readAs } from './failures.ts';
import type { Endpoint } from './registries-conf.ts';
import { listPages, manifestBytes, putManifestBytes } from './requests.ts';
import { subjectOf, type Session } from './session.ts';

const mostReferrers = 10_000;

/** How registries say that they haven't got the referrers API; those from before it don't know the address. */
const unknownAddress = [400, 404, 405, 406, 501];

const fallbackTag = (digest: string): string => digest.replace(':', '-');

/** All that refer to a manifest. A registry that filters by type gives only those. */
export async function listReferrers(
  session: Session,
  endpoint: Endpoint,
  digest: string,
  artifactType: string | undefined,
): Promise<readonly Descriptor[]> {
  const subject = subjectOf(endpoint);
  const filter = artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType }).toString()}`;
  const found: Descriptor[] = [];
  for await (const { status, mediaType, bytes } of listPages(session, endpoint, `referrers/${digest}${filter}`, unknownAddress)) {
    // something else answers at any address
    if (status !== 200 || mediaType !== mediaTypes.index) return tagged(session, endpoint, digest);
    found.push(...readAs(subject, () => parseIndex(bytes, 'referrers')));
    if (found.length > mostReferrers) throw garbage(subject, `it names more than ${mostReferrers} manifests that refer to ${digest}`);
  }
  return found;
}

/** By the tag `sha256-…`, which stands in for the API. No such tag: nothing refers to it. */
async function tagged(session: Session, endpoint: Endpoint, digest: string): Promise<readonly Descriptor[]> {
  try {
    const { bytes } = await manifestBytes(session, endpoint, fallbackTag(digest));
    return readAs(subjectOf(endpoint), () => parseIndex(bytes, fallbackTag(digest)));
  } catch (error) {
    if (TreelineError.report(error).code === 'registry.not-found') return [];
    throw error;
  }
}

/** Enter a manifest among those that refer to `digest`, for a registry that doesn't do so itself. */
export async function enterReferrer(session: Session, endpoint: Endpoint, digest: string, referrer: Descriptor): Promise<void> {
  const others = (await tagged(session, endpoint, digest)).filter((each) => each.digest !== referrer.digest);
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...others, referrer] };
  await putManifestBytes(session, endpoint, fallbackTag(digest), Buffer.from(JSON.stringify(index)), mediaTypes.index);
}
