// SPDX-License-Identifier: LGPL-2.1-or-later
/** Names in usr/lib/modules/VERSION that libostree copies to /boot. */
export const bootFileNames = /^(vmlinuz|initramfs\.img|devicetree|aboot\.img|\.vmlinuz\.hmac)$/;

/** True for a path of a tree (without leading slash) that libostree copies to /boot. */
export function isBootFile(file: string): boolean {
  const [, name] = /^usr\/lib\/modules\/[^/]+\/([^/]+)$/.exec(file) ?? [];
  return name !== undefined && bootFileNames.test(name);
}
