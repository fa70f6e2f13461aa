// SPDX-License-Identifier: LGPL-2.1-or-later
/** Version of all parts of Treeline; the same as in package.json (a test compares). */
export const treelineVersion = '0.1.0';

/**
 * The version of rpm-ostree whose command line and D-Bus interface ours have: what the installed name says of itself, and packages provide. Others
 * compare it ("at least 2022.16").
 */
export const rpmOstreeVersion = '2026.2';
