// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, type PackageInfo } from '../../../shared/domain/index.ts';
import type { ReadRpmdbOptions, RpmDependency, RpmFile } from '../../engine/base/ports/rpm.ts';
import { changelogOf, detailsOf } from './describe.ts';
import { filesOf } from './files.ts';
import { tag, type Header } from './header.ts';
import { headersOf } from './rpmdb.ts';
import { dependenciesOf } from './scripts.ts';

const nameOf = (header: Header): string => header.string(tag.name);

/** One package of a database by its NEVRA, with its neighbours: what it needs of the others, and which of them need it. Throws `rpmdb.unreadable`. */
export function packageInfo(database: Pick<ReadRpmdbOptions, 'root' | 'dbPath'>, nevra: string): PackageInfo | undefined {
  const headers = headersOf(database).filter((header) => nameOf(header) !== 'gpg-pubkey');
  const header = headers.find((each) => formatNevra(detailsOf(each)) === nevra);
  if (!header) return undefined;
  const files = filesOf(header);
  // what is asked of rpm itself, and conditions, no package of a name fulfils
  const requires = dependenciesOf(header, 'requires').filter(({ name }) => !name.startsWith('rpmlib('));
  const own = new Set([...provided(header), ...files.map(({ path }) => path)]);
  const asked = new Set(requires.map(({ name }) => name));
  const others = headers.filter((each) => each !== header);
  return {
    ...detailsOf(header),
    description: header.string(tag.description),
    url: header.string(tag.url),
    changelog: changelogOf(header),
    files: files.map(({ path, mode, sizeBytes }) => ({ path, type: typeOf(mode), sizeBytes })),
    requires: [...new Set(requires.map(dependencyText))].sort(),
    needs: names(others.filter((each) => provided(each).some((name) => asked.has(name)) || holdsFile(each, asked))),
    neededBy: names(others.filter((each) => dependenciesOf(each, 'requires').some(({ name }) => own.has(name)))),
  };
}

const provided = (header: Header): string[] => dependenciesOf(header, 'provides').map(({ name }) => name);
const names = (headers: readonly Header[]): string[] => [...new Set(headers.map(nameOf))].sort();

/** Paths of few packages are asked for: only those whose base name fits are put together. */
function holdsFile(header: Header, asked: ReadonlySet<string>): boolean {
  const wanted = [...asked].filter((name) => name.startsWith('/'));
  if (wanted.length === 0) return false;
  const bases = new Set(header.strings(tag.baseNames));
  return wanted.some((path) => bases.has(path.slice(path.lastIndexOf('/') + 1))) && filesOf(header).some(({ path }) => asked.has(path));
}

function typeOf(mode: RpmFile['mode']): PackageInfo['files'][number]['type'] {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'link';
    default:
      return 'other';
  }
}

const comparison = (flags: number): string => `${flags & 2 ? '<' : ''}${flags & 4 ? '>' : ''}${flags & 8 ? '=' : ''}`;
const dependencyText = ({ name, flags, version }: RpmDependency): string =>
  [name, ...(version === '' ? [] : [comparison(flags), version])].join(' ');
