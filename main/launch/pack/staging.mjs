// SPDX-License-Identifier: LGPL-2.1-or-later
// A staging tree: what a package will hold, at its place below a folder. Modes are set here, not taken from the checkout or the umask.
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export class Staging {
  /** @param {string} folder is emptied */
  constructor(folder) {
    this.folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    chmodSync(folder, 0o755);
  }

  /** Absolute path below the staging folder of a path in the system; makes its parents. */
  at(target) {
    const file = path.join(this.folder, target);
    const parts = path.relative(this.folder, path.dirname(file)).split(path.sep);
    for (let at = this.folder, i = 0; i < parts.length; i++) {
      at = path.join(at, parts[i]);
      mkdirSync(at, { recursive: true });
      chmodSync(at, 0o755);
    }
    return file;
  }

  copy(source, target, mode = 0o644) {
    const file = this.at(target);
    copyFileSync(source, file);
    chmodSync(file, mode);
  }

  write(target, content, mode = 0o644) {
    const file = this.at(target);
    writeFileSync(file, content);
    chmodSync(file, mode);
  }

  /** Man pages and Debian's changelog are kept compressed; without a time stamp, so that they are the same each time. */
  writeCompressed(target, content) {
    this.write(`${target}.gz`, gzipSync(Buffer.from(content), { level: 9 }));
  }

  /** @param {string} to as the link says it, relative to where it lies */
  link(target, to) {
    symlinkSync(to, this.at(target));
  }

  /** A module that a program imports: it isn't started by itself. */
  module(source, target) {
    this.write(target, readFileSync(source, 'utf8').replace(/^#!.*\n/, ''));
  }

  /**
   * A program: starts a module with the distribution's Node.js, not with whichever is first in PATH. A file and no link to the module: SELinux
   * decides by the label of the file, and a module below /usr/lib has none of a program.
   */
  program(target, module) {
    const from = path.relative(path.dirname(target), module);
    this.write(target, `#!/usr/bin/node\nimport('${from}');\n`, 0o755);
  }

  /** Folder with everything in it that `wanted` takes; `wanted` gets the path relative to the folder. */
  copyTree(source, target, wanted = () => true, mode = () => 0o644) {
    for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const name = path.relative(source, path.join(entry.parentPath ?? entry.path, entry.name));
      if (wanted(name)) this.copy(path.join(source, name), path.join(target, name), mode(name));
    }
  }

  /** Every entry below the folder with the path that it will have: sorted, parents first. */
  entries() {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .map((entry) => ({
        target: `/${path.relative(this.folder, path.join(entry.parentPath ?? entry.path, entry.name))}`,
        directory: entry.isDirectory(),
      }))
      .sort((a, b) => (a.target < b.target ? -1 : 1));
  }

  /** Bytes of all files. */
  size() {
    return this.entries().reduce((sum, { target, directory }) => sum + (directory ? 0 : lstatSync(path.join(this.folder, target)).size), 0);
  }

  /** One time for all, so that the same source gives the same package. */
  stamp(epochSeconds) {
    for (const { target } of this.entries().reverse()) lutimesSync(path.join(this.folder, target), epochSeconds, epochSeconds);
    lutimesSync(this.folder, epochSeconds, epochSeconds);
  }
}
