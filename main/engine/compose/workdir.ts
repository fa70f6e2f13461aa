import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where packages and metadata are kept when --cachedir isn't given. */
export function defaultCachedir(): string {
  const base = process.getuid?.() === 0 ? '/var/cache' : (process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'));
  return path.join(base, 'treeline/compose');
}

/** A directory for one compose, gone afterwards; those of processes that died are removed, too. */
export class Workdir implements Disposable {
  readonly path: string;

  constructor(parent: string) {
    mkdirSync(parent, { recursive: true });
    for (const name of readdirSync(parent)) {
      const pid = /^work\.(\d+)$/.exec(name)?.[1];
      if (pid && !isAlive(Number(pid))) rmSync(path.join(parent, name), { recursive: true, force: true });
    }
    this.path = path.join(parent, `work.${process.pid}`);
    rmSync(this.path, { recursive: true, force: true });
    mkdirSync(this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
