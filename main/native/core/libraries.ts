// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi, { type LibraryHandle } from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';

interface LibrarySpec {
  /** Sonames to try, newest distribution last; they differ between distributions (librpm.so.9 Debian 12, .so.10 Fedora 41+). */
  readonly sonames: readonly string[];
  readonly debian: string;
  readonly fedora: string;
}

const specs = {
  glib: { sonames: ['libglib-2.0.so.0'], debian: 'libglib2.0-0', fedora: 'glib2' },
  gobject: { sonames: ['libgobject-2.0.so.0'], debian: 'libglib2.0-0', fedora: 'glib2' },
  gio: { sonames: ['libgio-2.0.so.0'], debian: 'libglib2.0-0', fedora: 'glib2' },
  ostree: { sonames: ['libostree-1.so.1'], debian: 'libostree-1-1', fedora: 'ostree-libs' },
  rpm: { sonames: ['librpm.so.9', 'librpm.so.10'], debian: 'librpm9', fedora: 'rpm-libs' },
  rpmio: { sonames: ['librpmio.so.9', 'librpmio.so.10'], debian: 'librpmio9', fedora: 'rpm-libs' },
  dnf: { sonames: ['libdnf.so.2'], debian: 'libdnf2-common libdnf2', fedora: 'libdnf' },
  modulemd: { sonames: ['libmodulemd.so.2'], debian: 'libmodulemd2', fedora: 'libmodulemd' },
  repo: { sonames: ['librepo.so.0'], debian: 'librepo0', fedora: 'librepo' },
  sqlite: { sonames: ['libsqlite3.so.0'], debian: 'libsqlite3-0', fedora: 'sqlite-libs' },
  cap: { sonames: ['libcap.so.2'], debian: 'libcap2', fedora: 'libcap' },
  c: { sonames: ['libc.so.6'], debian: 'libc6', fedora: 'glibc' },
  seccomp: { sonames: ['libseccomp.so.2'], debian: 'libseccomp2', fedora: 'libseccomp' },
  archive: { sonames: ['libarchive.so.13'], debian: 'libarchive13', fedora: 'libarchive' },
} as const satisfies Record<string, LibrarySpec>;

export type LibraryName = keyof typeof specs;

const loaded = new Map<LibraryName, LibraryHandle>();

/** Load a library once, by the first soname that works. Throws `library.missing` with the install command of Debian and Fedora. */
export function library(name: LibraryName): LibraryHandle {
  const known = loaded.get(name);
  if (known) return known;
  const spec: LibrarySpec = specs[name];
  const failures: string[] = [];
  for (const soname of spec.sonames) {
    try {
      const handle = koffi.load(soname);
      loaded.set(name, handle);
      return handle;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new TreelineError('library.missing', {
    subject: spec.sonames.join(' or '),
    detail: failures[0] ?? '',
    facts: { install: `apt install ${spec.debian} (Debian), dnf install ${spec.fedora} (Fedora)` },
  });
}

/** Whether the library at hand has a function. Throws `library.missing`. */
export function libraryHas(name: LibraryName, symbol: string): boolean {
  const handle = library(name);
  try {
    handle.symbol(symbol);
    return true;
  } catch {
    return false;
  }
}
