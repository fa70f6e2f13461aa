/** A refspec without rpm-ostree's prefix for the kind of source that is meant when none is named. */
export const plainRefspec = (refspec: string): string => refspec.replace(/^ostree:\/\//, '');
