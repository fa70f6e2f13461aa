// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostClient } from '../client/api.ts';
import type { RemotesClient, RestartClient, ReviewClient } from '../client/review-api.ts';
import { TreelineError } from '../../shared/errors/index.ts';

type Extra = ReviewClient & RemotesClient & RestartClient;

/** The client as the app sees it: what came after the first version may be missing. */
export type AppClient = HostClient & Partial<Extra>;

/**
 * The client with everything there is to ask. What the given one lacks rejects with `not-supported`, which the window takes as "leave
 * this part out".
 */
export type WholeClient = HostClient & Extra;

export function wholeClient(client: AppClient): WholeClient {
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member === 'function') return member.bind(target) as unknown;
      // `then` must stay missing: an object with one is a promise to whoever awaits it
      if (member !== undefined || typeof name !== 'string' || name === 'then') return member;
      return () => Promise.reject(new TreelineError('not-supported', { subject: name }));
    },
  }) as WholeClient;
}
