// SPDX-License-Identifier: LGPL-2.1-or-later
/** Well-known names, interfaces and object paths on the system bus. */
export const serviceName = 'org.projectatomic.rpmostree1';
/** Owned besides rpm-ostree's name, so that a client can tell which service it talks to. */
export const treelineName = 'org.treeline.Treeline1';

export const rootPath = '/org/projectatomic/rpmostree1';
export const sysrootPath = `${rootPath}/Sysroot`;

export const iface = {
  sysroot: 'org.projectatomic.rpmostree1.Sysroot',
  os: 'org.projectatomic.rpmostree1.OS',
  osExperimental: 'org.projectatomic.rpmostree1.OSExperimental',
  transaction: 'org.projectatomic.rpmostree1.Transaction',
  treelineSysroot: 'org.treeline.Sysroot1',
  treelineOs: 'org.treeline.OS1',
  properties: 'org.freedesktop.DBus.Properties',
  introspectable: 'org.freedesktop.DBus.Introspectable',
  peer: 'org.freedesktop.DBus.Peer',
  objectManager: 'org.freedesktop.DBus.ObjectManager',
} as const;

/** Object path of a stateroot; characters a path can't hold become `_`. Ask `GetOS` rather than computing it. */
export function osPath(osname: string): string {
  return `${rootPath}/${osname.replace(/[^A-Za-z0-9_]/g, '_')}`;
}
