import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** One line of `rpm -V`: which attributes differ, `c` for a configuration file, the path; and why it may, if there is a reason. */
export interface Difference {
  readonly line: string;
  readonly file: string;
  readonly why?: string;
}

/** Places that are links in an OSTree system, whatever a package says. */
const links = new Set(['/home', '/root', '/opt', '/srv', '/mnt', '/media', '/tmp', '/usr/local']);

/** Files which composing a tree is there to change. */
const written: readonly (readonly [RegExp, string])[] = [
  [/^\/(etc|usr\/lib)\/os-release$/, 'holds the version'],
  [/^\/etc\/(passwd|group|shadow|gshadow)$/, 'users are split between /etc and /usr/lib'],
  [/^\/etc\/(nsswitch\.conf|machine-id|hostname|ld\.so\.cache)$/, 'written for an OSTree system'],
  [/^\/usr\/lib\/modules\/[^/]+\/modules\.[a-z.]+$/, 'written by depmod'],
  [/^\/etc\/systemd\/system\//, 'units are enabled'],
  // mount points of the running system
  [/^\/(proc|sys|dev|run)$/, 'a mount point'],
];

/**
 * Check a commit's content against its packages with rpm itself: `rpm -Va` over a checkout that is made to look like the running system (etc at
 * its place, /var filled by systemd-tmpfiles). OSTree keeps no modification times, so these aren't compared. Needs root. `scratch` is removed afterwards.
 */
export function verifyTree(repo: string, revision: string, scratch: string): { packages: number; differences: Difference[] } {
  const root = path.join(scratch, 'verify-root');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  execFileSync('ostree', [`--repo=${repo}`, 'checkout', revision, root]);
  try {
    renameSync(path.join(root, 'usr/etc'), path.join(root, 'etc'));
    joinUsers(root, 'passwd');
    joinUsers(root, 'group');
    mkdirSync(path.join(root, 'run'), { recursive: true });
    const ours = ['rpm-ostree-0-integration.conf', 'rpm-ostree-autovar.conf'].filter((name) =>
      existsSync(path.join(root, 'usr/lib/tmpfiles.d', name)),
    );
    execFileSync('systemd-tmpfiles', [`--root=${root}`, '--create', ...ours], { stdio: ['ignore', 'ignore', 'pipe'] });
    const rpm = ['--root', root, '--dbpath', '/usr/share/rpm'];
    const packages = execFileSync('rpm', [...rpm, '-qa'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n').length;
    const { stdout } = spawnSync('rpm', [...rpm, '-Va', '--nomtime', '--nodeps', '--noscripts'], { encoding: 'utf8', maxBuffer: 64 << 20 });
    return {
      packages,
      differences: stdout
        .split('\n')
        .filter((line) => line !== '')
        .map(explain),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function joinUsers(root: string, name: 'passwd' | 'group'): void {
  const lib = path.join(root, 'usr/lib', name);
  if (!existsSync(lib)) return;
  const etc = path.join(root, 'etc', name);
  writeFileSync(etc, `${readFileSync(etc, 'utf8')}${readFileSync(lib, 'utf8')}`);
}

function explain(line: string): Difference {
  const [, marks = '', kind = '', file = ''] = /^(\S+|missing)\s+([a-z] )?\s*(\/.*?)(?: \(.*\))?$/.exec(line) ?? [];
  const because = (why: string): Difference => ({ line, file, why });
  const found = written.find(([pattern]) => pattern.test(file));
  if (found) return because(found[1]);
  if (links.has(file)) return because('a link in an OSTree system');
  if (kind.trim() === 'c' && marks !== 'missing') return because('a configuration file');
  if (kind.trim() === 'g') return because('a ghost: no package brings its content');
  return { line, file };
}
