// SPDX-License-Identifier: LGPL-2.1-or-later
// One package with a script put onto a base of 170: beside a compose of the same tree, planned from cached metadata, and with the base's next
// version, for which the package must not be fetched or imported again. Prints JSON lines. Needs `npm run build`, rpmbuild, createrepo_c, ostree,
// busybox-static; runs as root.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { measure } from './measure.mjs';

const packages = 170;
const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'dist/cli/treeline.mjs');
const worker = path.join(root, 'dist/worker/worker.mjs');
// writing boot entries freezes the file system: never that of this machine
const dir = mkdtempSync('/dev/shm/treeline-layer-bench-');
chmodSync(dir, 0o755);
const at = (...names) => path.join(dir, ...names);
const [source, more, repo, sysroot] = [at('packages'), at('more'), at('server'), at('sysroot')];
const os = { sysroot, osname: 'bench' };
const branch = 'bench/stable';
const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const print = (row) => console.log(JSON.stringify(row));

/** All packages as sub-packages of one spec: one rpmbuild run. */
function build(out, version, parts) {
  const head = [
    'Name: bench',
    'Version: 1',
    'Release: 1',
    'Summary: Benchmark',
    'License: MIT',
    'AutoReqProv: no',
    '%description',
    'Benchmark',
  ];
  const install = ['%install'];
  const files = [];
  for (const { name, lines, owns, post } of parts) {
    const about = [`Version: ${version}`, 'Summary: Part', 'AutoReqProv: no', ...(name === 'system' ? ['Provides: /bin/sh'] : [])];
    head.push(`%package -n ${name}`, ...about, `%description -n ${name}`, 'Part.');
    install.push(...lines);
    files.push(...(post ? [`%post -n ${name}`, post] : []), `%files -n ${name}`, ...owns);
  }
  const spec = at(`${path.basename(out)}-${version}.spec`);
  writeFileSync(spec, [...head, ...install, ...files, ''].join('\n'));
  const names = '%%{NAME}-%%{VERSION}.%%{ARCH}.rpm';
  const fixed = { _topdir: at('build'), _rpmdir: out, _rpmfilename: names, debug_package: '%{nil}', _build_id_links: 'none' };
  const defines = { ...fixed, __os_install_post: '%{nil}', _binary_payload: 'w3.zstdio' };
  run('rpmbuild', '-bb', '--quiet', '--nodeps', ...Object.entries(defines).flatMap(([k, v]) => ['--define', `${k} ${v}`]), spec);
  run('createrepo_c', '--quiet', '--no-database', out);
}

/** What each system has: directories and links of the root, a shell, a kernel, users. */
const system = {
  name: 'system',
  lines: [
    'cd %{buildroot} && mkdir -p usr/bin usr/sbin usr/lib usr/lib64 usr/lib/modules/6.1.0 etc var',
    'ln -s usr/bin bin && ln -s usr/sbin sbin && ln -s usr/lib lib && ln -s usr/lib64 lib64',
    `cp ${busybox} usr/bin/busybox && ln -s busybox usr/bin/sh && touch usr/lib64/libnss_altfiles.so.2`,
    'echo kernel > usr/lib/modules/6.1.0/vmlinuz && echo initramfs > usr/lib/modules/6.1.0/initramfs.img && echo ID=bench > usr/lib/os-release',
    'echo root:x:0:0::/root:/bin/sh > etc/passwd && echo root:x:0: > etc/group',
  ],
  owns: ['/bin', '/sbin', '/lib', '/lib64', '/usr/bin/*', '/usr/lib/*', '/usr/lib64/*', '/etc/passwd', '/etc/group', '%dir /var'],
};

function part(name, version, more = {}) {
  const place = `%{buildroot}/usr/share/${name}`;
  const lines = [
    `mkdir -p ${place}`,
    `for n in 1 2 3 4 5 6 7 8 9 10 11 12; do seq 1 400 | sed "s/$/ $n ${name} ${version}/" > ${place}/$n; done`,
  ];
  return { name, lines, owns: [`/usr/share/${name}`], ...more };
}

const base = Array.from({ length: packages - 1 }, (_, i) => `p${i}`);
const compose = (names, out, cache) => {
  const treefile = at(`${names.length}.yaml`);
  const keys = { ref: branch, repos: ['bench', 'more'], packages: names, selinux: false, 'no-initramfs': true, recommends: false };
  writeFileSync(treefile, JSON.stringify({ ...keys, 'automatic-version-prefix': '1' }));
  for (const [id, place] of [
    ['bench', source],
    ['more', more],
  ])
    writeFileSync(at(`${id}.repo`), `[${id}]\nbaseurl=file://${place}\ngpgcheck=0\n`);
  return measure([[process.execPath, cli, 'compose', 'tree', `--repo=${out}`, `--cachedir=${cache}`, treefile]]);
};

/** A job of the worker, measured; its result is in `result`. */
async function job(name, params) {
  const [asked, said] = [at('asked'), at('said')];
  writeFileSync(asked, JSON.stringify({ job: name, params }));
  const shell = ['sh', '-c', '"$0" "$1" <"$2" 3>"$3" || tail -n 1 "$3" >&2', process.execPath, worker, asked, said];
  const used = await measure([shell]);
  const last = JSON.parse(readFileSync(said, 'utf8').trim().split('\n').at(-1));
  if (last.type !== 'result') throw new Error(`${name}: ${JSON.stringify(last)}`);
  return { ...used, result: last.result };
}
const change = (install, options = {}) => job('update.upgrade', { ...os, noPullBase: true, change: { install }, ...options });
const added = ({ result }) => result.layer?.added.map((each) => each.name).join(' ');
const demand = (is, wanted) => {
  if (is !== wanted) throw new Error(`${is}, not ${wanted}`);
};

try {
  for (const each of [source, more]) mkdirSync(each);
  const parts = base.map((name) => part(name, '1'));
  build(source, '1', [system, ...parts]);
  const post = 'echo made > /usr/share/extra/13';
  build(more, '1', [part('extra', '1', { post }), part('other', '1', { post: 'echo made > /usr/share/other/13' })]);
  for (const each of [repo, at('full')]) run('ostree', `--repo=${each}`, 'init', '--mode=archive');
  const names = ['system', ...base];
  await compose(names, repo, at('cache'));
  const full = await compose([...names, 'extra'], at('full'), at('full-cache'));

  mkdirSync(sysroot);
  run('ostree', 'admin', 'init-fs', sysroot);
  run('ostree', 'admin', 'os-init', `--sysroot=${sysroot}`, os.osname);
  const own = `--repo=${path.join(sysroot, 'ostree/repo')}`;
  run('ostree', own, 'remote', 'add', '--no-gpg-verify', 'origin', `file://${repo}`);
  run('ostree', own, 'pull', 'origin', branch);
  run('ostree', 'admin', 'deploy', `--sysroot=${sysroot}`, `--os=${os.osname}`, `origin:${branch}`);
  const deployed = path.join(sysroot, 'ostree/deploy', os.osname, 'deploy');
  const [first] = readdirSync(deployed).filter((name) => name.endsWith('.0'));
  mkdirSync(path.join(deployed, first, 'etc/yum.repos.d'), { recursive: true });
  writeFileSync(path.join(deployed, first, 'etc/yum.repos.d/more.repo'), `[more]\nbaseurl=file://${more}\ngpgcheck=0\n`);

  const layered = await change(['extra']);
  demand(added(layered), 'extra');
  const name = `one package onto ${packages}`;
  for (const [what, key] of [
    ['wall', 'wallMs'],
    ['CPU', 'cpuMs'],
  ]) {
    const [treelineMs, referenceMs] = [Math.round(layered[key]), Math.round(full[key])];
    print({
      name: `${name}, beside a compose of both, ${what}`,
      treelineMs,
      referenceMs,
      ratio: Number((treelineMs / referenceMs).toFixed(2)),
      budget: 0.5,
    });
  }
  print({ name: `${name}, CPU`, value: Math.round(layered.cpuMs), unit: 'ms', budget: 1500 });
  print({ name: `${name}, peak memory`, value: Math.round(layered.peakMb), unit: 'MB', budget: 200 });

  const planned = await change(['other'], { dryRun: true, cacheOnly: true });
  demand(added(planned), 'extra other');
  print({ name: 'plan of one package from cached metadata', value: Math.round(planned.wallMs), unit: 'ms', budget: 1000 });

  build(
    source,
    '2',
    base.slice(0, 30).map((each) => part(each, '2')),
  );
  await compose(names, repo, at('cache'));
  // what would be fetched again isn't there
  for (const file of readdirSync(more).filter((each) => each.endsWith('.rpm'))) rmSync(path.join(more, file));
  const updated = await job('update.upgrade', os);
  demand(added(updated), 'extra');
  print({ name: 'update of the base with the same package on top, CPU', value: Math.round(updated.cpuMs), unit: 'ms' });
} finally {
  run('bash', '-c', `chattr -i ${sysroot}/ostree/deploy/*/deploy/* 2>/dev/null || true`);
  rmSync(dir, { recursive: true, force: true });
}
