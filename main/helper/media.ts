// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFile, realpath } from 'node:fs/promises';
import { TreelineError } from '../../shared/errors/index.ts';

/** Where removable media are mounted: by udisks, by desktops of old, by hand; /mnt is a link to /var/mnt on image-based systems. */
const mediaRoots = ['/run/media', '/media', '/mnt', '/var/mnt'];

const below = (path: string, root: string): boolean => path === root || path.startsWith(`${root.replace(/\/$/, '')}/`);

/** Folders to look for updates in: what is mounted below the places for media, and the configured ones. */
export async function mediaPlaces(configured: readonly string[]): Promise<string[]> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = mounts
    .split('\n')
    // octal escapes of blanks and the like: proc(5)
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))))
    .filter((point) => mediaRoots.some((root) => below(point, root)));
  const real = await Promise.all(configured.map((place) => realpath(place).catch(() => place)));
  return [...new Set([...points, ...real])];
}

/**
 * A caller's path to a medium, as the worker is to open it. It must lie where media are mounted (or where the administrator allows), and no part of it
 * below there may be a link, so that nobody gets root to work on what he can't reach himself. The places themselves may be links (/mnt to
 * /var/mnt). The worker follows no link at all in what it gets (openPlain): exchanging a directory afterwards leads nowhere else.
 * Throws medium.path-refused.
 */
export async function checkedMedium(path: string, configured: readonly string[]): Promise<string> {
  const refused = (detail: string): TreelineError => new TreelineError('medium.path-refused', { subject: path, detail });
  const place = [...configured, ...mediaRoots].find((root) => below(path, root))?.replace(/(?<=.)\/$/, '');
  if (place === undefined) throw refused('it lies outside of the folders for media');
  const [real, realPlace] = await Promise.all([realpath(path), realpath(place)]).catch((error: NodeJS.ErrnoException) => {
    throw refused(error.code === 'ENOENT' ? 'there is nothing' : String(error.code ?? error.message));
  });
  if (real !== `${realPlace}${path.slice(place.length)}`) throw refused('a part of it is a link');
  return real;
}
