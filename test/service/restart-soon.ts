// SPDX-License-Identifier: LGPL-2.1-or-later
import type { FullHostClient } from '../../main/client/index.ts';
import type { ScheduledRestart } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';

/** Plans a restart for the nearest time that hasn't passed when the service hears of it, whatever that takes on this machine. */
export async function restartSoon(client: FullHostClient): Promise<ScheduledRestart> {
  for (let aheadSeconds = 1; ; aheadSeconds *= 2) {
    try {
      return await client.scheduleRestart(Math.floor(Date.now() / 1000) + aheadSeconds);
    } catch (error) {
      if (!(error instanceof TreelineError) || error.code !== 'restart.bad-time') throw error;
    }
  }
}
