// SPDX-License-Identifier: LGPL-2.1-or-later
// Fetching an update over HTTP: `update.upgrade` (download only: check, unprivileged fetch, verification, import) against `ostree pull`
// into a copy of the same sysroot. Prints one JSON line. Needs root and dist/ (npm run build).
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';

const files = Number(process.env.TREELINE_BENCH_OBJECTS ?? 5000);
const rounds = 3;
const root = path.resolve(import.meta.dirname, '../..');
const worker = path.join(root, 'dist/worker/worker.mjs');
const dir = mkdtempSync('/dev/shm/treeline-bench-');
chmodSync(dir, 0o755);
const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const server = path.join(dir, 'server');
const tree = path.join(dir, 'tree');
const branch = 'bench/stable';
const osname = 'bench';

function commit(version) {
  mkdirSync(path.join(tree, 'usr/lib/modules/6.1.0'), { recursive: true });
  for (const d of ['usr/etc', 'usr/share/bench']) mkdirSync(path.join(tree, d), { recursive: true });
  writeFileSync(path.join(tree, 'usr/lib/os-release'), `ID=bench\nPRETTY_NAME="Bench ${version}"\n`);
  writeFileSync(path.join(tree, 'usr/lib/modules/6.1.0/vmlinuz'), 'k'.repeat(100_000));
  writeFileSync(path.join(tree, 'usr/lib/modules/6.1.0/initramfs.img'), 'i'.repeat(100_000));
  if (version > 1) {
    for (let i = 0; i < files; i++) {
      const folder = path.join(tree, 'usr/share/bench', String(i % 50));
      if (i < 50) mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, `f${i}`), randomBytes(1500 + (i % 1000)));
    }
  }
  const fixed = ['--canonical-permissions', '--owner-uid=0', '--owner-gid=0', '--no-xattrs', '--generate-sizes'];
  const sum = run(
    'ostree',
    `--repo=${server}`,
    'commit',
    ...fixed,
    `--tree=dir=${tree}`,
    '-b',
    branch,
    `--add-metadata-string=version=${version}`,
    `--timestamp=@${1.7e9 + version}`,
  );
  run('ostree', `--repo=${server}`, 'summary', '-u');
  return sum;
}

const staticServer = `
  const http = require('http'), fs = require('fs'), path = require('path');
  const s = http.createServer((q, r) => {
    fs.readFile(path.join(process.argv[1], q.url), (e, b) => e ? r.writeHead(404).end() : r.writeHead(200, { 'content-length': b.length }).end(b));
  }).listen(0, '127.0.0.1', () => console.log(s.address().port));`;

let http;
try {
  run('ostree', `--repo=${server}`, 'init', '--mode=archive');
  const first = commit(1);
  http = spawn(process.execPath, ['-e', staticServer, server], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(String((await once(http.stdout, 'data'))[0]).trim());
  const base = path.join(dir, 'base');
  mkdirSync(base);
  run('ostree', 'admin', 'init-fs', base);
  run('ostree', 'admin', 'os-init', `--sysroot=${base}`, osname);
  const repo = (sysroot) => path.join(sysroot, 'ostree/repo');
  run('ostree', `--repo=${repo(base)}`, 'remote', 'add', '--no-gpg-verify', 'origin', `http://127.0.0.1:${port}/`);
  run('ostree', `--repo=${repo(base)}`, 'pull', 'origin', branch);
  run('ostree', 'admin', 'deploy', `--sysroot=${base}`, `--os=${osname}`, `origin:${branch}`);
  const second = commit(2);

  const time = async (use) => {
    const sysroot = path.join(dir, 'copy');
    run('cp', '-a', base, sysroot);
    const from = performance.now();
    await use(sysroot);
    const ms = performance.now() - from;
    run('ostree', `--repo=${repo(sysroot)}`, 'ls', second);
    run('bash', '-c', `chattr -i ${sysroot}/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    rmSync(sysroot, { recursive: true, force: true });
    return ms;
  };
  const ours = async (sysroot) => {
    const child = spawn(process.execPath, [worker], { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
    child.stdio[3].resume();
    child.stdin.end(JSON.stringify({ job: 'update.upgrade', params: { sysroot, osname, downloadOnly: true } }));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`worker ended with ${code}`);
  };
  const reference = async (sysroot) => {
    const child = spawn('ostree', [`--repo=${repo(sysroot)}`, 'pull', 'origin', branch], { stdio: 'ignore' });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`ostree pull ended with ${code}`);
  };
  const best = { ours: Infinity, reference: Infinity };
  for (let i = 0; i < rounds; i++) {
    best.reference = Math.min(best.reference, await time(reference));
    best.ours = Math.min(best.ours, await time(ours));
  }
  const round = (n) => Math.round(n * 1000) / 1000;
  const line = {
    name: `pull over HTTP, ${files} files`,
    treelineMs: Math.round(best.ours),
    referenceMs: Math.round(best.reference),
    ratio: round(best.ours / best.reference),
  };
  console.log(JSON.stringify(line));
  if (first === second) throw new Error('the two releases are the same');
} finally {
  http?.kill();
  run('bash', '-c', `chattr -i ${dir}/*/ostree/deploy/*/deploy/* 2>/dev/null || true`);
  rmSync(dir, { recursive: true, force: true });
}
