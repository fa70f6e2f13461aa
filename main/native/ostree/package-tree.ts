// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { TreeRoot } from '../../engine/base/ports/compose-store.ts';
import { bind, bindChecked, free, Handle, newVariant, PointerOut, Ptr, type Pointer } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import { objectTypes, type Repo } from './repo.ts';
import { writeTree } from './write.ts';

const newTree = bind('ostree', 'ostree_mutable_tree_new', Ptr, []);
const ensureDirectory = bindChecked('ostree', 'ostree_mutable_tree_ensure_dir', 'int', [Ptr, 'str', PointerOut], ostreeError);
const replaceFile = bindChecked('ostree', 'ostree_mutable_tree_replace_file', 'int', [Ptr, 'str', 'str'], ostreeError);
const setMetadata = bind('ostree', 'ostree_mutable_tree_set_metadata_checksum', 'void', [Ptr, 'str']);
const writeMetadata = bindChecked('ostree', 'ostree_repo_write_metadata', 'int', [Ptr, 'int', 'str', Ptr, PointerOut, Ptr], ostreeError);

/** Of directories that a package has files in without holding them. */
const otherDirectories = 0o040755;

interface Directory {
  mode: number;
  readonly children: Map<string, Directory | string>;
}

const newDirectory = (): Directory => ({ mode: otherDirectories, children: new Map() });

/** The tree of one package, put together from its checked header; libostree gets to see it only when it is whole. */
export class PackageTree {
  readonly #root = newDirectory();
  /** Names the package in errors. */
  readonly #subject: string;

  constructor(subject: string) {
    this.#subject = subject;
  }

  /** `place`: relative, as treePath gives it; '' is the root. */
  addDirectory(place: string, mode: number): void {
    this.#directory(place, place).mode = mode;
  }

  /** Throws package.payload-mismatch when another file of the package comes to the same place (`/lib/x` and `/usr/lib/x`). */
  addFile(place: string, checksum: string): void {
    const slash = place.lastIndexOf('/');
    const { children } = this.#directory(slash < 0 ? '' : place.slice(0, slash), place);
    const name = place.slice(slash + 1);
    const before = children.get(name);
    if (before !== undefined && before !== checksum) throw this.#twice(place);
    children.set(name, checksum);
  }

  /** Write it (within a transaction). */
  write(repo: Repo): TreeRoot {
    const metadata = new Map<number, string>();
    const fill = (tree: Pointer, directory: Directory): void => {
      let checksum = metadata.get(directory.mode);
      if (checksum === undefined) metadata.set(directory.mode, (checksum = writeDirectoryMetadata(repo, directory.mode)));
      setMetadata(tree, checksum);
      for (const [name, child] of directory.children) {
        if (typeof child === 'string') replaceFile(tree, name, child);
        else {
          const out: [unknown] = [null];
          ensureDirectory(tree, name, out);
          using below = new Handle<'OstreeMutableTree'>(out[0], 'OstreeMutableTree');
          fill(below.pointer, child);
        }
      }
    };
    using tree = new Handle<'OstreeMutableTree'>(newTree(), 'OstreeMutableTree');
    fill(tree.pointer, this.#root);
    return writeTree(repo, tree);
  }

  #directory(place: string, wanted: string): Directory {
    let at = this.#root;
    for (const name of place === '' ? [] : place.split('/')) {
      const child = at.children.get(name);
      if (typeof child === 'string') throw this.#twice(wanted);
      const next = child ?? newDirectory();
      if (!child) at.children.set(name, next);
      at = next;
    }
    return at;
  }

  #twice(place: string): TreelineError {
    return new TreelineError('package.payload-mismatch', {
      subject: this.#subject,
      detail: `two of its files come to /${place}`,
      facts: { path: `/${place}` },
    });
  }
}

/** A dirmeta object, `(uuua(ayay))` with big-endian numbers: root's, without attributes. */
function writeDirectoryMetadata(repo: Repo, mode: number): string {
  const bigEndian = Buffer.alloc(4);
  bigEndian.writeUInt32BE(mode);
  using variant = newVariant('(uuua(ayay))', [0, 0, bigEndian.readUInt32LE(), []]);
  const out: [unknown] = [null];
  writeMetadata(repo.pointer, objectTypes.dirmeta, null, variant.pointer, out, null);
  const bytes = koffi.decode(out[0], koffi.array('uint8_t', 32, 'Typed')) as Uint8Array;
  const checksum = Buffer.from(bytes).toString('hex');
  free(out[0] as Pointer);
  return checksum;
}
