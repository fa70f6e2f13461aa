// SPDX-License-Identifier: LGPL-2.1-or-later
/** Where the layers hold a repository (mode bare-split-xattrs), whose content the files of the image are hard links to. */
export const repoPath = 'sysroot/ostree/repo';
