// SPDX-License-Identifier: LGPL-2.1-or-later
// An RPM from a staging tree. The spec is written out of the metadata and the tree: nothing can be in one and not in the other.
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LaunchError } from '../console.mjs';
import { follow, hasProgram } from '../processes.mjs';
import { root } from '../setup.mjs';

/** Folders that belong to the distribution: a file in them is ours, they aren't. */
const shared =
  /^\/(etc|usr|run|var)$|^\/etc\/xdg(\/autostart)?$|^\/usr\/(bin|lib|libexec|sbin|share)$|^\/usr\/share\/(applications|metainfo|doc|licenses|man|zsh|fish|bash-completion|icons|dbus-1|polkit-1)(\/(?!treeline).*)?$|^\/usr\/lib\/(systemd|tmpfiles\.d|sysusers\.d)(\/.*)?$/;

/** Packed less tightly: a fifth larger, in a tenth of the time. */
export const largeBytes = 50 << 20;

/** `%` means something to rpm. */
const text = (value) => value.replaceAll('%', '%%');

/** What to say when packages can't be made here; undefined when they can. */
export const missingForRpm = () =>
  hasProgram('rpmbuild') ? undefined : 'no RPMs: rpmbuild is missing (apt-get install rpm, dnf install rpm-build)';

/**
 * @param {string} name @param {import('./staging.mjs').Staging} staging
 * @param {ReturnType<import('./metadata.mjs').packageMetadata>} metadata
 * @param {string} out folder for the package
 * @returns {Promise<string>} path of the package
 */
export async function buildRpm(name, staging, metadata, out) {
  // rpmbuild can't have blanks in its own paths, and the checkout may lie below one
  const top = mkdtempSync(path.join(os.tmpdir(), 'treeline-rpm-'));
  try {
    return await buildIn(top, name, staging, metadata, out);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

async function buildIn(top, name, staging, metadata, out) {
  const [spec, results, staged] = [`${name}.spec`, 'rpms', 'staging'].map((each) => path.join(top, each));
  symlinkSync(staging.folder, staged);
  writeFileSync(spec, specOf(name, staging, metadata));
  const args = ['-bb', '--target', metadata.architecture.rpm, ...define({ _topdir: top, _rpmdir: results, staging: staged }), spec];
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(metadata.epochSeconds), LC_ALL: 'C.UTF-8' };
  const { code, output } = await follow('rpmbuild', args, { env });
  if (code !== 0) throw new LaunchError(`rpmbuild ${name} failed:\n${output.split('\n').slice(-25).join('\n')}`);
  const made = readdirSync(results, { recursive: true }).find((file) => file.endsWith('.rpm'));
  const target = path.join(out, path.basename(made));
  copyFileSync(path.join(results, made), target);
  return target;
}

const define = (macros) => Object.entries(macros).flatMap(([macro, value]) => ['--define', `${macro} ${value}`]);

function specOf(name, staging, metadata) {
  const about = metadata.packages[name];
  const lines = (tag, values = []) =>
    values.map((value) => `${tag}: ${value.replaceAll('@version@', metadata.version).replaceAll('@rpm-ostree@', metadata.rpmOstree)}`);
  return [
    // the files are packed as they are staged
    '%global __os_install_post %{nil}',
    '%global debug_package %{nil}',
    '%global _build_id_links none',
    '%global _buildhost localhost',
    '%global use_source_date_epoch_as_buildtime 1',
    '%global clamp_mtime_to_source_date_epoch 1',
    `%global _binary_payload ${staging.size() > largeBytes ? 'w7' : 'w19'}.zstdio`,
    `Name: ${name}`,
    `Version: ${metadata.version}`,
    `Release: ${metadata.release}`,
    `Summary: ${text(about.summary)}`,
    `License: ${metadata.license}`,
    `Vendor: ${text(metadata.vendor)}`,
    `Packager: ${text(metadata.maintainer)}`,
    'AutoReqProv: no',
    ...lines('Requires', about.requires),
    ...lines('Recommends', about.recommends),
    ...lines('Provides', about.provides),
    ...lines('Conflicts', about.conflicts),
    '',
    '%description',
    text(about.description.trim()),
    '',
    '%install',
    'cp -a %{staging}/. %{buildroot}/',
    '',
    ...scripts(name),
    '%files',
    '%defattr(-,root,root,-)',
    ...fileList(staging, about.setuid ?? []),
    '',
    '%changelog',
    `* ${changelogDate(metadata.epochSeconds)} ${metadata.maintainer} - ${metadata.version}-${metadata.release}`,
    '- See CHANGELOG.md of the sources',
    '',
  ].join('\n');
}

/** `Wed Nov 25 2026` */
function changelogDate(epochSeconds) {
  const [day, date, month, year] = new Date(epochSeconds * 1000).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${year}`;
}

/** assets/system/rpm-scripts/NAME.SECTION: what runs at installation and removal. */
function scripts(name) {
  const folder = path.join(root, 'assets/system/rpm-scripts');
  return readdirSync(folder)
    .filter((file) => path.parse(file).name === name)
    .sort()
    .flatMap((file) => [`%${path.extname(file).slice(1)}`, readFileSync(path.join(folder, file), 'utf8').trimEnd(), '']);
}

function fileList(staging, setuid) {
  return staging
    .entries()
    .filter(({ target, directory }) => !(directory && shared.test(target)))
    .map(({ target, directory }) => {
      const quoted = `"${target}"`;
      if (directory) return `%dir ${quoted}`;
      if (target.startsWith('/etc/')) return `%config(noreplace) ${quoted}`;
      if (target.startsWith('/usr/share/licenses/')) return `%license ${quoted}`;
      if (target.startsWith('/usr/share/man/')) return `%doc ${quoted}`;
      if (setuid.includes(target)) return `%attr(4755,root,root) ${quoted}`;
      return quoted;
    });
}
