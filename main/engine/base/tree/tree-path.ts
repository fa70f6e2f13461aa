// SPDX-License-Identifier: LGPL-2.1-or-later
const merged = new Set(['bin', 'sbin', 'lib', 'lib64']);

/**
 * Where a package's path goes in a tree: the UsrMerge directories below usr, etc as usr/etc (libostree's convention). The links
 * `/bin -> usr/bin` themselves stay. No leading slash.
 */
export function treePath(packagePath: string, isLink: boolean): string {
  const relative = packagePath.replace(/^(?:\.?\/)+/, '');
  const slash = relative.indexOf('/');
  const first = slash < 0 ? relative : relative.slice(0, slash);
  if (first === 'etc') return `usr/${relative}`;
  if (merged.has(first) && !(slash < 0 && isLink)) return `usr/${relative}`;
  return relative;
}

export const fileType = {
  mask: 0o170000,
  regular: 0o100000,
  directory: 0o040000,
  link: 0o120000,
  fifo: 0o010000,
  socket: 0o140000,
} as const;
export const isLinkMode = (mode: number): boolean => (mode & fileType.mask) === fileType.link;
export const isDirectoryMode = (mode: number): boolean => (mode & fileType.mask) === fileType.directory;
/** Character and block devices. */
export const isDeviceMode = (mode: number): boolean => [0o020000, 0o060000].includes(mode & fileType.mask);
