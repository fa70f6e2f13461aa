// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, newestDeployment, requestsOf, type HostSnapshot } from '../../../shared/domain/index.ts';
import { errorLine, TreelineError } from '../../../shared/errors/index.ts';
import type { Session } from '../session/session.ts';

/** What becomes of this machine's own packages with the update that was found; nothing where there are none, or nobody can tell. */
export async function ownPackageLines({ client }: Session, { deployments, osname, service }: HostSnapshot): Promise<string[]> {
  const newest = newestDeployment(deployments, osname);
  if (!newest || requestsOf(newest.origin).length === 0 || service.kind !== 'treeline') return [];
  const plan = await client.planUpdate().catch((error: unknown) => {
    // of an image that isn't here nobody can tell
    if (error instanceof TreelineError && error.code === 'not-supported') return error;
    throw error;
  });
  if (plan instanceof TreelineError) return [`        Layered: unknown (${errorLine(plan.report)})`];
  const { layer, problem } = plan;
  if (problem) return [`       HeldBack: ${errorLine(problem)}`];
  if (!layer) return [];
  const bytes = layer.added.reduce((sum, { downloadBytes }) => sum + (downloadBytes ?? NaN), 0);
  const size = Number.isNaN(bytes) ? 'an unknown amount' : `${bytes} bytes`;
  return [
    ...(layer.added.length > 0 ? [`        Layered: ${layer.added.map(formatNevra).join(', ')} (${size} to fetch)`] : []),
    ...layer.replaced.map(({ before, after }) => `     Overridden: ${before} -> ${after ?? 'left out'}`),
    ...layer.inactive.map(({ spec, by }) => `       Inactive: ${spec} (the base has ${by})`),
    ...layer.setAside.map((spec) => `       LeftOut: ${spec} (it doesn’t fit, and stays requested)`),
  ];
}
