// SPDX-License-Identifier: LGPL-2.1-or-later
import { nameInNevra } from '../../../shared/domain/index.ts';
import { TreelineError, type ErrorCode } from '../../../shared/errors/index.ts';
import { knownFields } from '../../files/index.ts';

/** What says that packages and base don't go together; everything else (a dead repository, a full disk) isn't mended by leaving one out. */
const misfits: readonly ErrorCode[] = [
  ...(['package.not-found', 'package.conflict', 'package.dependency-missing', 'package.file-conflict', 'package.excluded'] as const),
  ...(['package.other-architecture', 'package.hidden-by-module', 'layer.base-would-change'] as const),
];

export const isMisfit = (error: unknown): error is TreelineError => error instanceof TreelineError && misfits.includes(error.code);

export interface Bases {
  /** Version that packages were to come onto. */
  readonly version: string;
  /** NEVRAs of the base to come. */
  readonly next: readonly string[];
  /** The NEVRA in the base until now that met a requirement or is called so; undefined: unknown, or there was none. */
  readonly before: (what: string) => string | undefined;
}

/** More requests than this aren't tried one by one. */
const triedAtMost = 100;

/**
 * Which requests don't fit a base, by trying: those that were there before come first, each beside what has been found to fit. `solve` throws what resolving
 * throws.
 */
export function misfitsAmong(requests: readonly string[], solve: (requests: readonly string[]) => Disposable): Map<string, TreelineError> {
  const fitting: string[] = [];
  const found = new Map<string, TreelineError>();
  if (requests.length > triedAtMost) return found;
  // without any of them, to begin with: else it is what is left out of the base that nothing goes with
  for (const request of [undefined, ...requests])
    try {
      using _ = solve(request === undefined ? [] : [...fitting, request]);
      if (request !== undefined) fitting.push(request);
    } catch (error) {
      if (!isMisfit(error)) throw error;
      if (request === undefined) return found;
      found.set(request, error);
    }
  return found;
}

/** One sentence: which request it is, what it fights with, and what of the base is another since. */
export function blockedUpdate(found: ReadonlyMap<string, TreelineError>, bases: Bases): TreelineError {
  const requests = [...found.keys()];
  const [error] = [...found.values()];
  const report = error?.report;
  const facts = report?.facts ?? {};
  const requirement = text(facts['requirement']);
  const parties = report?.code === 'package.conflict' ? (report.subject ?? '').split(', ') : [];
  const displaced = text(facts['installed']);
  const fought =
    requirement === undefined
      ? [displaced, text(facts['first']), text(facts['second']), ...parties]
      : [/^[^\s(<>=]+/.exec(requirement)?.[0]];
  const before = requirement === undefined ? undefined : bases.before(requirement);
  const names = new Set([
    ...fought.flatMap((each) => (each === undefined ? [] : [nameInNevra(each) || each])),
    ...(before ? [nameInNevra(before)] : []),
  ]);
  const base = bases.next.find((nevra) => names.has(nameInNevra(nevra)));
  const earlier = before ?? (base === undefined ? undefined : bases.before(nameInNevra(base)));
  const optionsOf = (name: string): string => requests.map((each) => `--${name}=${quoted(each)}`).join(' ');
  return new TreelineError(
    'layer.blocks-update',
    {
      subject: requests.join(', '),
      ...knownFields({ detail: report?.detail }),
      facts: {
        ...knownFields({
          requirement,
          requiredBy: requirement === undefined ? undefined : (text(facts['requiredBy']) ?? report?.subject),
          conflicting: parties.length > 0 ? parties.join(', ') : undefined,
          unasked: text(facts['unasked']),
          missing: report?.code === 'package.not-found' ? report.subject : undefined,
          changed: report?.code === 'layer.base-would-change' ? report.detail : undefined,
          path: report?.code === 'package.file-conflict' ? report.subject : undefined,
          base,
          before: earlier === base ? undefined : earlier,
        }),
        ...{ version: bases.version, without: optionsOf('without'), uninstall: optionsOf('uninstall') },
      },
    },
    { cause: error },
  );
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** As a shell takes it for one word. */
const quoted = (word: string): string => (/^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
