// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { hasShape, isObject, parseJson } from '../../../files/index.ts';
import { isPackageName } from './layer-names.ts';

/** What rechunk's label tells: no epoch, no architecture, and of a name that's there several times only one. */
export interface RechunkInfo {
  readonly packages: ReadonlyMap<string, VersionRelease>;
  /** How many layers the tool made. */
  readonly layerCount?: number;
}
export interface VersionRelease {
  readonly version: string;
  readonly release: string;
}

/** Throws repo.garbage, naming the image. */
export function parseRechunk(text: string, subject: string): RechunkInfo {
  const garbage = (detail: string): TreelineError =>
    new TreelineError('repo.garbage', { subject, detail: `dev.hhd.rechunk.info: ${detail}` });
  let value: unknown;
  try {
    value = parseJson(text, subject);
  } catch (error) {
    throw garbage(TreelineError.report(error).detail ?? '');
  }
  if (!hasShape(value, { version: 'integer' }) || value.version !== 2) throw garbage('it is of another version than 2');
  const { packages, layers } = value;
  if (!isObject(packages)) throw garbage('packages is no map');
  const read = Object.entries(packages).map(([name, version]): [string, VersionRelease] => {
    const evr = typeof version === 'string' ? /^([\w.+~^]+)-([\w.+~^]+)$/.exec(version) : null;
    if (!isPackageName(name) || !evr) throw garbage('an entry of packages isn’t name and version-release');
    return [name, { version: evr[1] ?? '', release: evr[2] ?? '' }];
  });
  if (read.length === 0) throw garbage('it names no package');
  return { packages: new Map(read), ...(Array.isArray(layers) ? { layerCount: layers.length } : {}) };
}
