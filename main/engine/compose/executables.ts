import { chmodSync, chownSync, copyFileSync, lstatSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { SystemPort } from '../ports/compose-store.ts';

const capability = 'security.capability';
const executable = 0o111;
const writable = 0o222;

/** readonly-executables: take the write bits of all programs in usr (not usr/etc) away, through copies: files are hard links into the cache. */
export function makeExecutablesReadOnly(root: string, system: SystemPort): void {
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name);
      if (entry.isDirectory()) visit(file);
      else if (entry.isFile()) makeReadOnly(file, system);
    }
  };
  for (const entry of readdirSync(path.join(root, 'usr'), { withFileTypes: true }))
    if (entry.isDirectory() && entry.name !== 'etc') visit(path.join(root, 'usr', entry.name));
}

function makeReadOnly(file: string, system: SystemPort): void {
  const { mode, uid, gid } = lstatSync(file);
  if ((mode & executable) === 0 || (mode & writable) === 0) return;
  const temporary = `${file}.treeline-new`;
  const caps = system.getAttribute(file, capability);
  copyFileSync(file, temporary);
  // changing the owner clears setuid bits and capabilities: they come after it
  chownSync(temporary, uid, gid);
  chmodSync(temporary, mode & 0o7777 & ~writable);
  if (caps) system.setAttribute(temporary, capability, caps);
  renameSync(temporary, file);
}
