// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Stats } from 'node:fs';
import { TreelineError } from '../../../../shared/errors/index.ts';

/** Says which package brings a path of a tree; undefined when nobody knows (a script made it, or the tree came from elsewhere). */
export type OwnerOf = (path: string) => string | undefined;

export type Kind = 'file' | 'directory' | 'link' | 'device' | 'pipe or socket';

export function kindOf(stats: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isCharacterDevice' | 'isBlockDevice'>): Kind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'device' : 'pipe or socket';
}

/** The errors of a tree; each names the path as the tree has it and, where that is known, the package that brings it. */
export class TreeErrors {
  readonly #ownerOf: OwnerOf;

  constructor(ownerOf: OwnerOf) {
    this.#ownerOf = ownerOf;
  }

  #about(path: string): { subject: string; facts: Record<string, string> } {
    const owner = this.#ownerOf(path);
    return { subject: owner ?? 'The tree', facts: { path: `/${path}`, ...(owner === undefined ? {} : { package: owner }) } };
  }

  /** A link on the way to something that is written or removed, and leads to no place of the tree. */
  leadsOut(link: string, wanted: string): TreelineError {
    const on = link === wanted ? '' : ` (/${link})`;
    return new TreelineError('package.outside-tree', {
      ...this.#about(link),
      detail: `a link that leads out of it${on}, on the way to /${wanted}`,
    });
  }

  wrongKind(path: string, found: Kind, wanted: Kind): TreelineError {
    return new TreelineError('package.unusable-file', {
      ...this.#about(path),
      detail: `/${path} is a ${found}, and has to be a ${wanted}`,
    });
  }

  tooLarge(path: string, sizeBytes: number, limitBytes: number): TreelineError {
    return new TreelineError('package.unusable-file', {
      ...this.#about(path),
      detail: `/${path} holds ${sizeBytes} bytes, and at most ${limitBytes} are read`,
    });
  }

  badName(directory: string): TreelineError {
    return new TreelineError('package.unusable-file', { ...this.#about(directory), detail: `/${directory} holds a name that isn’t UTF-8` });
  }
}
