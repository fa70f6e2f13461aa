import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';

/** Follow links as if `root` were `/`; undefined when the path doesn't exist. */
export function resolveInside(root: string, target: string): string | undefined {
  let rest = target.split('/').filter((part) => part !== '');
  let at: string[] = [];
  for (let hops = 0; rest.length > 0;) {
    const [part = '', ...others] = rest;
    rest = others;
    if (part === '..') {
      at = at.slice(0, -1);
      continue;
    }
    if (part === '.') continue;
    // scripts see usr/etc as /etc
    const next = at.length === 0 && part === 'etc' && existsSync(path.join(root, 'usr/etc')) ? ['usr', 'etc'] : [...at, part];
    const stats = lstatSync(path.join(root, ...next), { throwIfNoEntry: false });
    if (!stats) return undefined;
    if (stats.isSymbolicLink()) {
      if (++hops > 40) return undefined;
      const to = readlinkSync(path.join(root, ...next));
      if (to.startsWith('/')) at = [];
      rest = [...to.split('/').filter((p) => p !== ''), ...rest];
    } else at = next;
  }
  return path.join(root, ...at);
}

/**
 * Answers whether a path's directory, links followed as this machine follows them, is inside of `root`: compose writes as root outside of the sandbox,
 * and a package or its script may have put a link to /etc where a directory was. Answers are kept: not for use while scripts run.
 */
export function insideOf(root: string): (target: string) => boolean {
  const base = realpathSync(root);
  const known = new Map<string, boolean>();
  return (target) => {
    let directory = path.dirname(target);
    while (!existsSync(directory)) directory = path.dirname(directory);
    let inside = known.get(directory);
    if (inside === undefined) {
      const real = realpathSync(directory);
      known.set(directory, (inside = real === base || real.startsWith(`${base}/`)));
    }
    return inside;
  };
}

/** Throws package.outside-tree when something at `names` (relative to the root) would be written outside of it. */
export function checkInside(root: string, names: readonly string[]): void {
  const isInside = insideOf(root);
  const leak = names.find((name) => !isInside(path.join(root, name)));
  if (leak !== undefined)
    throw new TreelineError('package.outside-tree', { subject: 'The tree', detail: `a link that leads out of it, on the way to /${leak}` });
}
