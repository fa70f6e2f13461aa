// SPDX-License-Identifier: LGPL-2.1-or-later
import { wholeClient, type HostClient } from '../client/api.ts';
import { TreelineError } from '../../shared/errors/index.ts';

/**
 * The client with everything there is to ask. What the given one lacks rejects with `not-supported`, which the window takes as "leave
 * this part out".
 */
export const appClient = (client: Partial<HostClient>): HostClient =>
  wholeClient<HostClient>(client, (name) => () => Promise.reject(new TreelineError('not-supported', { subject: name })));
