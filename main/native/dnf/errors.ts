// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import type { GErrorMapper } from '../core/index.ts';

/** DnfError of dnf-types.h. */
export const dnfCode = { unsolvable: 36, nothingToDo: 27, noSuchPackage: 8, repoUnreachable: 64 } as const;

const repoName = (message: string): string => /repo(?:sitory)? ['‘"]?([^\s'’":]+)['’"]?/i.exec(message)?.[1] ?? 'The package repository';

/** libdnf's errors by code; repositories are named by the caller where it knows them. */
export const dnfError: GErrorMapper = (error, call) => {
  const { message } = error;
  if (/No space left on device|not enough free space/i.test(message))
    return new TreelineError('disk.full', { subject: 'Package cache', detail: message });
  if (
    /parse|malformed|invalid XML|not well-formed|checksum doesn.t match|Bad checksum|repomd\.xml (?:is|has)|corrupt|failed to (?:add|load) solv|loading of MD|incomplete/i.test(
      message,
    )
  )
    return new TreelineError('rpmmd.corrupt', { subject: repoName(message), detail: message });
  if (
    error.code === dnfCode.repoUnreachable ||
    /Curl error|Cannot download|Failed to download|All mirrors were tried|cannot prepare|was not found/i.test(message)
  )
    return new TreelineError('rpmmd.unreachable', { subject: repoName(message), detail: message });
  return new TreelineError('internal.unexpected', { subject: call, detail: message, facts: { libdnfCode: error.code } });
};
