// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, type Package } from '../../../../shared/domain/index.ts';

/** So that 64 layers' names and digests take less than 16 kB of an image's configuration. */
const mostChars = 100;

/**
 * What a layer holds, for `created_by` in the configuration's history, which stays where builders drop layers' annotations: packages with
 * their versions where they are of one source package, else names of components.
 */
export function layerName(components: readonly string[], packages: ReadonlyMap<string, readonly Package[]>): string {
  const only = components.length === 1 ? packages.get(components[0] ?? '') : undefined;
  return bounded(only ? only.map(formatNevra) : components);
}

/** As many as fit, and how many more there are; one at least, whatever its length. */
function bounded(names: readonly string[]): string {
  const all = names.join(', ');
  if (all.length <= mostChars) return all;
  let count = names.length - 1;
  const text = (): string => `${names.slice(0, count).join(', ')} and ${names.length - count} more`;
  while (count > 1 && text().length > mostChars) count--;
  return (count < 1 ? all : text()).slice(0, 2 * mostChars);
}
