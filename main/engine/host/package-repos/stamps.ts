// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import path from 'node:path';
import { hasShape } from '../../../files/index.ts';
import type { RepoDefinition } from '../../base/ports/resolver.ts';
import { readJson, tryWriteJson } from '../sysroot/state-dir.ts';

type Addresses = Pick<RepoDefinition, 'id' | 'baseurl' | 'metalink' | 'mirrorlist'>;

const shape = { at: 'integer', source: 'string' } as const;
const fileOf = (cachedir: string, { id }: Addresses): string => path.join(cachedir, 'refreshed', id);
const sourceOf = ({ baseurl, metalink, mirrorlist }: Addresses): string =>
  createHash('sha256')
    .update(JSON.stringify([baseurl, metalink, mirrorlist]))
    .digest('hex');

/** When a repository's metadata was last compared with what is at these addresses, Unix seconds; undefined when it wasn't. */
export function refreshedAt(cachedir: string, repo: Addresses): number | undefined {
  const known = readJson(fileOf(cachedir, repo), (value) => hasShape(value, shape));
  return known?.source === sourceOf(repo) ? known.at : undefined;
}

/** It was just now. */
export function noteRefreshed(cachedir: string, repo: Addresses, nowSeconds: number): void {
  tryWriteJson(fileOf(cachedir, repo), { at: nowSeconds, source: sourceOf(repo) });
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
const defaultExpireSeconds = 48 * 3600;

/** metadata_expire of dnf.conf(5) in seconds; `never` and -1 are Infinity. What can't be understood is the default. */
export function expireSeconds({ other }: Pick<RepoDefinition, 'other'>): number {
  const text = (other['metadata_expire'] ?? '').trim().toLowerCase();
  if (text === 'never' || text === '-1') return Infinity;
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text) ?? [];
  return count === '' ? defaultExpireSeconds : Number(count) * (units[unit] ?? 1);
}
