// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * Tells whether not everybody may learn of a name: it lies in a directory that is kept to its owner in one of the trees. `modesOf`: of a directory, in each tree
 * that has it.
 */
export function closedTo(modesOf: (directory: string) => readonly number[]): (name: string) => boolean {
  const known = new Map<string, boolean>();
  const closed = (name: string): boolean => {
    const end = name.lastIndexOf('/');
    if (end < 0) return false;
    const directory = name.slice(0, end);
    const answer = known.get(directory) ?? (modesOf(directory).some((mode) => (mode & 0o005) !== 0o005) || closed(directory));
    known.set(directory, answer);
    return answer;
  };
  return closed;
}
