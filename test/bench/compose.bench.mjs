// SPDX-License-Identifier: LGPL-2.1-or-later
// Compose of 210 small packages: cold, 31 of them changed, nothing changed; against the same by plain tools (rpm --root, ostree commit).
// The same for the packages of the test system, when there are any. Prints JSON lines. Needs `npm run build`, rpmbuild, createrepo_c, rpm, ostree; runs as root.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { allowInstall } from '../fixtures/rpm-install.mjs';
import { measure } from './measure.mjs';

const cli = fileURLToPath(new URL('../../dist/cli/treeline.mjs', import.meta.url));
const work = mkdtempSync(path.join(process.env.TREELINE_BENCH_DIR ?? tmpdir(), 'treeline-compose-bench-'));
const packages = 210;
const changed = 31;
const run = (program, args, options = {}) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
const print = (row) => console.log(JSON.stringify(row));
const ratio = (ours, theirs) => Number((ours / theirs).toFixed(2));

/** Wall and processor time beside those of plain tools (if there are any for the case), and memory. */
function report(name, ours, theirs) {
  const [wall, cpu] = ['wallMs', 'cpuMs'].map((key) => [Math.round(ours[key]), theirs && Math.round(theirs[key])]);
  for (const [what, [treelineMs, referenceMs]] of [
    ['wall', wall],
    ['CPU', cpu],
  ])
    print({
      name: `${name}, ${what}`,
      treelineMs,
      ...(referenceMs === undefined ? {} : { referenceMs, ratio: ratio(treelineMs, referenceMs) }),
    });
  print({ name: `${name}, peak memory`, value: Math.round(ours.peakMb), unit: 'MB', budget: 300 });
}

/** All packages as sub-packages of one spec: one rpmbuild run. */
function build(out, version, from, to) {
  const lines = ['Name: bench', 'Version: 1', 'Release: 1', 'Summary: Benchmark', 'License: MIT', '%description', 'Benchmark'];
  const install = ['%install'];
  const files = [];
  for (let i = from; i < to; i++) {
    const name = `p${i}`;
    const requires = i > 0 ? `Requires: p${Math.floor((i - 1) / 3)}` : '';
    lines.push(`%package -n ${name}`, `Version: ${version}`, 'Summary: Part', requires, `%description -n ${name}`, 'Part.');
    if (i === 0)
      install.push(
        'mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/lib %{buildroot}/usr/lib64 %{buildroot}/usr/sbin',
        'cd %{buildroot} && ln -s usr/bin bin && ln -s usr/sbin sbin && ln -s usr/lib lib && ln -s usr/lib64 lib64',
      );
    install.push(
      `mkdir -p %{buildroot}/usr/share/${name} %{buildroot}/usr/bin`,
      `for n in 1 2 3 4 5 6 7 8 9 10 11 12; do seq ${i * 100} ${i * 100 + 400} | sed "s/$/ $n ${version}/" > %{buildroot}/usr/share/${name}/$n; done`,
      `echo '${name} ${version}' > %{buildroot}/usr/bin/${name}`,
    );
    files.push(
      `%files -n ${name}`,
      `/usr/share/${name}`,
      `/usr/bin/${name}`,
      ...(i === 0 ? ['/bin', '/sbin', '/lib', '/lib64', '%dir /usr/lib', '%dir /usr/lib64'] : []),
    );
  }
  const top = path.join(work, `build-${version}`);
  mkdirSync(top);
  const spec = path.join(top, 'bench.spec');
  writeFileSync(spec, [...lines, ...install, ...files, ''].join('\n'));
  const defines = {
    _topdir: top,
    _rpmdir: out,
    _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
    debug_package: '%{nil}',
    _build_id_links: 'none',
    __os_install_post: '%{nil}',
    _binary_payload: 'w3.zstdio',
  };
  run('rpmbuild', ['-bb', '--quiet', '--nodeps', ...Object.entries(defines).flatMap(([k, v]) => ['--define', `${k} ${v}`]), spec], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
  });
}

function treefile(directory, repo) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'bench.repo'), `[bench]\nbaseurl=file://${repo}\ngpgcheck=0\n`);
  const file = path.join(directory, 'bench.yaml');
  writeFileSync(
    file,
    `ref: bench/x86_64/base\nrepos: [bench]\npackages: [${Array.from({ length: packages }, (_, i) => `p${i}`).join(', ')}]\nselinux: false\ncontainer: true\nautomatic-version-prefix: "1"\n`,
  );
  return file;
}

/** rpm --root with the set's packages, then ostree commit from the directory. */
function plain(name, repo, target, scripts = false) {
  const root = path.join(work, name);
  const rpm = ['rpm', '--root', root, '--dbpath', '/usr/share/rpm'];
  const files = readdirSync(repo)
    .filter((f) => f.endsWith('.rpm'))
    .map((f) => path.join(repo, f));
  return measure([
    [...rpm, '--initdb'],
    [...rpm, ...allowInstall, '--nodeps', ...(scripts ? [] : ['--noscripts']), '--quiet', '-U', ...files],
    ['ostree', `--repo=${target}`, 'commit', '-b', 'bench', `--tree=dir=${root}`, '--generate-sizes'],
    ['ostree', `--repo=${target}`, 'summary', '-u'],
  ]);
}

const compose = (file, target, cache) =>
  measure([[process.execPath, cli, 'compose', 'tree', `--repo=${target}`, `--cachedir=${cache}`, file]]);

function newRepo(name) {
  const repo = path.join(work, name);
  run('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
  return repo;
}

async function smallPackages() {
  const one = path.join(work, 'one');
  const two = path.join(work, 'two');
  mkdirSync(one);
  build(one, '1', 0, packages);
  cpSync(one, two, { recursive: true });
  for (let i = 1; i <= changed; i++)
    rmSync(
      path.join(
        two,
        readdirSync(two).find((f) => f.startsWith(`p${i}-`)),
      ),
    );
  build(two, '2', 1, changed + 1);
  for (const repo of [one, two]) run('createrepo_c', ['--quiet', '--no-database', repo]);
  const [target, reference, cache] = [newRepo('repo'), newRepo('reference-repo'), path.join(work, 'cache')];
  const [first, second] = [treefile(path.join(work, 'a'), one), treefile(path.join(work, 'b'), two)];
  report('compose, 210 packages, cold', await compose(first, target, cache), await plain('root-1', one, reference));
  report('compose, 31 of 210 changed', await compose(second, target, cache), await plain('root-2', two, reference));
  report('compose, nothing changed', await compose(second, target, cache));
}

/** The test system's packages, when `npm run test:boot` has converted them: without kernel work, which plain tools don't do. */
async function realSystem() {
  const converted = fileURLToPath(new URL('../../.cache/boot', import.meta.url));
  const repos = existsSync(converted)
    ? readdirSync(converted)
        .filter((name) => /^repository-[12]-/.test(name))
        .sort()
    : [];
  if (repos.length < 2) return;
  const wanted = readFileSync(fileURLToPath(new URL('../boot/guest/treefile.yaml', import.meta.url)), 'utf8');
  const list = /^packages:\n((?: {2}- .*\n)+)/m.exec(wanted)?.[1] ?? '';
  const [first, second] = repos.map((name, i) => {
    const directory = path.join(work, `system-${i}`);
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'system.repo'), `[system]\nbaseurl=file://${path.join(converted, name)}\ngpgcheck=0\n`);
    const file = path.join(directory, 'system.yaml');
    writeFileSync(
      file,
      `ref: bench/x86_64/system\nrepos: [system]\ncontainer: true\nselinux: false\nrecommends: false\nrpmdb: sqlite\npackages:\n${list}`,
    );
    return [file, path.join(converted, name)];
  });
  const [target, reference, cache] = [newRepo('system-repo'), newRepo('system-reference'), path.join(work, 'system-cache')];
  report(
    'compose, real system of 170 packages, cold',
    await compose(first[0], target, cache),
    await plain('system-1', first[1], reference, true),
  );
  report(
    'compose, real system, next version',
    await compose(second[0], target, cache),
    await plain('system-2', second[1], reference, true),
  );
  report('compose, real system, nothing changed', await compose(second[0], target, cache));
}

try {
  await smallPackages();
  await realSystem();
} finally {
  rmSync(work, { recursive: true, force: true });
}
