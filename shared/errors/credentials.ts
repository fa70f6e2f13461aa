// SPDX-License-Identifier: LGPL-2.1-or-later
/** `https://user:password@host` in any text, as `https://***@host`: addresses are shown, logged and sent, and those who see them needn't know the way in. */
export function maskCredentials(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>“”]*@/gi, '$1***@');
}
