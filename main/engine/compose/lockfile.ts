import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isMap, isScalar, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { TreelineError } from '../../../shared/errors/index.ts';
import { replaceWhole } from './replace-whole.ts';
import type { PackageLock, Resolution } from '../ports/resolver.ts';
import { didYouMean } from './nearest-key.ts';
import { describeProblem } from './value-error.ts';

const lockedPackage = z
  .strictObject({
    evr: z.string().min(1).optional().describe('Version, as [epoch:]version-release, of any architecture.'),
    evra: z.string().min(1).optional().describe('The same with .architecture.'),
    digest: z
      .string()
      .regex(/^[a-z0-9]+:[0-9a-f]+$/, 'expected ALGORITHM:HEX')
      .optional()
      .describe('Digest of the package file, ALGORITHM:HEX; another file of the same version is refused.'),
    metadata: z.record(z.string(), z.unknown()).optional().describe('Free notes; not used.'),
  })
  .refine((each) => (each.evr === undefined) !== (each.evra === undefined), 'expected either evr or evra');

/** A lockfile (JSON or YAML): which build of a package to take. The source of validation and of the JSON Schema. */
export const lockfileSchema = z.strictObject({
  packages: z
    .record(z.string(), lockedPackage)
    .describe('Package name to the build to take. Of a second architecture, the name is NAME.ARCH.'),
  metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('generated: when; rpmmd_repos: which repositories, and how old they were.'),
});

/** Read lockfiles; what a later one says about a package wins. Throws lockfile.invalid with file, line and key. */
export function readLockfiles(files: readonly string[]): PackageLock[] {
  const locks = new Map<string, PackageLock>();
  for (const file of files) for (const [name, lock] of readLockfile(file)) locks.set(name, lock);
  return [...locks.values()];
}

function readLockfile(file: string): [string, PackageLock][] {
  const lines = new LineCounter();
  const document = parseDocument(read(file), { lineCounter: lines, uniqueKeys: true, prettyErrors: false, logLevel: 'silent' });
  const wrong = (offset: number, key: string, detail: string): TreelineError =>
    new TreelineError('lockfile.invalid', { file, line: Math.max(1, lines.linePos(offset).line), key, detail });
  const problem = document.errors[0];
  if (problem) throw wrong(problem.pos[0], 'packages', problem.message.split('\n')[0] ?? '');
  const value = plain(document, (detail) => wrong(0, 'packages', detail));
  const parsed = lockfileSchema.safeParse(value);
  if (!parsed.success) {
    const { path, detail, unknown } = describeProblem(parsed.error, value);
    const hint = unknown === undefined ? '' : didYouMean(unknown, ['packages', 'metadata', 'evr', 'evra', 'digest']);
    throw wrong(offsetOf(document.contents, path), path.join('.') || 'packages', [detail, hint].filter(Boolean).join('. '));
  }
  return Object.entries(parsed.data.packages).map(([key, { evr, evra, digest }]) => {
    const line = lines.linePos(offsetOf(document.contents, ['packages', key])).line;
    const arch = evra?.slice(evra.lastIndexOf('.'));
    const name = arch !== undefined && key.endsWith(arch) ? key.slice(0, -arch.length) : key;
    return [
      key,
      {
        name,
        ...(evr === undefined ? {} : { evr }),
        ...(evra === undefined ? {} : { evra }),
        ...(digest === undefined ? {} : { digest }),
        file,
        line,
      },
    ];
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TreelineError('file.unreadable', { subject: file, detail: (error as Error).message });
  }
}

function plain(document: ReturnType<typeof parseDocument>, wrong: (detail: string) => TreelineError): unknown {
  try {
    const value = document.toJS() as unknown;
    JSON.stringify(value);
    return value;
  } catch (error) {
    throw wrong((error as Error).message.split('\n')[0] ?? '');
  }
}

/** Where the key or value at a path begins. */
function offsetOf(root: unknown, path: readonly (string | number)[]): number {
  let node: unknown = root;
  let offset = 0;
  for (const part of path) {
    if (!isMap(node)) break;
    const pair = (node.items as Pair<Node, Node | null>[]).find((each) => isScalar(each.key) && String(each.key.value) === String(part));
    if (!pair) break;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

/** Write which builds were chosen. `timeSeconds`: Unix seconds. */
export function writeLockfile(file: string, resolution: Pick<Resolution, 'packages' | 'repos'>, timeSeconds: number): void {
  const packages: Record<string, { evra: string; digest: string }> = {};
  for (const { name, epoch, version, release, arch, digest } of resolution.packages) {
    const evra = `${epoch > 0 ? `${epoch}:` : ''}${version}-${release}.${arch}`;
    packages[name in packages ? `${name}.${arch}` : name] = { evra, digest: `${digest.algorithm}:${digest.hex}` };
  }
  const date = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  const metadata = {
    generated: date(timeSeconds),
    rpmmd_repos: Object.fromEntries(resolution.repos.map(({ id, timestamp }) => [id, { generated: date(timestamp) }])),
  };
  replaceWhole(file, `${JSON.stringify({ packages, metadata }, null, 2)}\n`);
}
