import { readFile, realpath } from 'node:fs/promises';
import { TreelineError } from '../../shared/errors/index.ts';

/** Where removable media are mounted: by udisks, by desktops of old, by hand. */
const mediaRoots = ['/run/media', '/media', '/mnt'];

const below = (path: string, root: string): boolean => path === root || path.startsWith(`${root.replace(/\/$/, '')}/`);

/** Folders to look for updates in: what is mounted below the places for media, and the configured ones. */
export async function mediaPlaces(configured: readonly string[]): Promise<string[]> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = mounts
    .split('\n')
    // octal escapes of blanks and the like: proc(5)
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))))
    .filter((point) => mediaRoots.some((root) => below(point, root)));
  return [...new Set([...points, ...configured])];
}

/**
 * A caller's path to a medium. It is only looked at by name: it must lie where media are mounted (or where the administrator allows), and no
 * part of it may be a link, so that nobody gets root to work on what he can't reach himself. Throws medium.path-refused.
 */
export async function checkedMedium(path: string, configured: readonly string[]): Promise<string> {
  const refused = (detail: string): TreelineError => new TreelineError('medium.path-refused', { subject: path, detail });
  if (![...mediaRoots, ...configured].some((root) => below(path, root))) throw refused('it lies outside of the folders for media');
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    throw refused(error.code === 'ENOENT' ? 'there is nothing' : String(error.code ?? error.message));
  });
  if (real !== path) throw refused('a part of it is a link');
  return path;
}
