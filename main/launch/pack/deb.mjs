// SPDX-License-Identifier: LGPL-2.1-or-later
// A Debian package from a staging tree.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { LaunchError } from '../console.mjs';
import { follow, hasProgram } from '../processes.mjs';
import { root } from '../setup.mjs';
import { largeBytes } from './rpm.mjs';

/** What to say when packages can't be made here; undefined when they can. */
export const missingForDeb = () =>
  hasProgram('dpkg-deb') ? undefined : 'no Debian packages: dpkg-deb is missing (apt-get install dpkg, dnf install dpkg)';

/**
 * @param {string} name @param {import('./staging.mjs').Staging} staging
 * @param {ReturnType<import('./metadata.mjs').packageMetadata>} metadata
 * @param {string} out folder for the package; @param {string} work folder for what is left over
 * @returns {Promise<string>} path of the package
 */
export async function buildDeb(name, staging, metadata, out, work) {
  const tree = path.join(work, `deb-${name}`);
  rmSync(tree, { recursive: true, force: true });
  cpSync(staging.folder, tree, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  chmodSync(tree, 0o755);
  for (const file of metadata.packages[name].setuid ?? []) chmodSync(path.join(tree, file), 0o4755);
  addDocumentation(tree, name, metadata);
  addControl(tree, name, metadata);
  const target = path.join(out, `${name}_${metadata.version}-${metadata.release}_${metadata.architecture.deb}.deb`);
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(metadata.epochSeconds), LC_ALL: 'C.UTF-8' };
  const { code, output } = await follow(
    'dpkg-deb',
    ['--root-owner-group', '-Zxz', staging.size() > largeBytes ? '-z1' : '-z6', '--build', tree, target],
    { env },
  );
  rmSync(tree, { recursive: true, force: true });
  if (code !== 0) throw new LaunchError(`dpkg-deb ${name} failed:\n${output}`);
  return target;
}

/** Debian wants licences and changes in /usr/share/doc/NAME. */
function addDocumentation(tree, name, metadata) {
  const doc = path.join(tree, 'usr/share/doc', name);
  const licenses = path.join(tree, 'usr/share/licenses', name);
  mkdirSync(doc, { recursive: true });
  const bundled = readFileSync(path.join(licenses, 'LICENSES.bundled'), 'utf8');
  const own = readFileSync(path.join(licenses, 'LICENSE'), 'utf8');
  rmSync(path.join(tree, 'usr/share/licenses'), { recursive: true });
  put(
    path.join(doc, 'copyright'),
    `Treeline is under the ${metadata.license}:\n\n${own}\nThe libraries bundled into its files:\n\n${bundled}`,
  );
  const date = new Date(metadata.epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  const entry = `${name} (${metadata.version}-${metadata.release}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n -- ${metadata.maintainer}  ${date}\n`;
  put(path.join(doc, 'changelog.Debian.gz'), gzipSync(Buffer.from(entry), { level: 9 }));
}

function addControl(tree, name, metadata) {
  const about = metadata.packages[name];
  const debian = path.join(tree, 'DEBIAN');
  const files = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(tree, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
  const sizeKiB = files.reduce((sum, file) => sum + Math.ceil(lstatSync(path.join(tree, file)).size / 1024), 0);
  const list = (values = []) =>
    values
      .map((value) =>
        value.replaceAll('@version@', `${metadata.version}-${metadata.release}`).replaceAll('@rpm-ostree@', metadata.rpmOstree),
      )
      .join(', ');
  const fields = {
    Package: name,
    Version: `${metadata.version}-${metadata.release}`,
    Architecture: metadata.architecture.deb,
    Maintainer: metadata.maintainer,
    'Installed-Size': String(sizeKiB),
    Depends: list(about.depends),
    Recommends: list(about.debRecommends),
    Provides: list(about.debProvides),
    Conflicts: list(about.debConflicts),
    Replaces: list(about.debConflicts),
    Section: 'admin',
    Priority: 'optional',
    // first line the summary, then the text, indented, an empty line as a dot
    Description: [
      about.summary,
      ...about.description
        .trim()
        .split('\n')
        .map((line) => ` ${line.trim() || '.'}`),
    ].join('\n'),
  };
  const control = Object.entries(fields)
    .filter(([, value]) => value)
    .map(([field, value]) => `${field}: ${value}\n`);
  mkdirSync(debian, { mode: 0o755 });
  put(path.join(debian, 'control'), control.join(''));
  const sums = files.map(
    (file) =>
      `${createHash('md5')
        .update(readFileSync(path.join(tree, file)))
        .digest('hex')}  ${file}\n`,
  );
  put(path.join(debian, 'md5sums'), sums.join(''));
  const conffiles = files.filter((file) => file.startsWith('etc/')).map((file) => `/${file}\n`);
  if (conffiles.length > 0) put(path.join(debian, 'conffiles'), conffiles.join(''));
  const scripts = path.join(root, 'assets/system/deb-scripts');
  for (const file of readdirSync(scripts).filter((each) => path.parse(each).name === name)) {
    put(path.join(debian, path.extname(file).slice(1)), readFileSync(path.join(scripts, file)), 0o755);
  }
}

function put(file, content, mode = 0o644) {
  writeFileSync(file, content);
  chmodSync(file, mode);
}
