// The preview of a gap of ten releases, changelogs included: bytes answered by the web server against the size of the tree's RPM database, which
// is what must be fetched where commits don't say what they change. Afterwards the server is stopped, and the preview must still be there.
// Prints one JSON line for what commits say of packages, and one for a tree which holds the packages' files, too: `ostree.sizes` then takes 39 bytes
// of each commit for every file. Needs root, dist/ (npm run build), rpmbuild, rpm, ostree. TREELINE_BENCH_PACKAGES: number of packages;
// TREELINE_BENCH_TREE: `packages` or `files`, for one of both.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';

const packages = Number(process.env.TREELINE_BENCH_PACKAGES ?? 400);
const releases = 10;
/** Of each release: a thirtieth of the packages, with two new entries each. */
const changed = Math.ceil(packages / 30);
const entries = 60;
const filesEach = 40;
const budget = 1 / 50;
const treeHolds = process.env.TREELINE_BENCH_TREE ?? 'both';
const root = path.resolve(import.meta.dirname, '../..');
const worker = path.join(root, 'dist/worker/worker.mjs');
const dir = mkdtempSync('/dev/shm/treeline-preview-');
chmodSync(dir, 0o755);
const run = (command, ...args) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 }).trim();
const tree = path.join(dir, 'tree');
const repo = path.join(dir, 'server');
const sysroot = path.join(dir, 'sysroot');
const osname = 'bench';
const branch = 'bench/stable';

const words =
  'fix crash when the cache file of an older version is read while another process writes to it bug correct path of desktop entry'.split(
    ' ',
  );
/** Text that differs from entry to entry, as real ones do. */
const sentence = (seed) => Array.from({ length: 9 }, (_, i) => words[(seed * 31 + i * i * 7 + seed * i) % words.length]).join(' ');

/** All packages as parts of one spec. */
function buildPackages(out) {
  const top = path.join(dir, 'build');
  mkdirSync(top);
  const log = Array.from({ length: entries }, (_, i) => {
    const [, day, month, year] = /^\w+, (\d+) (\w+) (\d+)/.exec(new Date(Date.UTC(2020, 0, 1 + (entries - i) * 7)).toUTCString());
    const weekday = new Date(Date.UTC(2020, 0, 1 + (entries - i) * 7)).toUTCString().slice(0, 3);
    return `* ${weekday} ${month} ${day} ${year} Ida Brook <ida@meadow.example> - ${entries - i}-1\n- ${sentence(i)}\n- ${sentence(i + 1000)}\n`;
  });
  const install = `mkdir -p %{buildroot}/usr/share/bench; for p in $(seq 0 ${packages - 1}); do for f in $(seq 1 ${filesEach}); do echo $p $f > %{buildroot}/usr/share/bench/p$p-$f; done; done`;
  const parts = Array.from(
    { length: packages },
    (_, i) =>
      `%package -n package-${i}\nSummary: ${sentence(i)}\n%description -n package-${i}\n${sentence(i)}\n%files -n package-${i}\n/usr/share/bench/p${i}-*`,
  );
  const head = 'Name: bench\nVersion: 1\nRelease: 1\nSummary: Bench\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n%description\nBench';
  writeFileSync(path.join(top, 'b.spec'), [head, `%install\n${install}`, ...parts, '%changelog', ...log, ''].join('\n'));
  const defines = { _topdir: top, _rpmdir: out, _rpmfilename: '%%{NAME}.rpm', __os_install_post: '%{nil}', _binary_payload: 'w0.gzdio' };
  run('rpmbuild', '-bb', '--quiet', ...Object.entries(defines).flatMap(([k, v]) => ['--define', `${k} ${v}`]), path.join(top, 'b.spec'));
  rmSync(top, { recursive: true });
}

function database() {
  const out = path.join(dir, 'packages');
  mkdirSync(out);
  buildPackages(out);
  const db = path.join(tree, 'usr/share/rpm');
  mkdirSync(db, { recursive: true });
  const files = readdirSync(out).map((f) => path.join(out, f));
  run('rpm', '--dbpath', db, '--justdb', '--nodeps', '--nosignature', '--force-debian', '--quiet', '-i', ...files);
  for (const extra of ['-wal', '-shm']) rmSync(path.join(db, `rpmdb.sqlite${extra}`), { force: true });
  rmSync(path.join(db, '.rpm.lock'), { force: true });
  rmSync(out, { recursive: true });
  return statSync(path.join(db, 'rpmdb.sqlite')).size;
}

const versions = Array.from({ length: packages }, () => 1);
const side = (i, version) => ({ name: `package-${i}`, epoch: 0, version: String(version), release: '1', arch: 'noarch' });

/** The next release: some packages newer. The commit says so as a compose writes it. */
function commit(release, parent) {
  const list = [];
  for (let n = 0; release > 0 && n < changed; n++) {
    const i = (release * 37 + n * 29) % packages;
    const from = versions[i];
    if (list.some((c) => c.name === `package-${i}`)) continue;
    versions[i] = from + 1;
    const changelog = [2, 1].map((k) => ({
      timeSeconds: 1.7e9 + release * 604_800 + k * 86_400,
      author: `Ida Brook <ida@meadow.example> - ${from + 1}-1`,
      text: `- ${sentence(release * 1000 + i + k)}\n- ${sentence(release * 2000 + i + k)}`,
    }));
    list.push({
      kind: 'upgraded',
      name: `package-${i}`,
      arch: 'noarch',
      from: side(i, from),
      to: side(i, from + 1),
      sizeDeltaBytes: i,
      changelog,
    });
  }
  const changes = {
    format: 1,
    ...(parent ? { parent, parentVersion: `1.${release - 1}` } : {}),
    version: `1.${release}`,
    timeSeconds: 1.7e9 + release * 604_800,
    packages: list,
    advisories: [],
    installedSizeBytes: 1e9,
    installedSizeDeltaBytes: 0,
  };
  const bytes = deflateSync(JSON.stringify(changes), { level: 9 });
  const rows = versions.map((v, i) => `('package-${i}','0','${v}','1','noarch')`).join(',');
  writeFileSync(path.join(tree, 'usr/lib/os-release'), `ID=bench\nPRETTY_NAME="Bench 1.${release}"\n`);
  const fixed = ['--canonical-permissions', '--owner-uid=0', '--owner-gid=0', '--no-xattrs', '--generate-sizes', `--tree=dir=${tree}`];
  const sum = run(
    'ostree',
    `--repo=${repo}`,
    'commit',
    ...fixed,
    '-b',
    branch,
    `--add-metadata-string=version=1.${release}`,
    `--add-metadata=rpmostree.rpmdb.pkglist=@a(sssss) [${rows}]`,
    `--add-metadata=treeline.changes=@ay [${[...bytes].map((b) => `0x${b.toString(16)}`).join(',')}]`,
    `--timestamp=@${1.7e9 + release * 604_800}`,
  );
  run('ostree', `--repo=${repo}`, 'summary', '-u');
  return sum;
}

async function job(name, params) {
  const child = spawn(process.execPath, [worker], { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
  let text = '';
  child.stdio[3].setEncoding('utf8').on('data', (chunk) => (text += chunk));
  child.stdin.end(JSON.stringify({ job: name, params }));
  await once(child, 'close');
  const last = JSON.parse(text.trim().split('\n').at(-1));
  if (last.type !== 'result') throw new Error(`${name}: ${JSON.stringify(last)}`);
  return last.result;
}

let served = 0;
let http;
try {
  for (const d of ['usr/etc', 'usr/lib/modules/6.1.0']) mkdirSync(path.join(tree, d), { recursive: true });
  writeFileSync(path.join(tree, 'usr/lib/modules/6.1.0/vmlinuz'), 'kernel');
  writeFileSync(path.join(tree, 'usr/lib/modules/6.1.0/initramfs.img'), 'initramfs');
  run('ostree', `--repo=${repo}`, 'init', '--mode=archive');
  const databaseBytes = database();
  if (treeHolds === 'files') {
    for (let i = 0; i < packages; i++) {
      mkdirSync(path.join(tree, `usr/share/bench/${i}`), { recursive: true });
      for (let k = 0; k < filesEach; k++) writeFileSync(path.join(tree, `usr/share/bench/${i}/${k}`), `${i} ${k}\n`);
    }
  }
  const first = commit(0);
  http = createServer((request, response) => {
    const file = path.join(repo, path.normalize(request.url));
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) return response.writeHead(404).end();
    served += stat.size;
    createReadStream(file).pipe(response.writeHead(200, { 'content-length': stat.size }));
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  mkdirSync(sysroot);
  run('ostree', 'admin', 'init-fs', sysroot);
  run('ostree', 'admin', 'os-init', `--sysroot=${sysroot}`, osname);
  const own = path.join(sysroot, 'ostree/repo');
  run('ostree', `--repo=${own}`, 'remote', 'add', '--no-gpg-verify', 'origin', `http://127.0.0.1:${http.address().port}/`);
  run('ostree', `--repo=${own}`, 'pull-local', '--remote=origin', repo, first);
  run('ostree', `--repo=${own}`, 'refs', '--create', `origin:${branch}`, first);
  run('ostree', 'admin', 'deploy', `--sysroot=${sysroot}`, `--os=${osname}`, `origin:${branch}`);
  let at = first;
  for (let release = 1; release <= releases; release++) at = commit(release, at);

  const started = performance.now();
  const state = await job('update.check', { sysroot, osname });
  const online = await job('update.details', { sysroot, osname });
  const ms = performance.now() - started;
  const bytes = served;
  http.closeAllConnections();
  http.close();
  await once(http, 'close');
  const offline = await job('update.details', { sysroot, osname });
  const logs = (details) => details.packages.reduce((sum, p) => sum + (p.changelog?.length ?? 0), 0);
  // all but the free space, which others change meanwhile
  const whatChanges = ({ sizes, ...rest }) => JSON.stringify({ ...rest, download: sizes.downloadBytes });
  const problems = [
    state.kind === 'available' ? '' : `check says ${state.kind}`,
    online.releases.length === releases ? '' : `${online.releases.length} releases`,
    online.source === 'treeline.changes' && logs(online) >= changed ? '' : `changelogs: ${logs(online)} from ${online.source}`,
    whatChanges(online) === whatChanges(offline) ? '' : 'offline it says something else',
  ].filter(Boolean);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const sum = run('ostree', `--repo=${repo}`, 'ls', '-C', at, '/usr/share/rpm/rpmdb.sqlite').split(/\s+/).at(-2);
  const line = {
    name: `preview of ${releases} releases, ${packages} packages${treeHolds === 'files' ? ` with ${packages * filesEach} files` : ''}: bytes of it / of the RPM database`,
    value: bytes,
    unit: 'bytes',
    referenceMs: databaseBytes,
    ratio: Math.round((bytes / databaseBytes) * 1e5) / 1e5,
    budget,
    packedDatabaseBytes: statSync(path.join(repo, 'objects', sum.slice(0, 2), `${sum.slice(2)}.filez`)).size,
    changedPackages: online.packages.length,
    changelogEntries: logs(online),
    seconds: Math.round(ms) / 1000,
  };
  console.log(JSON.stringify(line));
  if (treeHolds !== 'files' && line.ratio > budget) throw new Error(`more than 1/${1 / budget}`);
} finally {
  http?.close();
  run('bash', '-c', `chattr -i ${sysroot}/ostree/deploy/*/deploy/* 2>/dev/null || true`);
  rmSync(dir, { recursive: true, force: true });
}
if (treeHolds === 'both') {
  const again = spawn(process.execPath, [import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, TREELINE_BENCH_TREE: 'files', TREELINE_BENCH_PACKAGES: String(Math.min(packages, 100)) },
  });
  const [code] = await once(again, 'close');
  process.exitCode = code ?? 1;
}
