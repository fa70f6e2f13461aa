// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import { UnpackedFile } from '../archive/reader.ts';
import { bind, decodeError, GErrorOut, Handle, pointersOf, PointerOut, Ptr, ptrArrayUnref, type Pointer } from '../core/index.ts';
import { compressorOf } from './compressors.ts';
import { nevraOf } from './packages.ts';
import { packageSet, pkg, repo, sack } from './raw.ts';

/** libmodulemd 2 (modulemd-module-index.h, modulemd-subdocument-info.h), which libdnf reads modules with. */
const index = {
  create: bind('modulemd', 'modulemd_module_index_new', Ptr, []),
  read: bind('modulemd', 'modulemd_module_index_update_from_string', 'int', [Ptr, 'str', 'int', PointerOut, GErrorOut]),
  /** A GPtrArray of streams that the index owns. */
  streamsWith: bind('modulemd', 'modulemd_module_index_search_rpms', Ptr, [Ptr, 'str']),
};
const failureOf = bind('modulemd', 'modulemd_subdocument_info_get_gerror', Ptr, [Ptr]);
const copyError = bind('glib', 'g_error_copy', Ptr, [Ptr]);
const moduleName = bind('modulemd', 'modulemd_module_stream_get_module_name', 'str', [Ptr]);
const streamName = bind('modulemd', 'modulemd_module_stream_get_stream_name', 'str', [Ptr]);

/** Read modules.yaml, not minding keys that are too new. Returns why it, or one of its documents, can't be read: libdnf leaves such a document out, or ends the process. */
function readInto(into: Pointer, text: string): string | undefined {
  // C ends there
  if (text.includes('\0')) return 'it holds a NUL';
  const [failures, error]: [[unknown], [unknown]] = [[null], [null]];
  const whole = index.read(into, text, 0, failures, error);
  const words = error[0] ? decodeError(error[0]).message : whole ? undefined : 'the library doesn’t say why';
  if (!failures[0]) return words;
  try {
    const [first] = pointersOf(failures[0]);
    // what is wrong with the first document says more than that what follows it isn't one
    return first === undefined ? words : decodeError(copyError(failureOf(first) as Pointer)).message;
  } finally {
    ptrArrayUnref(failures[0]);
  }
}

/** What is wrong with the text of a modules.yaml; undefined: nothing. */
export function damageOfModules(text: string): string | undefined {
  using read = new Handle<'ModulemdModuleIndex'>(index.create(), 'ModulemdModuleIndex');
  return readInto(read.pointer, text);
}

function textOf(file: string): string {
  using unpacked = new UnpackedFile(file, 0, compressorOf(file));
  const pieces: Buffer[] = [];
  for (const piece = Buffer.allocUnsafe(1 << 17); ;) {
    const count = unpacked.read(piece);
    if (count === 0) return Buffer.concat(pieces).toString();
    pieces.push(Buffer.from(piece.subarray(0, count)));
  }
}

/** `name:stream` of each module that has a package; with none, of each that has a package of that name, which replaces it. */
function modulesWith(into: Pointer, item: Pointer): string[] {
  const at = (pattern: string): string[] => {
    const found = index.streamsWith(into, pattern);
    if (!found) return [];
    try {
      return pointersOf(found).map((each) => `${String(moduleName(each))}:${String(streamName(each))}`);
    } finally {
      ptrArrayUnref(found);
    }
  };
  const [name, arch] = [String(pkg.name(item)), String(pkg.arch(item))];
  const exact = at(`${name}-${Number(pkg.epoch(item))}:${String(pkg.version(item))}-${String(pkg.release(item))}.${arch}`);
  return exact.length > 0 ? exact : at(`${name}-[0-9]*:*.*`);
}

export interface Hidden {
  /** NEVRA of the package. */
  readonly subject: string;
  readonly repo: string;
  /** `name:stream`, several with commas. */
  readonly module: string;
}

/** The first of some packages that nothing but modules hides, and which ones; undefined when all are excluded by name, or seen. */
export function hiddenByModule(packages: Pointer, repos: readonly Pointer[], items: readonly Pointer[]): Hidden | undefined {
  const modular = sack.moduleExcludes(packages);
  if (!modular) return undefined;
  using hidden = new Handle<'DnfPackageSet'>(modular, 'DnfPackageSet', packageSet.free);
  const named = sack.excludes(packages);
  using excluded = new Handle<'DnfPackageSet'>(named || packageSet.create(packages), 'DnfPackageSet', packageSet.free);
  const item = items.find((each) => packageSet.has(hidden.pointer, each) === 1 && packageSet.has(excluded.pointer, each) === 0);
  if (item === undefined) return undefined;
  using read = new Handle<'ModulemdModuleIndex'>(index.create(), 'ModulemdModuleIndex');
  const files = repos.flatMap((each) => (repo.metadataFile(each, 'modules') as string | null) ?? []);
  for (const file of files) readInto(read.pointer, textOf(file));
  const modules = [...new Set(modulesWith(read.pointer, item))].sort();
  return { subject: nevraOf(item), repo: String(pkg.reponame(item)), module: modules.join(', ') };
}

/** What is said of it. */
export const hiddenError = (
  { subject, repo: id, module }: Hidden,
  needed: Readonly<Record<string, string>> = {},
  detail?: string,
): TreelineError =>
  new TreelineError('package.hidden-by-module', {
    subject,
    ...(detail === undefined ? {} : { detail }),
    facts: { repo: id, module, ...needed },
  });
