import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { UserDatabase } from './passwd.ts';
import { checkInside } from './resolve-inside.ts';
import { canBePath, tmpfilesLine } from './tmpfiles.ts';

const factory = 'usr/share/factory';

/** Names of owners for tmpfiles.d: by name where the tree knows one, else the number. */
export interface OwnerNames {
  readonly user: (uid: number) => string;
  readonly group: (gid: number) => string;
}

export function ownerNames(users: UserDatabase): OwnerNames {
  const byId = (kind: 'passwd' | 'group'): Map<number, string> =>
    new Map([
      ...users
        .entries(kind)
        .map((e): [number, string] => [e.id, e.name])
        .reverse(),
      [0, 'root'],
    ]);
  const [passwd, group] = [byId('passwd'), byId('group')];
  return { user: (uid) => passwd.get(uid) ?? String(uid), group: (gid) => group.get(gid) ?? String(gid) };
}

/**
 * Turn the content of a directory that a deployment doesn't carry (var, root, ...) into tmpfiles.d lines which make it at boot: `d` for
 * directories, `L` for links; files go to usr/share/factory and are copied from there (`C`). The directory is empty afterwards. `keeps` is asked
 * about files: the others are gone.
 */
export function varToTmpfiles(
  root: string,
  source: string,
  bootPath: string,
  names: OwnerNames,
  message: (text: string) => void,
  keeps: (file: string) => boolean = () => true,
): string[] {
  const lines: string[] = [];
  const visit = (relative: string): void => {
    const directory = path.join(root, source, relative);
    for (const name of readdirSync(directory).sort()) {
      const inner = path.join(relative, name);
      const at = path.join(directory, name);
      const target = path.join('/', bootPath, inner);
      const stats = lstatSync(at);
      if (!canBePath(target)) message(`${JSON.stringify(target)} can’t be written in tmpfiles.d: it is left out`);
      else if (stats.isDirectory()) {
        lines.push(tmpfilesLine({ type: 'd', path: target, mode: stats.mode & 0o7777, ...ownerOf(stats, names) }));
        visit(inner);
      } else if (stats.isSymbolicLink()) {
        lines.push(tmpfilesLine({ type: 'L', path: target, argument: readlinkSync(at) }));
      } else if (stats.isFile() && keeps(path.join(source, inner))) {
        const kept = path.join(factory, bootPath, inner);
        checkInside(root, [kept]);
        mkdirSync(path.join(root, path.dirname(kept)), { recursive: true });
        renameSync(at, path.join(root, kept));
        lines.push(tmpfilesLine({ type: 'C', path: target, mode: stats.mode & 0o7777, ...ownerOf(stats, names), argument: `/${kept}` }));
      }
    }
  };
  if (existsSync(path.join(root, source))) {
    visit('');
    for (const name of readdirSync(path.join(root, source))) rmSync(path.join(root, source, name), { recursive: true });
  }
  return lines;
}

const ownerOf = (stats: Stats, names: OwnerNames): { user: string; group: string } => ({
  user: names.user(stats.uid),
  group: names.group(stats.gid),
});
