import type { Origin } from '../../../shared/domain/index.ts';
import type { RawDeployment } from '../ports/sysroot.ts';

/** An origin file (GKeyFile syntax): lines are kept, so that what we don't know survives a change. */
export class OriginFile {
  readonly #lines: string[];

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  get text(): string {
    return `${this.#lines.join('\n').trimEnd()}\n`;
  }

  get(group: string, key: string): string | undefined {
    const at = this.#find(group, key);
    return at < 0 ? undefined : unescape((this.#lines[at] as string).replace(/^[^=]*=\s*/, ''));
  }

  /** A `;`-separated list; empty when missing. */
  list(group: string, key: string): string[] {
    return (this.get(group, key) ?? '').split(';').filter((item) => item !== '');
  }

  /** Set a key, or remove it with undefined. */
  set(group: string, key: string, value: string | undefined): void {
    const at = this.#find(group, key);
    if (value === undefined) {
      if (at >= 0) this.#lines.splice(at, 1);
      return;
    }
    const line = `${key}=${value}`;
    if (at >= 0) {
      this.#lines[at] = line;
      return;
    }
    const header = this.#lines.findIndex((l) => l.trim() === `[${group}]`);
    if (header >= 0) this.#lines.splice(header + 1, 0, line);
    else this.#lines.push(`[${group}]`, line);
  }

  /** Drop a whole group (`libostree-transient` isn't inherited by a new deployment). */
  removeGroup(group: string): void {
    const start = this.#lines.findIndex((l) => l.trim() === `[${group}]`);
    if (start < 0) return;
    const next = this.#lines.findIndex((l, i) => i > start && l.trim().startsWith('['));
    this.#lines.splice(start, (next < 0 ? this.#lines.length : next) - start);
  }

  #find(group: string, key: string): number {
    let inside = false;
    // the last one counts, as in GKeyFile
    let found = -1;
    this.#lines.forEach((line, i) => {
      const text = line.trim();
      if (text.startsWith('[')) inside = text === `[${group}]`;
      else if (inside && text.split('=')[0]?.trim() === key && text.includes('=')) found = i;
    });
    return found;
  }
}

const unescape = (value: string): string =>
  value.replace(/\\([sntr\\])/g, (_, c: string) => ({ s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' })[c] ?? c);

/** readOrigin() of a deployment. */
export function originOf(raw: Pick<RawDeployment, 'originText' | 'originDamage'>, remoteExists: (name: string) => boolean): Origin {
  const origin = readOrigin(raw.originText, remoteExists);
  return raw.originDamage === undefined ? origin : { ...origin, problem: 'unreadable', problemDetail: raw.originDamage };
}

/**
 * What an origin says, with what is wrong about it instead of an exception (field reports 11, 12): a deployment is listed whatever its origin.
 * `remoteExists` tells whether a remote is configured.
 */
export function readOrigin(text: string | undefined, remoteExists: (name: string) => boolean): Origin {
  const nothing: Origin = { refspec: '', remote: '', ref: '', requestedPackages: [] };
  if (text === undefined) return { ...nothing, problem: 'missing' };
  if (text.trim() !== '' && !/^\s*\[[^\]]+\]\s*$/m.test(text)) return { ...nothing, problem: 'unreadable' };
  const file = new OriginFile(text);
  const refspec = file.get('origin', 'refspec') ?? file.get('origin', 'baserefspec') ?? '';
  const container = file.get('origin', 'container-image-reference');
  const colon = refspec.indexOf(':');
  const remote = colon < 0 ? '' : refspec.slice(0, colon);
  const optional = {
    containerImageReference: container,
    customUrl: file.get('origin', 'custom-url'),
    customDescription: file.get('origin', 'custom-description'),
    overrideCommit: file.get('origin', 'override-commit'),
    unconfiguredState: file.get('origin', 'unconfigured-state') || undefined,
  };
  const problem = problemOf(refspec, container, remote, remoteExists);
  return {
    refspec,
    remote,
    ref: refspec.slice(colon + 1),
    requestedPackages: [...file.list('packages', 'requested'), ...file.list('packages', 'requested-local')],
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<typeof optional>),
    ...(problem ? { problem } : {}),
  } as Origin;
}

function problemOf(
  refspec: string,
  container: string | undefined,
  remote: string,
  remoteExists: (name: string) => boolean,
): Origin['problem'] | undefined {
  if (refspec !== '' && container) return 'ambiguous';
  if (refspec === '' && !container) return 'no-ref';
  if (remote !== '' && !remoteExists(remote)) return 'remote-missing';
  return undefined;
}
