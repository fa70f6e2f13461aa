// SPDX-License-Identifier: LGPL-2.1-or-later
/** A refspec without rpm-ostree's prefix for the kind of source that is meant when none is named. */
export const plainRefspec = (refspec: string): string => refspec.replace(/^ostree:\/\//, '');
