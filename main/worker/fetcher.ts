import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { runJob, type JobContext } from '../engine/jobs/index.ts';
import type { FetchPort } from '../engine/ports/fetch.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Fetching runs in a process of its own, as a user without rights: what parses answers from the network can then change nothing but the
 * directory of what was fetched. Stays as is when not root, when the name space maps no other user, or when others may not read the repository.
 */
export function processFetcher(worker: string, context: JobContext): FetchPort {
  return {
    async fetch(request, onProgress) {
      const user = fetchUser(request.parent);
      prepareDirectory(request.repo, user);
      const job = runJob('fetch.pull', request, {
        worker,
        ...(user ? { user } : {}),
        onEvent(event) {
          if (event.type === 'progress') onProgress?.(event.progress);
          else if (event.type === 'message') context.message(event.text);
        },
      });
      return job.done;
    },
  };
}

/** `treeline` if the system has that user, else `nobody`. */
export function fetchUser(parentRepo: string): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const user = passwdUser('treeline') ?? passwdUser('nobody');
  return user && isMapped('uid', user.uid) && isMapped('gid', user.gid) && othersMayEnter(parentRepo) ? user : undefined;
}

function passwdUser(name: string): User | undefined {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  const fields = lines.map((line) => line.split(':')).find(([n]) => n === name);
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return fields && uid > 0 && gid > 0 ? { uid, gid } : undefined;
}

/** user_namespaces(7): lines of `inside outside length`. */
function isMapped(kind: 'uid' | 'gid', id: number): boolean {
  return readFileSync(`/proc/self/${kind}_map`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([inside = 0, , length = 0]) => id >= inside && id < inside + length);
}

function othersMayEnter(directory: string): boolean {
  for (let at = path.resolve(directory); ; at = path.dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (!stat || (stat.mode & 0o001) === 0) return false;
    if (at === '/') return true;
  }
}

/** The directory above belongs to root; only what is fetched into belongs to the fetching user. */
function prepareDirectory(repo: string, user: User | undefined): void {
  mkdirSync(path.dirname(repo), { recursive: true, mode: 0o755 });
  // what another user fetched can't be changed by this one: it can be fetched again
  if (user && statSync(repo, { throwIfNoEntry: false })?.uid !== user.uid) rmSync(repo, { recursive: true, force: true });
  if (existsSync(repo)) return;
  mkdirSync(repo, { mode: 0o755 });
  if (user) chownSync(repo, user.uid, user.gid);
}
