import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import path from 'node:path';

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
