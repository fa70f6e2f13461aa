// SPDX-License-Identifier: LGPL-2.1-or-later
import { parse } from 'smol-toml';
import { changeKernelArgs, kernelArg, type KernelArg } from '../../../../shared/domain/index.ts';
import { messageOf, TreelineError } from '../../../../shared/errors/index.ts';
import { TreeReader } from '../../base/commits/tree-reader.ts';
import type { ObjectReader } from '../../base/ports/review.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';

/** Where a tree brings kernel arguments of its own, as bootc has it. */
const place = ['usr', 'lib', 'bootc', 'kargs.d'];
const limitBytes = 64 << 10;

/** A file of kargs.d. */
export interface DropIn {
  /** Its path in the tree. */
  readonly file: string;
  /** Empty when it is for other machines. */
  readonly args: readonly KernelArg[];
  /** Why it can't be used. */
  readonly problem?: string;
}

/** Names of Rust's std::env::consts::ARCH, which the files are written with, by those of Node. */
const architectures: Partial<Record<NodeJS.Architecture, string>> = {
  ...{ x64: 'x86_64', arm64: 'aarch64', ia32: 'x86', ppc64: 'powerpc64', loong64: 'loongarch64' },
};
const machine = architectures[process.arch] ?? process.arch;

/** What a file says: `kargs`, a list of texts, and `match-architectures`, the machines that it is for; nothing else may stand there. */
export function parseDropIn(file: string, content: Uint8Array, architecture = machine): DropIn {
  try {
    const table = parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    const unknown = Object.keys(table).find((key) => !['kargs', 'match-architectures'].includes(key));
    if (unknown !== undefined) throw new Error(`“${unknown}” is none of its keys`);
    const args = texts(table['kargs'], 'kargs').map(kernelArg);
    const wanted = table['match-architectures'];
    const applies = wanted === undefined || texts(wanted, 'match-architectures').includes(architecture);
    return { file, args: applies ? args : [] };
  } catch (error) {
    const said = error instanceof TreelineError ? `“${error.report.subject}”: ${error.report.detail}` : messageOf(error).split('\n')[0];
    return { file, args: [], problem: said ?? '' };
  }
}

function texts(value: unknown, key: string): string[] {
  if (!Array.isArray(value)) throw new Error(`“${key}” is no list`);
  return value.map((each: unknown) => {
    if (typeof each !== 'string') throw new Error(`“${key}” holds something else than texts`);
    return each;
  });
}

/** The files of a commit's tree in the order of their names, which is that of their arguments. What isn't called *.toml doesn't count. */
export function dropInsOf(repo: RepoPort, commit: CommitPort, objects: ObjectReader): DropIn[] {
  const reader = new TreeReader(repo, repo, objects);
  const directory = reader.find(commit, place);
  if (!directory) return [];
  const { files, dirs } = reader.directory(directory.tree);
  const names = [...files.keys(), ...dirs.keys()].filter((name) => name.endsWith('.toml')).sort();
  return names.map((name): DropIn => {
    const file = `/${[...place, name].join('/')}`;
    const checksum = files.get(name);
    if (checksum === undefined) return { file, args: [], problem: 'it is a directory' };
    const { type, content, sizeBytes } = reader.file(checksum, limitBytes);
    if (type !== 'file') return { file, args: [], problem: 'it is a link' };
    if (!content && sizeBytes > 0) return { file, args: [], problem: `it has ${sizeBytes} bytes, ${limitBytes} are allowed` };
    return parseDropIn(file, content ?? new Uint8Array());
  });
}

const same = (a: KernelArg, b: KernelArg): boolean => a.key === b.key && a.value === b.value;

/**
 * A machine's arguments on another tree: what only the old tree brought goes, what only the new one brings comes, unless it is there already; the rest is the machine's.
 * So what somebody took away stays away, until a tree drops it and another one brings it again.
 */
export function mergeDropIns(current: readonly KernelArg[], before: readonly KernelArg[], after: readonly KernelArg[]): KernelArg[] {
  const gone = before.filter((arg) => !after.some((each) => same(each, arg)));
  const init = current.findIndex(({ raw }) => raw === '--');
  const kept = current.filter((arg, i) => (init >= 0 && i >= init) || !gone.some((each) => same(each, arg)));
  const come = after.filter((arg) => !before.some((each) => same(each, arg)));
  const none = { append: [], replace: [], remove: [], deleteIfPresent: [] };
  return changeKernelArgs(kept, { ...none, appendIfMissing: come.map(({ raw }) => raw) });
}
