// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { partitionOf, type Layout } from './layout.ts';
import { findBootFile, runProgram } from './programs.ts';

const sectorBytes = 512;
const platforms = {
  bios: { name: 'i386-pc', install: 'grub-pc-bin (Debian) or grub2-pc-modules (Fedora)', modules: ['biosdisk'] },
  efi: { name: 'x86_64-efi', install: 'grub-efi-amd64-bin (Debian) or grub2-efi-x64-modules (Fedora)', modules: ['efi_gop', 'fat'] },
} as const;
/** All but `linux`: the configuration has a function of that name, and loads the module when an entry is started. */
const modules = [
  ...[
    'part_gpt',
    'ext2',
    'search',
    'search_label',
    'configfile',
    'normal',
    'echo',
    'test',
    'serial',
    'terminal',
    'loadenv',
    'reboot',
    'halt',
  ],
];

type Platform = keyof typeof platforms;

/** Directory with GRUB's modules for a platform, of the tree or of this machine. */
function moduleDirectory(tree: string, platform: Platform): string {
  const { name, install } = platforms[platform];
  return path.dirname(findBootFile(tree, [`usr/lib/grub/${name}/moddep.lst`, `usr/share/grub2/${name}/moddep.lst`], install, true));
}

/** GRUB allows functions at the top level only. A command of the same name, once it is loaded, goes before a function. */
const keyFunctions = `function title { set bls_title="$*"; }
function version { true; }
function options { set bls_options="$*"; }
function linux { set bls_linux="$1"; }
function initrd { set bls_initrd="$1"; }
`;

/**
 * Menu entries for the files in loader/entries. GRUB as distributions of the Fedora family have it reads them by itself (blscfg); upstream's doesn't,
 * but here, where no list of commands is beside its modules, the files can be run as a script when their keys are functions.
 *
 * libostree numbers the entries (since 2024.5 without the stateroot's name): the highest is the one to start by default.
 */
const entryLoop = (stateroot: string): string => `for number in 9 8 7 6 5 4 3 2 1; do
  for bls_id in "ostree-$number" "ostree-$number-${stateroot}"; do
    if [ -f "/loader/entries/$bls_id.conf" ]; then
      set bls_initrd=
      source "/loader/entries/$bls_id.conf"
      menuentry "$bls_title" --id "$bls_id" "$bls_linux" "$bls_initrd" "$bls_options" {
        insmod linux
        linux "$2" $4
        if [ -n "$3" ]; then initrd "$3"; fi
      }
    fi
  done
done
`;

/** /boot/grub/grub.cfg of a disk. */
function grubConfig(stateroot: string): string {
  return `# Written by Treeline. The entries are those of loader/entries; libostree writes them.
set timeout=1
if [ -s $prefix/grubenv ]; then load_env; fi
if [ -n "$next_entry" ]; then
  set default="$next_entry"
  set next_entry=
  save_env next_entry
fi
if serial --unit=0 --speed=115200; then terminal_input serial console; terminal_output serial console; fi
${keyFunctions}
if [ -f $prefix/$grub_cpu-$grub_platform/blscfg.mod ]; then
  insmod blscfg
  blscfg
else
${entryLoop(stateroot)
  .replace(/^(?=.)/gm, '  ')
  .trimEnd()}
fi
`;
}

/** Files for /boot: configuration, and the modules which are loaded late. */
export function writeGrubFiles(boot: string, tree: string, stateroot: string, wanted: readonly Platform[]): void {
  mkdirSync(path.join(boot, 'grub'), { recursive: true });
  writeFileSync(path.join(boot, 'grub/grub.cfg'), grubConfig(stateroot));
  // an environment block: 1024 bytes (grub-editenv)
  writeFileSync(path.join(boot, 'grub/grubenv'), '# GRUB Environment Block\n'.padEnd(1024, '#'));
  for (const platform of wanted) {
    const from = moduleDirectory(tree, platform);
    const to = path.join(boot, 'grub', platforms[platform].name);
    mkdirSync(to, { recursive: true });
    for (const name of late(from)) writeFileSync(path.join(to, `${name}.mod`), readFileSync(path.join(from, `${name}.mod`)));
  }
}

/** `linux` and what it needs, as moddep.lst tells; blscfg where there is one. */
function late(directory: string): string[] {
  const table = new Map(
    readFileSync(path.join(directory, 'moddep.lst'), 'utf8')
      .split('\n')
      .map((line): [string, string[]] => [line.split(':')[0] ?? '', (line.split(':')[1] ?? '').split(' ').filter((word) => word !== '')]),
  );
  const all = new Set<string>();
  const add = (name: string): void => {
    if (all.has(name) || !table.has(name)) return;
    all.add(name);
    table.get(name)?.forEach(add);
  };
  for (const name of ['linux', 'blscfg']) add(name);
  return [...all];
}

/** A GRUB image which finds /boot by its label and goes on with grub.cfg there. */
function makeImage(tree: string, platform: Platform, bootLabel: string): Buffer {
  const scratch = mkdtempSync(path.join(tmpdir(), 'treeline-grub-'));
  try {
    const config = path.join(scratch, 'early.cfg');
    writeFileSync(config, `search --no-floppy --label ${bootLabel} --set=root\nset prefix=($root)/grub\nconfigfile $prefix/grub.cfg\n`);
    const out = path.join(scratch, 'image');
    const { name, modules: own } = platforms[platform];
    const args = ['-O', name, '-d', moduleDirectory(tree, platform), '-p', '/grub', '-c', config, '-o', out, ...modules, ...own];
    runProgram(['grub-mkimage', 'grub2-mkimage'], args);
    return readFileSync(out);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

export const grubEfiImage = (tree: string, bootLabel: string): Buffer => makeImage(tree, 'efi', bootLabel);

/** GRUB for BIOS, with a core image which finds /boot by its label. */
export function installGrubBios(disk: string, layout: Layout, tree: string, bootLabel: string): void {
  const bootSector = readFileSync(path.join(moduleDirectory(tree, 'bios'), 'boot.img'));
  embedGrub(disk, layout, bootSector, makeImage(tree, 'bios', bootLabel));
}

/**
 * boot.img into the first sector, the core image into the BIOS boot partition, each told where the next part is (GRUB's boot.S and diskboot.S: the
 * sector numbers at 0x5c of the former and at 0x1f4 of the latter).
 */
export function embedGrub(disk: string, layout: Layout, bootSector: Buffer, core: Buffer): void {
  const { startBytes, sizeBytes } = partitionOf(layout, 'bios-boot');
  if (core.length > sizeBytes) throw new TreelineError('disk-image.failed', { subject: 'GRUB', detail: 'its core image is too large' });
  const first = BigInt(startBytes / sectorBytes);
  core.writeBigUInt64LE(first + 1n, 0x1f4);
  core.writeUInt16LE(Math.ceil(core.length / sectorBytes) - 1, 0x1fc);
  const boot = bootSector.subarray(0, 440);
  boot.writeBigUInt64LE(first, 0x5c);
  // the drive is what the BIOS says; without the jump some BIOSes' wrong answer would be taken over
  boot.writeUInt8(0xff, 0x64);
  const fd = openSync(disk, 'r+');
  try {
    writeSync(fd, boot, 0, 440, 0);
    writeSync(fd, core, 0, core.length, startBytes);
  } finally {
    closeSync(fd);
  }
}
