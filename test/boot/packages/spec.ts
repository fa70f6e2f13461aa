// SPDX-License-Identifier: LGPL-2.1-or-later
import { evrOf, plainRelations, relations, type Control } from './control.ts';
import { kernelVersion } from './maintainer-work.ts';
import { notConverted } from './seed.ts';

/** A Debian package, unpacked and ready to be described. */
export interface Unpacked {
  readonly control: Control;
  readonly files: readonly string[];
  readonly ldconfig: boolean;
}

const nothing: ReadonlySet<string> = new Set();
const plain = (text: string): string => text.replace(/%/g, '%%');

/** One spec file for the binary packages of a Debian source package. */
export function specOf(source: string, packages: readonly Unpacked[], changelog: string): string {
  const main = packages.find((p) => p.control['Package'] === source);
  const arch = packages.every((p) => p.control['Architecture'] === 'all') ? 'BuildArch: noarch\n' : '';
  const first = main ?? packages[0];
  if (!first) throw new Error(`${source}: no packages`);
  const home = first.control['Homepage'];
  const head = [
    `Name: ${source}\n${versionTags(first.control)}License: see /usr/share/doc\nVendor: Treeline test system\n`,
    home === undefined ? '' : `URL: ${plain(home)}\n`,
    `AutoReqProv: no\n${arch}${main ? tags(main.control) : `Summary: ${source}\n`}`,
    `%description\n${main ? description(main.control) : source}\n`,
  ].join('');
  const others = packages.filter((p) => p !== main).map((p) => subpackage(p, arch !== ''));
  const sections = packages.map((p) => `${scripts(p, p === main)}%files ${suffix(p, p === main)}\n${p.files.join('\n')}\n`);
  return [head, ...others, '%prep\n%build\n%install\n', ...sections, `%changelog\n${changelog}\n`].join('\n');
}

const nameOf = (p: Unpacked): string => p.control['Package'] ?? '';
const suffix = (p: Unpacked, isMain: boolean): string => (isMain ? '' : `-n ${nameOf(p)}`);

function subpackage(p: Unpacked, allNoarch: boolean): string {
  const noarch = p.control['Architecture'] === 'all' && !allNoarch ? 'BuildArch: noarch\n' : '';
  const name = nameOf(p);
  return `%package -n ${name}\n${versionTags(p.control)}AutoReqProv: no\n${noarch}${tags(p.control)}%description -n ${name}\n${description(p.control)}\n`;
}

function versionTags(control: Control): string {
  const { epoch, version, release } = evrOf(control['Version'] ?? '');
  return `${epoch === '' ? '' : `Epoch: ${epoch}\n`}Version: ${version}\nRelease: ${release}\n`;
}

/** Paths that other packages ask for and that no file list has, since the tree is merged below /usr. */
const extraProvides: Readonly<Record<string, readonly string[]>> = {
  bash: ['/bin/bash'],
  dash: ['/bin/dash', '/bin/sh'],
  'libc-bin': ['/sbin/ldconfig'],
  kmod: ['/sbin/depmod'],
};

function tags(control: Control): string {
  const name = control['Package'] ?? '';
  const own = new Set([name, ...plainRelations(control['Provides']).map((d) => d.name)]);
  const replaced = new Set(plainRelations(control['Replaces']).map((d) => d.name));
  const against = (field: string): string[] =>
    plainRelations(control[field])
      .filter((d) => !own.has(d.name) && !notConverted.has(d.name))
      .map((d) => `${field === 'Conflicts' && replaced.has(d.name) ? 'Obsoletes' : 'Conflicts'}: ${d.text}`);
  const lines = [
    `Summary: ${plain((control['Description'] ?? name).split('\n')[0] ?? '')}`,
    ...[control['Pre-Depends'], control['Depends']].flatMap((field) => relations(field, notConverted).map((text) => `Requires: ${text}`)),
    ...relations(control['Recommends'], notConverted).map((text) => `Recommends: ${text}`),
    ...plainRelations(control['Suggests']).map((d) => `Suggests: ${d.text}`),
    ...relations(control['Provides'], nothing).map((text) => `Provides: ${text}`),
    ...(extraProvides[name] ?? []).map((text) => `Provides: ${text}`),
    ...(kernelVersion(name) === undefined ? [] : ['Requires(posttrans): /sbin/depmod', 'Provides: kernel']),
    ...against('Conflicts'),
    ...against('Breaks'),
  ];
  return `${lines.join('\n')}\n`;
}

function description(control: Control): string {
  const [first = '', ...rest] = (control['Description'] ?? control['Package'] ?? '').split('\n');
  return plain(rest.map((line) => line.replace(/^ /, '').replace(/^\.$/, '')).join('\n') || first);
}

/** Maintainer scripts aren't converted; what they are for is said in RPM's way. */
function scripts(p: Unpacked, isMain: boolean): string {
  const kernel = kernelVersion(nameOf(p));
  const at = suffix(p, isMain);
  if (kernel !== undefined) return `%posttrans ${at}\n/sbin/depmod -a ${kernel}\n`;
  if (nameOf(p) === 'libc-bin') return `%transfiletriggerin ${at} -P 2000000 -p /sbin/ldconfig -- /usr/lib /usr/lib64\n`;
  if (p.ldconfig) return `%post ${at} -p /sbin/ldconfig\n%postun ${at} -p /sbin/ldconfig\n`;
  return '';
}
