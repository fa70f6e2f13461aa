// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * The ref a package is cached under: `rpmostree/pkg/NAME/EVR.ARCH`, escaped as rpm-ostree does, because a ref allows letters,
 * digits, `-`, `.`, and `_` is the escape: every other byte becomes `_XX`, `_` itself `__`.
 */
export function packageRef(pkg: { name: string; epoch: number; version: string; release: string; arch: string }): string {
  const evr = `${pkg.epoch > 0 ? `${pkg.epoch}:` : ''}${pkg.version}-${pkg.release}`;
  return `rpmostree/pkg/${escapeRef(pkg.name)}/${escapeRef(`${evr}.${pkg.arch}`)}`;
}

function escapeRef(text: string): string {
  // a component may not begin with a dot or hyphen that the repository's ref rules refuse
  return [...Buffer.from(text, 'utf8')]
    .map((byte, i) => {
      const char = String.fromCharCode(byte);
      if (char === '_') return '__';
      if (/[A-Za-z0-9]/.test(char) || (i > 0 && /[.-]/.test(char))) return char;
      return `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
