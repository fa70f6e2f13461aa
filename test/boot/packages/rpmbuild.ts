// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from './commands.ts';

export interface Build {
  /** Scratch directory. */
  readonly work: string;
  /** Where the RPMs go. */
  readonly out: string;
  /** With content: taken as it is; else the spec's %install fills it. */
  readonly buildroot?: string;
  /** Macros of the spec's own. */
  readonly macros?: Readonly<Record<string, string>>;
}

/** Nothing is stripped, searched for dependencies or rewritten: packages hold what their files say. */
const macros: Readonly<Record<string, string>> = {
  _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
  __os_install_post: '%{nil}',
  debug_package: '%{nil}',
  _build_id_links: 'none',
  _unpackaged_files_terminate_build: '0',
  _binaries_in_noarch_packages_terminate_build: '0',
  _binary_payload: 'w3.zstdio',
  _binary_filedigest_algorithm: '8',
  source_date_epoch_from_changelog: '1',
  use_source_date_epoch_as_buildtime: '1',
  clamp_mtime_to_source_date_epoch: '0',
  _buildhost: 'treeline-test',
};

/** Build the binary packages of a spec file; file names by package name. */
export async function buildRpms(spec: string, build: Build): Promise<Record<string, string>> {
  mkdirSync(build.out, { recursive: true });
  const filled = build.buildroot !== undefined;
  const all: Record<string, string> = {
    ...macros,
    ...build.macros,
    _topdir: build.work,
    _rpmdir: build.out,
    // rpmbuild would empty a buildroot that exists
    ...(filled ? { __spec_install_pre: '%{___build_pre}' } : {}),
  };
  const buildroot = build.buildroot ?? path.join(build.work, 'buildroot');
  await run('rpmbuild', [
    ...['-bb', '--quiet', '--noclean', '--target', 'x86_64-linux', '--buildroot', buildroot],
    ...Object.entries(all).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
    spec,
  ]);
  const files = readdirSync(build.out).filter((name) => name.endsWith('.rpm'));
  const names = await run('rpm', [
    '--query',
    '--nosignature',
    '--queryformat',
    '%{NAME}\\n',
    '--package',
    ...files.map((f) => path.join(build.out, f)),
  ]);
  return Object.fromEntries(
    names
      .trim()
      .split('\n')
      .map((name, i) => [name, files[i] ?? '']),
  );
}
