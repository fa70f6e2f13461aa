// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { dnfCode } from '../../main/native/dnf/errors.ts';
import { compare, goalFlags, ignoreExcludes, key, sackFlags } from '../../main/native/dnf/raw.ts';

/** Numbers that main/native/dnf repeats from libdnf's headers. */
const constants: Readonly<Record<string, number>> = {
  DNF_CONTEXT_SETUP_SACK_FLAG_SKIP_RPMDB: sackFlags.skipRpmdb,
  DNF_CONTEXT_SETUP_SACK_FLAG_SKIP_FILELISTS: sackFlags.skipFilelists,
  DNF_CONTEXT_SETUP_SACK_FLAG_LOAD_UPDATEINFO: sackFlags.loadUpdateinfo,
  DNF_INSTALL: goalFlags.install,
  DNF_IGNORE_WEAK_DEPS: goalFlags.ignoreWeakDeps,
  HY_PKG_ARCH: key.arch,
  HY_PKG_FILE: key.file,
  HY_PKG_NAME: key.name,
  HY_PKG_NEVRA: key.nevra,
  HY_PKG_OBSOLETES: key.obsoletes,
  HY_PKG_PROVIDES: key.provides,
  HY_PKG_REPONAME: key.reponame,
  HY_PKG_SUMMARY: key.summary,
  HY_ICASE: compare.icase,
  HY_SUBSTR: compare.substr,
  HY_EQ: compare.eq,
  HY_NEQ: compare.neq,
  HY_LT: compare.lt,
  HY_GLOB: compare.glob,
  HY_IGNORE_EXCLUDES: ignoreExcludes,
  DNF_ERROR_PACKAGE_CONFLICTS: dnfCode.unsolvable,
  DNF_ERROR_CANNOT_FETCH_SOURCE: dnfCode.repoUnreachable,
  DNF_ERROR_NO_PACKAGES_TO_UPDATE: dnfCode.nothingToDo,
  DNF_ERROR_PACKAGE_NOT_FOUND: dnfCode.noSuchPackage,
};

test('libdnf’s constants are those of the headers', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-dnf-abi-'));
  try {
    const source = path.join(directory, 'abi.c');
    const lines = Object.keys(constants).map((name) => `printf("%s %d\\n", "${name}", (int) ${name});`);
    // libdnf's headers want librepo's, for two types in pointers
    mkdirSync(path.join(directory, 'librepo'));
    writeFileSync(path.join(directory, 'librepo/librepo.h'), 'typedef struct _LrHandle LrHandle; typedef struct _LrResult LrResult;\n');
    writeFileSync(
      source,
      `#include <libdnf/dnf-types.h>\n#include <libdnf/hy-types.h>\n#include <libdnf/dnf-goal.h>\n#include <libdnf/hy-query.h>\n#include <libdnf/dnf-context.h>\n#include <stdio.h>\nint main(void) {\n${lines.join('\n')}\nreturn 0; }\n`,
    );
    const flags = execFileSync('pkg-config', ['--cflags', 'gio-2.0', 'glib-2.0'], { encoding: 'utf8' }).trim().split(/\s+/);
    execFileSync('cc', ['-I', directory, '-o', path.join(directory, 'abi'), source, ...flags]);
    const output = execFileSync(path.join(directory, 'abi'), { encoding: 'utf8' });
    const facts = Object.fromEntries(
      output
        .trim()
        .split('\n')
        .map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]),
    );
    expect(facts).toEqual(constants);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
