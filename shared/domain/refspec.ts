// SPDX-License-Identifier: LGPL-2.1-or-later
/** A refspec without rpm-ostree's prefix for the kind of source that is meant when none is named. */
export const plainRefspec = (refspec: string): string => refspec.replace(/^ostree:\/\//, '');

/** The ways in which rpm-ostree names a container image where a branch could stand (ostree-rs-ext: OstreeImageReference). */
const imagePrefix = /^ostree-(image-signed|remote-image|remote-registry|unverified-image|unverified-registry):/;

/** Whether it names a container image. `ostree-unverified-registry:HOST/NAME` has the form of a branch of a remote, and is none. */
export const isImageReference = (text: string): boolean => imagePrefix.test(text);
