// SPDX-License-Identifier: LGPL-2.1-or-later
import { lchownSync } from 'node:fs';
import path from 'node:path';
import { confined } from './directories.ts';
import { kindOf, type Kind } from './errors.ts';
import type { PlaceName } from './places.ts';
import { limitOf, statsOf } from './reader.ts';
import { TreeWriter, type Ownership } from './writer.ts';

/**
 * A composed or unpacked tree, as seen from outside of the sandbox: hostile packages decide what is in it, and we are root. Every access goes through here:
 * it reaches its file beneath the tree's root (see Directories), opens regular files only, never waits for a pipe, never reads without a limit, and changes
 * no file's content in place (files are hard links into the cache). What a place is good for is declared in places.ts.
 *
 * Paths without a leading slash are the tree's own (usr/etc); with one they are those of a program running in it (/etc is usr/etc). Methods that look
 * follow links inside of the tree and give undefined where there is nothing, or where a link leads out; methods that change never follow the last part,
 * and throw package.outside-tree when a link on the way leads out, package.unusable-file when something of another kind stands there.
 */
export class Tree extends TreeWriter {
  /** Permission bits of a file or directory; those of a link can't be set. Nothing happens when it isn't there. */
  setMode(place: PlaceName, target: string, mode: number): void {
    const entry = this.change(place, 'mode', target);
    if (entry && statsOf(entry)) this.setModeOf(entry, mode);
  }

  /** Owner of an entry, a link not followed. Nothing happens when it isn't there. */
  setOwner(place: PlaceName, target: string, { uid, gid }: Ownership): void {
    const entry = this.change(place, 'mode', target);
    if (entry && statsOf(entry)) lchownSync(entry.at, uid, gid);
  }

  getAttribute(place: PlaceName, target: string, name: string): Buffer | undefined {
    this.begin(place, 'look', target);
    const entry = this.directories.locate(target, false);
    return entry && this.attributes.getAttribute(entry.at, name);
  }

  setAttribute(place: PlaceName, target: string, name: string, value: Buffer): void {
    const entry = this.change(place, 'mode', target);
    if (entry) this.attributes.setAttribute(entry.at, name, value);
  }

  removeAttributes(place: PlaceName, target: string, prefixes: readonly string[]): void {
    const entry = this.change(place, 'mode', target);
    if (entry) this.attributes.removeAttributes(entry.at, prefixes);
  }

  // ---- for libraries and programs that open by name

  /**
   * For libraries that open what they want by its name, as this machine follows links: throws unless a directory and all below are directories and files,
   * and links that stay beneath the root for everybody. Nothing there is fine. Throws package.outside-tree, package.unusable-file.
   */
  requirePlain(place: PlaceName, target: string): void {
    const parts = target.split('/');
    for (let length = 1; confined && length < parts.length; length++) {
      const above = parts.slice(0, length).join('/');
      if (this.directories.isLinkOut(above)) throw this.errors.leadsOut(above, target);
    }
    this.#requirePlain(place, target);
  }

  #requirePlain(place: PlaceName, target: string): void {
    const stats = target === '' ? this.find(place, '')?.stats : this.look(place, target);
    if (!stats || !confined) return;
    if (stats.isSymbolicLink()) {
      if (this.directories.leadsOut(target)) throw this.errors.leadsOut(target, target);
      return;
    }
    if (!stats.isDirectory()) {
      if (!stats.isFile()) throw this.errors.wrongKind(target, kindOf(stats), 'file');
      const limitBytes = limitOf(place);
      if (stats.size > limitBytes) throw this.errors.tooLarge(target, stats.size, limitBytes);
      return;
    }
    for (const name of this.names(place, target)) this.#requirePlain(place, target === '' ? name : `${target}/${name}`);
  }

  /**
   * The path on this machine, without links, of a file or directory (with all that is below it) that a library or program opens by its name; undefined when it
   * isn't there. Throws as requirePlain().
   */
  plainPath(place: PlaceName, target: string, wanted: 'file' | 'directory'): string | undefined {
    const found = this.find(place, target);
    if (!found) return undefined;
    if (kindOf(found.stats) !== wanted) throw this.errors.wrongKind(found.path, kindOf(found.stats), wanted);
    this.requirePlain(place, found.path);
    return path.join(this.root, found.path);
  }

  /** Throws package.outside-tree or package.unusable-file when a directory that is going to be changed can't be. */
  checkDirectory(target: string): void {
    this.directories.forChange(target, false);
  }

  /** Throws package.unusable-file when something else than this is there, links followed in the tree; nothing there is fine. */
  requireKind(place: PlaceName, target: string, wanted: Kind): void {
    const found = this.find(place, target);
    if (found && kindOf(found.stats) !== wanted) throw this.errors.wrongKind(found.path, kindOf(found.stats), wanted);
  }
}
