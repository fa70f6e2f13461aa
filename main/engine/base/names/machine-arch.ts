// SPDX-License-Identifier: LGPL-2.1-or-later
/** rpm's name of this machine's architecture: `packages-$arch` of treefiles, $basearch of .repo files. */
export const machineArch: string =
  { x64: 'x86_64', arm64: 'aarch64', ppc64: 'ppc64le', s390x: 's390x', riscv64: 'riscv64' }[String(process.arch)] ?? process.arch;
