// SPDX-License-Identifier: LGPL-2.1-or-later
// `treeline db diff --changelogs` of two commits of 2,000 packages, 600 of them changed, against `rpm -qa --changelog` over both trees.
// Prints one JSON line per kind of repository and commit. Needs `npm run build`, rpmbuild, rpm, ostree; TREELINE_BENCH_DIR: where to work.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { allowInstall } from '../fixtures/rpm-install.mjs';

const cli = fileURLToPath(new URL('../../dist/cli/treeline.mjs', import.meta.url));
const work = mkdtempSync(path.join(process.env.TREELINE_BENCH_DIR ?? tmpdir(), 'treeline-db-bench-'));
const packages = 2000;
const changed = 600;
const entries = 60;
const rounds = 5;
const run = (program, args) => execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] });

/** The best of some rounds, in milliseconds: what else the machine does only ever adds. */
function best(action) {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    action();
    return performance.now() - start;
  });
  return Math.round(Math.min(...times));
}

/** Packages `from` to `to` as sub-packages of one spec, each with the same changelog of `count` entries. */
function build(out, version, from, to, count) {
  const top = path.join(work, `build-${version}-${from}`);
  mkdirSync(top);
  mkdirSync(out, { recursive: true });
  const log = [];
  for (let i = count; i > 0; i--) {
    const date = new Date(Date.UTC(2020, 0, 1 + i * 7));
    const [day, month, number, year] = date
      .toUTCString()
      .replace(',', '')
      .split(' ')
      .map((word, n, all) => [all[0], all[2], all[1], all[3]][n] ?? '');
    log.push(
      `* ${day} ${month} ${number} ${year} Ida Brook <ida@meadow.example> - ${i}-1`,
      `- Update to ${i}`,
      `- Fix bug ${i * 7}, found by somebody who looked closely at what happens at night`,
      '',
    );
  }
  const parts = [];
  for (let i = from; i < to; i++)
    parts.push(`%package -n p${i}`, 'Summary: Part', `%description -n p${i}`, 'Part.', `%files -n p${i}`, `/usr/share/bench/p${i}*`);
  const install = `%install\nmkdir -p %{buildroot}/usr/share/bench; for i in $(seq ${from} ${to - 1}); do for n in a b c d e f; do : > %{buildroot}/usr/share/bench/p$i-$n; done; done`;
  const head = [
    'Name: bench',
    `Version: ${version}`,
    'Release: 1',
    'Summary: Benchmark',
    'License: MIT',
    'BuildArch: noarch',
    'AutoReqProv: no',
    '%description',
    'Benchmark',
    install,
  ];
  writeFileSync(
    path.join(top, 'b.spec'),
    [...head, ...parts, '%changelog', ...log].join('\n').replaceAll(/(usr\/share\/bench\/p\d+)\*/g, '$1-*'),
  );
  const defines = {
    _topdir: top,
    _rpmdir: out,
    _rpmfilename: '%%{NAME}-%%{VERSION}.rpm',
    __os_install_post: '%{nil}',
    _binary_payload: 'w0.gzdio',
  };
  run('rpmbuild', ['-bb', '--quiet', ...Object.entries(defines).flatMap(([k, v]) => ['--define', `${k} ${v}`]), path.join(top, 'b.spec')]);
  rmSync(top, { recursive: true });
}

/** A tree that holds only the RPM database of these package files. */
function database(name, folders) {
  const db = path.join(work, name, 'usr/share/rpm');
  mkdirSync(db, { recursive: true });
  const files = folders.flatMap((folder) => readdirSync(folder).map((f) => path.join(folder, f)));
  run('rpm', ['--dbpath', db, '--justdb', '--nodeps', '--nosignature', ...allowInstall, '--quiet', '-i', ...files]);
  // as a compose leaves it: without a write-ahead log (bytes 18 and 19: file format versions)
  const file = path.join(db, 'rpmdb.sqlite');
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.from([1, 1]), 0, 2, 18);
  closeSync(fd);
  for (const extra of ['-wal', '-shm']) rmSync(file + extra, { force: true });
  return db;
}

/** `treeline.changes` of the second tree, as a compose records it. */
function recorded(parent) {
  const side = (name, version) => ({ name, epoch: 0, version, release: '1', arch: 'noarch' });
  const changelog = [3, 2, 1].map((n) => {
    const i = entries + n;
    const text = `- Update to ${i}\n- Fix bug ${i * 7}, found by somebody who looked closely at what happens at night`;
    return { timeSeconds: Date.UTC(2020, 0, 1 + i * 7, 12) / 1000, author: `Ida Brook <ida@meadow.example> - ${i}-1`, text };
  });
  const change = (i) => ({ kind: 'upgraded', name: `p${i}`, arch: 'noarch', from: side(`p${i}`, '1'), to: side(`p${i}`, '2'), changelog });
  const list = Array.from({ length: changed }, (_, i) => change(i));
  const sizes = { installedSizeBytes: 0, installedSizeDeltaBytes: 0 };
  const bytes = deflateSync(JSON.stringify({ format: 1, parent, version: '2', timeSeconds: 1, packages: list, advisories: [], ...sizes }), {
    level: 9,
  });
  return `--add-metadata=treeline.changes=@ay [${[...bytes].map((b) => `0x${b.toString(16)}`).join(',')}]`;
}

function commit(repo, name, parent, ...more) {
  const rows = run('rpm', [
    '--dbpath',
    path.join(work, name, 'usr/share/rpm'),
    '-qa',
    '--qf',
    "('%{name}','%{epochnum}','%{version}','%{release}','%{arch}'),",
  ]);
  const args = [
    `--repo=${repo}`,
    'commit',
    '-b',
    'bench',
    `--tree=dir=${path.join(work, name)}`,
    `--add-metadata=rpmostree.rpmdb.pkglist=[${rows.slice(0, -1)}]`,
  ];
  return run('ostree', [...args, ...more, ...(parent ? [`--parent=${parent}`] : [])]).trim();
}

try {
  build(path.join(work, 'kept'), '1', changed, packages, entries);
  build(path.join(work, 'old'), '1', 0, changed, entries);
  build(path.join(work, 'new'), '2', 0, changed, entries + 3);
  const databases = [
    database('tree-1', [path.join(work, 'kept'), path.join(work, 'old')]),
    database('tree-2', [path.join(work, 'kept'), path.join(work, 'new')]),
  ];
  const referenceMs = best(() => databases.forEach((db) => run('rpm', ['--dbpath', db, '-qa', '--changelog'])));
  for (const mode of ['bare', 'archive']) {
    const repo = path.join(work, mode);
    run('ostree', [`--repo=${repo}`, 'init', `--mode=${mode}`]);
    const from = commit(repo, 'tree-1');
    const plain = commit(repo, 'tree-2', from);
    const withChanges = commit(repo, 'tree-2', from, recorded(from));
    for (const [to, how] of [
      [withChanges, 'composed by treeline'],
      [plain, 'composed by others'],
    ]) {
      const diff = () => run(process.execPath, [cli, 'db', 'diff', `--repo=${repo}`, '--changelogs', from, to]);
      const found = diff().match(/^ {4}\* /gm)?.length;
      if (found !== changed * 3) throw new Error(`expected ${changed * 3} changelog entries, got ${found}`);
      const treelineMs = best(diff);
      const ratio = Number((treelineMs / referenceMs).toFixed(2));
      console.log(
        JSON.stringify({ name: `db diff --changelogs, 2000 packages, ${mode} repository, ${how}`, treelineMs, referenceMs, ratio }),
      );
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
