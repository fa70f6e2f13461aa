// Compose of 210 small packages: cold, 31 of them changed, nothing changed; against the same by plain tools (rpm --root, ostree commit).
// Prints one JSON line per case. Needs `npm run build`, rpmbuild, createrepo_c, rpm, ostree; runs as root.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../dist/cli/treeline.mjs', import.meta.url));
const work = mkdtempSync(path.join(process.env.TREELINE_BENCH_DIR ?? tmpdir(), 'treeline-compose-bench-'));
const packages = 210;
const changed = 31;
const run = (program, args, options = {}) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
const timed = (work) => {
  const start = performance.now();
  work();
  return Math.round(performance.now() - start);
};
const report = (name, treelineMs, referenceMs) =>
  console.log(
    JSON.stringify({
      name,
      treelineMs,
      ...(referenceMs === undefined ? {} : { referenceMs, ratio: Number((treelineMs / referenceMs).toFixed(2)) }),
    }),
  );

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
function plain(name, repo, target) {
  const root = path.join(work, name);
  return timed(() => {
    run('rpm', ['--root', root, '--dbpath', '/usr/share/rpm', '--initdb']);
    run('rpm', [
      '--root',
      root,
      '--dbpath',
      '/usr/share/rpm',
      '--force-debian',
      '--nodeps',
      '--noscripts',
      '--quiet',
      '-U',
      ...readdirSync(repo)
        .filter((f) => f.endsWith('.rpm'))
        .map((f) => path.join(repo, f)),
    ]);
    run('ostree', [`--repo=${target}`, 'commit', '-b', 'bench', `--tree=dir=${root}`, '--generate-sizes']);
    run('ostree', [`--repo=${target}`, 'summary', '-u']);
  });
}

try {
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
  const target = path.join(work, 'repo');
  const reference = path.join(work, 'reference-repo');
  for (const repo of [target, reference]) run('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
  const [first, second] = [treefile(path.join(work, 'a'), one), treefile(path.join(work, 'b'), two)];
  const compose = (file) =>
    timed(() => run(process.execPath, [cli, 'compose', 'tree', `--repo=${target}`, `--cachedir=${path.join(work, 'cache')}`, file]));
  report('compose, 210 packages, cold', compose(first), plain('root-1', one, reference));
  report('compose, 31 of 210 changed', compose(second), plain('root-2', two, reference));
  report('compose, nothing changed', compose(second));
} finally {
  rmSync(work, { recursive: true, force: true });
}
