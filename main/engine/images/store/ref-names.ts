// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Refs under which images are kept in a repository, as ostree-ext, rpm-ostree and bootc name them: so that each finds what another one stored. Names are escaped as
 * ostree-ext's module refescape describes: `_` and hexadecimal digits and `_` for what a ref can't hold, `__` for `_`.
 */
export const blobPrefix = 'ostree/container/blob';
export const imagePrefix = 'ostree/container/image';
/** Refs of commits whose layers are kept although no image's ref names them: of deployments, of bases with packages on top, of builds. */
export const keepingPrefixes = ['ostree/0', 'ostree/1', 'rpmostree/base', 'ostree/container/baseimage'] as const;

/** `text` as the last part of a ref. `/` stays where a part before it ends in a letter or digit and another one follows. Throws a RangeError for '' and NUL. */
export function escapeRef(text: string): string {
  if (text === '' || text.includes('\0')) throw new RangeError('no name for a ref');
  const characters = [...text];
  const isPlain = (c: string | undefined): boolean => c !== undefined && /^[0-9A-Za-z]$/.test(c);
  return characters
    .map((c, i) => {
      if (isPlain(c) || c === '-') return c;
      if (c === '_') return '__';
      if (c === '/' && isPlain(characters[i - 1]) && i < characters.length - 1) return c;
      return `_${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}_`;
    })
    .join('');
}

/** The text that was escaped; undefined for what isn't such a name. */
export function unescapeRef(name: string): string | undefined {
  if (!/^(?:[0-9A-Za-z/-]|__|_[0-9A-Fa-f]{1,6}_)+$/.test(name)) return undefined;
  try {
    return name.replace(/__|_([0-9A-Fa-f]{1,6})_/g, (_, code?: string) =>
      code === undefined ? '_' : String.fromCodePoint(parseInt(code, 16)),
    );
  } catch {
    // no character has this number
    return undefined;
  }
}

/** Of a layer, by its digest in the manifest. */
export const blobRef = (digest: string): string => `${blobPrefix}/${escapeRef(digest)}`;

/** Of an image, by TRANSPORT:TARGET. */
export const imageRef = (image: string): string => `${imagePrefix}/${escapeRef(image)}`;
