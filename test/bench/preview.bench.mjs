// SPDX-License-Identifier: LGPL-2.1-or-later
// The preview of a gap of ten releases, changelogs included: bytes answered by the web server against the size of the tree's RPM database, which
// is what must be fetched where commits don't say what they change. All eleven releases are composed by `treeline compose tree` from packages with
// files and long changelogs. Afterwards the server is stopped, and the preview must still be there. Prints one JSON line. Needs root, dist/
// (npm run build), rpmbuild, createrepo_c, ostree. TREELINE_BENCH_PACKAGES: number of packages.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

const packages = Number(process.env.TREELINE_BENCH_PACKAGES ?? 400);
const releases = 10;
/** Of each release: a thirtieth of the packages, with two new entries each. */
const changed = Math.ceil(packages / 30);
const entries = 60;
const filesEach = 40;
const budget = 1 / 50;
const root = path.resolve(import.meta.dirname, '../..');
const worker = path.join(root, 'dist/worker/worker.mjs');
const dir = mkdtempSync('/dev/shm/treeline-preview-');
chmodSync(dir, 0o755);
const run = (command, ...args) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 }).trim();
const source = path.join(dir, 'packages');
const repo = path.join(dir, 'server');
const sysroot = path.join(dir, 'sysroot');
const osname = 'bench';
const branch = 'bench/stable';
const firstDay = Date.UTC(2024, 0, 1);

const words =
  'fix crash when the cache file of an older version is read while another process writes to it bug correct path of desktop entry'.split(
    ' ',
  );
/** Text that differs from entry to entry, as real ones do. */
const sentence = (seed) => Array.from({ length: 9 }, (_, i) => words[(seed * 31 + i * i * 7 + seed * i) % words.length]).join(' ');

const versions = Array.from({ length: packages }, () => 1);

/** The changelog of version `version`: sixty entries, and two more for each version after the first. */
function changelog(i, version) {
  const count = entries + 2 * (version - 1);
  return Array.from({ length: count }, (_, k) => {
    const age = count - k;
    const [weekday, day, month, year] = new Date(firstDay + age * 7 * 86_400_000).toUTCString().replace(',', '').split(' ');
    return `* ${weekday} ${month} ${day} ${year} Ida Brook <ida@meadow.example> - ${age}-1\n- ${sentence(i * 7 + age)}\n- ${sentence(i + age + 1000)}\n`;
  }).join('');
}

function kernelSpec() {
  const modules = '%{buildroot}/usr/lib/modules/6.1.0';
  return `Name: kernel\nVersion: 6.1.0\nRelease: 1\nSummary: Kernel\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n%description\nKernel\n%install
mkdir -p ${modules} %{buildroot}/usr/lib; echo kernel > ${modules}/vmlinuz; echo initramfs > ${modules}/initramfs.img; echo ID=bench > %{buildroot}/usr/lib/os-release
%files\n/usr/lib/modules\n/usr/lib/os-release\n`;
}

function spec(i) {
  const version = versions[i];
  const place = `%{buildroot}/usr/share/bench/p${i}`;
  const install = `mkdir -p ${place}; for f in $(seq 1 ${filesEach}); do echo ${i} $f ${version} > ${place}/file-$f; done`;
  return `Name: package-${i}\nVersion: ${version}\nRelease: 1\nSummary: ${sentence(i)}\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n%description\n${sentence(i)}
%install\n${install}\n%files\n/usr/share/bench/p${i}\n%changelog\n${changelog(i, version)}\n`;
}

/** Build packages from specs in one shell; the older builds of the same packages go. */
function build(specs) {
  const top = path.join(dir, 'build');
  mkdirSync(top);
  const defines = { _topdir: top, _rpmdir: source, _rpmfilename: '%%{NAME}.rpm', __os_install_post: '%{nil}', _binary_payload: 'w1.gzdio' };
  const flags = Object.entries(defines).flatMap(([k, v]) => ['--define', `'${k} ${v}'`]);
  const commands = specs.map((text, n) => {
    writeFileSync(path.join(top, `${n}.spec`), text);
    return `rpmbuild -bb --quiet --buildroot ${top}/root ${flags.join(' ')} ${top}/${n}.spec`;
  });
  // a file: one argument of a program may have 128 KiB
  const script = path.join(top, 'build.sh');
  writeFileSync(script, commands.join('\n'));
  run('bash', '-e', script);
  rmSync(top, { recursive: true });
  run('createrepo_c', '--quiet', source);
}

/** The next release: some packages newer. */
async function compose(release) {
  const list = release === 0 ? versions.map((_, i) => i) : [];
  for (let n = 0; release > 0 && n < changed; n++) {
    const i = (release * 37 + n * 29) % packages;
    if (list.includes(i)) continue;
    versions[i]++;
    list.push(i);
  }
  build([...(release === 0 ? [kernelSpec()] : []), ...list.map(spec)]);
  const treefile = path.join(dir, 'tree.yaml');
  const names = ['kernel', ...versions.map((_, i) => `package-${i}`)];
  const keys = { ref: branch, repos: ['bench'], packages: names, selinux: false, 'no-initramfs': true, 'automatic-version-prefix': '1' };
  writeFileSync(treefile, JSON.stringify(keys));
  writeFileSync(path.join(dir, 'bench.repo'), `[bench]\nbaseurl=file://${source}\ngpgcheck=0\n`);
  return await job('compose.tree', { treefile, repo, cachedir: path.join(dir, 'cache') });
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
let content = 0;
let http;
async function listen(port) {
  http = createServer((request, response) => {
    const file = path.join(repo, path.normalize(request.url));
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) return response.writeHead(404).end();
    served += stat.size;
    if (/\.(filez|dirtree|dirmeta)$/.test(file)) content += stat.size;
    createReadStream(file).pipe(response.writeHead(200, { 'content-length': stat.size }));
  }).listen(port, '127.0.0.1');
  await once(http, 'listening');
}

try {
  mkdirSync(source);
  run('ostree', `--repo=${repo}`, 'init', '--mode=archive');
  const first = (await compose(0)).checksum;
  await listen(0);
  mkdirSync(sysroot);
  run('ostree', 'admin', 'init-fs', sysroot);
  run('ostree', 'admin', 'os-init', `--sysroot=${sysroot}`, osname);
  const own = path.join(sysroot, 'ostree/repo');
  run('ostree', `--repo=${own}`, 'remote', 'add', '--no-gpg-verify', 'origin', `http://127.0.0.1:${http.address().port}/`);
  run('ostree', `--repo=${own}`, 'pull-local', '--remote=origin', repo, first);
  run('ostree', `--repo=${own}`, 'refs', '--create', `origin:${branch}`, first);
  run('ostree', 'admin', 'deploy', `--sysroot=${sysroot}`, `--os=${osname}`, `origin:${branch}`);
  let at = first;
  for (let release = 1; release <= releases; release++) at = (await compose(release)).checksum;
  const databaseBytes = Number(run('ostree', `--repo=${repo}`, 'ls', at, '/usr/share/rpm/rpmdb.sqlite').split(/\s+/)[3]);

  const started = performance.now();
  const state = await job('update.check', { sysroot, osname });
  const online = await job('update.details', { sysroot, osname });
  const ms = performance.now() - started;
  const bytes = served;
  const { port } = http.address();
  http.closeAllConnections();
  http.close();
  await once(http, 'close');
  const offline = await job('update.details', { sysroot, osname });
  await listen(port);
  content = 0;
  await job('update.upgrade', { sysroot, osname });
  const logs = (details) => details.packages.reduce((sum, p) => sum + (p.changelog?.length ?? 0), 0);
  // all but the free space, which others change meanwhile
  const whatChanges = ({ sizes, ...rest }) => JSON.stringify({ ...rest, download: sizes.downloadBytes });
  const problems = [
    state.kind === 'available' ? '' : `check says ${state.kind}`,
    online.releases.length === releases ? '' : `${online.releases.length} releases`,
    online.source === 'treeline.changes' && logs(online) >= changed ? '' : `changelogs: ${logs(online)} from ${online.source}`,
    whatChanges(online) === whatChanges(offline) ? '' : 'offline it says something else',
    content === online.sizes.downloadBytes && online.sizes.downloadExact
      ? ''
      : `${online.sizes.downloadBytes} bytes said, ${content} fetched`,
  ].filter(Boolean);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const sum = run('ostree', `--repo=${repo}`, 'ls', '-C', at, '/usr/share/rpm/rpmdb.sqlite').split(/\s+/).at(-2);
  const line = {
    name: `preview of ${releases} releases, ${packages} packages with ${packages * filesEach} files: bytes of it / of the RPM database`,
    value: bytes,
    unit: 'bytes',
    referenceMs: databaseBytes,
    ratio: Math.round((bytes / databaseBytes) * 1e5) / 1e5,
    budget,
    packedDatabaseBytes: statSync(path.join(repo, 'objects', sum.slice(0, 2), `${sum.slice(2)}.filez`)).size,
    commitBytes: statSync(path.join(repo, 'objects', at.slice(0, 2), `${at.slice(2)}.commit`)).size,
    downloadBytes: online.sizes.downloadBytes,
    changedPackages: online.packages.length,
    changelogEntries: logs(online),
    seconds: Math.round(ms) / 1000,
  };
  console.log(JSON.stringify(line));
  if (line.ratio > budget) throw new Error(`more than 1/${1 / budget}`);
} finally {
  http?.close();
  run('bash', '-c', `chattr -i ${sysroot}/ostree/deploy/*/deploy/* 2>/dev/null || true`);
  rmSync(dir, { recursive: true, force: true });
}
