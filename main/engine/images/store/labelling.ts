// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import type { Attributes, Labels, NewObject, TreeSink } from '../../base/ports/container.ts';
import { whiteout } from './layer-places.ts';
import { below, Directory } from './layer-tree.ts';

export const fileTypes = { file: 0o100000, symlink: 0o120000, directory: 0o040000 } as const;
const selinux = 'security.selinux';
const cText = (text: string): Buffer => Buffer.from(`${text}\0`);

/** Makes objects with the labels that a policy has for their places; without a policy, with none. */
export class Labeller {
  readonly #metas = new Map<string, string>();

  constructor(
    readonly sink: TreeSink,
    readonly labels: Labels | undefined,
  ) {}

  /** `mode` with the type. */
  attributes(path: string, mode: number, xattrs: Attributes): Attributes {
    const others = xattrs.filter(([name]) => !name.equals(cText(selinux)));
    const label = this.labels?.labelOf(path, mode);
    return label === undefined ? others : [...others, [cText(selinux), cText(label)]];
  }

  dirmeta(path: string, object: NewObject & { readonly mode: number }): string {
    const xattrs = this.attributes(path, object.mode | fileTypes.directory, object.xattrs);
    const { uid, gid, mode } = object;
    const key = JSON.stringify([uid, gid, mode, xattrs.map((pair) => pair.map((each) => each.toString('base64')))]);
    let made = this.#metas.get(key);
    if (made === undefined) this.#metas.set(key, (made = this.sink.newDirmeta({ uid, gid, mode, xattrs })));
    return made;
  }

  link(path: string, { uid, gid, target }: Omit<NewObject, 'xattrs'> & { readonly target: string }): string {
    return this.sink.newLink({ uid, gid, target, xattrs: this.attributes(path, fileTypes.symlink | 0o777, []) });
  }

  /** Of a directory that nothing says more of. */
  readonly impliedMeta = (path: string): string => this.dirmeta(path, { uid: 0, gid: 0, mode: 0o755, xattrs: [] });

  /** A file as it has to be at `path`: the same, or with another label. */
  file(path: string, checksum: string): string {
    const file = this.sink.file(checksum);
    const before = this.sink.attributesOf(file);
    const xattrs = this.attributes(path, file.mode | (file.isLink ? fileTypes.symlink : fileTypes.file), before);
    if (labelIn(before) === labelIn(xattrs)) return checksum;
    const { uid, gid, mode, sizeBytes } = file;
    if (file.isLink) return this.sink.newLink({ uid, gid, xattrs, target: file.linkTarget });
    using writer = this.sink.newFile({ uid, gid, mode, sizeBytes, xattrs });
    for (const piece of file.content()) writer.write(piece);
    return writer.finish();
  }

  /** All of a tree; directories that nothing is known of stay so. */
  tree(directory: Directory, path = '/'): void {
    if (directory.meta !== undefined) directory.meta = this.dirmeta(path, this.sink.dirmeta(directory.meta));
    for (const [name, checksum] of directory.files)
      if (!name.startsWith(whiteout)) directory.files.set(name, this.file(below(path, name), checksum));
    for (const [name, each] of directory.directories) this.tree(each, below(path, name));
  }
}

const labelIn = (xattrs: Attributes): string | undefined => xattrs.find(([name]) => name.equals(cText(selinux)))?.[1].toString('latin1');

/** Where a commit has its policy. */
export const policyPlace = ['usr', 'etc', 'selinux'] as const;

/** Names a policy by the content of what labels come from, whatever labels those files have themselves; '' where there is none. */
export function policyId(sink: TreeSink, root: Directory): string {
  const policy = root.find(policyPlace);
  if (!(policy instanceof Directory)) return '';
  const hash = createHash('sha256');
  const take = (directory: Directory, path: string): void => {
    for (const [name, checksum] of sorted(directory.files)) {
      hash.update(`${path}/${name}\0`);
      for (const piece of sink.file(checksum).content()) hash.update(piece);
      hash.update('\0');
    }
    for (const [name, each] of sorted(directory.directories)) take(each, `${path}/${name}`);
  };
  const parts = [...policy.directories.values()].flatMap((each) =>
    ['contexts', 'policy'].flatMap((name) => each.directories.get(name) ?? []),
  );
  if (parts.length === 0) return '';
  const config = new Directory(sink);
  for (const [name, checksum] of policy.files) config.files.set(name, checksum);
  for (const [i, part] of [config, ...parts].entries()) take(part, String(i));
  return hash.digest('hex');
}

const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
