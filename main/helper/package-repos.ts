// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Variant } from '../../shared/dbus/index.ts';
import { parseRepoFile } from '../engine/host/package-repos/index.ts';
import { readRegularFile } from '../files/index.ts';
import type { Dict } from './encode.ts';

/** rpm-ostree's dictionaries of the package repositories in a folder of `.repo` files (dnf.conf(5)). A file that can't be read is left out. */
export function listRepos(folder: string): Dict[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.repo'));
  } catch {
    return [];
  }
  return names.sort().flatMap((name) => {
    try {
      return parseRepoFile(readRegularFile(path.join(folder, name)).toString(), name).map(repoDict);
    } catch {
      return [];
    }
  });
}

function repoDict({ id, options }: ReturnType<typeof parseRepoFile>[number]): Dict {
  const off = ['0', 'false', 'no', 'off'].includes((options.get('enabled') ?? '1').toLowerCase());
  return {
    id: new Variant('s', id),
    description: new Variant('s', options.get('name') ?? id),
    'is-devel': new Variant('b', /-(debug|debuginfo|development)$/.test(id)),
    'is-source': new Variant('b', /-source$/.test(id)),
    'is-enabled': new Variant('b', !off),
  };
}

export const isEnabled = (repo: Dict): boolean => repo['is-enabled']?.value === true;
