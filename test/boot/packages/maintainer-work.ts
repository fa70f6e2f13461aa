// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

type Work = (root: string, at: (name: string) => string) => void;

const exists = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

function write(file: string, text: string, mode = 0o644): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function link(file: string, target: string): void {
  if (exists(file)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  symlinkSync(target, file);
}

const pam = (kind: string, lines: readonly string[]): string => lines.map((line) => `${kind} ${line}\n`).join('');
const unixOr = (success: string, options = ''): string[] => [
  `[success=${success} default=ignore] pam_unix.so${options}`,
  'requisite pam_deny.so',
  'required pam_permit.so',
];

/** What Debian's maintainer scripts make at installation, as content of the package instead. */
const byPackage: Readonly<Record<string, Work>> = {
  'base-files': (_root, at) => {
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      link(at(name), `usr/${name}`);
      mkdirSync(at(`usr/${name}`), { recursive: true });
    }
    for (const name of ['profile', 'motd']) write(at(`etc/${name}`), readFileSync(at(`usr/share/base-files/${name}`), 'utf8'));
    // made by systemd at boot
    for (const name of ['var/run', 'var/lock', 'proc', 'sys', 'dev', 'run', 'tmp']) rmSync(at(name), { recursive: true, force: true });
  },
  'base-passwd': (_root, at) => {
    for (const name of ['passwd', 'group']) {
      const text = readFileSync(at(`usr/share/base-passwd/${name}.master`), 'utf8');
      write(at(`etc/${name}`), text.replace(/^(\w[\w-]*):\*:/gm, '$1:x:'));
    }
    write(at('etc/shadow'), 'root:*:19000:0:99999:7:::\n', 0o640);
    write(at('usr/lib/sysusers.d/base-passwd.conf'), 'g netdev -\ng input -\ng sgx -\ng kvm -\ng render -\n');
  },
  'libc-bin': (_root, at) => write(at('etc/nsswitch.conf'), readFileSync(at('usr/share/libc-bin/nsswitch.conf'), 'utf8')),
  mawk: (_root, at) => link(at('usr/bin/awk'), 'mawk'),
  less: (_root, at) => link(at('usr/bin/pager'), 'less'),
  dash: (_root, at) => link(at('usr/bin/sh'), 'dash'),
  libc6: (_root, at) => link(at('usr/lib64/ld-linux-x86-64.so.2'), '../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'),
  tzdata: (_root, at) => link(at('etc/localtime'), '../usr/share/zoneinfo/Etc/UTC'),
  'ca-certificates': (_root, at) => write(at('etc/ssl/certs/ca-certificates.crt'), certificates(at('usr/share/ca-certificates'))),
  'libpam-runtime': (_root, at) => {
    write(at('etc/pam.d/common-auth'), pam('auth', unixOr('1', ' nullok')));
    write(at('etc/pam.d/common-account'), pam('account', unixOr('1 new_authtok_reqd=done')));
    write(at('etc/pam.d/common-password'), pam('password', unixOr('1', ' obscure yescrypt')));
    const session = ['[default=1] pam_permit.so', 'requisite pam_deny.so', 'required pam_permit.so', 'required pam_unix.so'];
    write(at('etc/pam.d/common-session'), pam('session', [...session, 'optional pam_systemd.so']));
    write(at('etc/pam.d/common-session-noninteractive'), pam('session', session));
  },
  systemd: (_root, at) => {
    link(at('etc/systemd/system/getty.target.wants/getty@tty1.service'), '/usr/lib/systemd/system/getty@.service');
    write(at('usr/lib/systemd/system-preset/99-default.preset'), 'disable *\n');
  },
};

/** The kernel belongs below usr/lib/modules, which libostree and rpm's kernels share. */
function moveKernel(at: (name: string) => string): void {
  for (const name of readdirSync(at('boot'))) {
    const [, kind = '', version = ''] = /^(vmlinuz|System\.map|config)-(.*)$/.exec(name) ?? [];
    if (version === '') continue;
    mkdirSync(at(`usr/lib/modules/${version}`), { recursive: true });
    renameSync(at(`boot/${name}`), at(`usr/lib/modules/${version}/${kind}`));
  }
  rmSync(at('boot'), { recursive: true });
}

export function doMaintainerWork(name: string, root: string): void {
  const at = (file: string): string => path.join(root, file);
  byPackage[name]?.(root, at);
  if (kernelVersion(name) !== undefined && existsSync(at('boot'))) moveKernel(at);
}

/** `6.1.0-9-cloud-amd64` of linux-image-6.1.0-9-cloud-amd64. */
export const kernelVersion = (name: string): string | undefined => /^linux-image-(\d.*)$/.exec(name)?.[1];

function certificates(directory: string): string {
  return readdirSync(directory)
    .sort()
    .map((name) => path.join(directory, name))
    .map((file) => (statSync(file).isDirectory() ? certificates(file) : file.endsWith('.crt') ? readFileSync(file, 'utf8') : ''))
    .join('');
}
