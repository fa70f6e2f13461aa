// SPDX-License-Identifier: LGPL-2.1-or-later

/** What repomd.xml says of one file. A size that isn't there or isn't a number is undefined. */
export interface MetadataFile {
  readonly type: string;
  /** Name in the repodata directory. */
  readonly name: string;
  readonly bytes: number | undefined;
  readonly unpackedBytes: number | undefined;
}

/**
 * The files that a repomd.xml names. Only to learn their sizes: what librepo takes is its own reading, and where the two differ, the file has no size here and
 * the limit for such files holds.
 */
export function filesOf(repomd: string): MetadataFile[] {
  const text = repomd.replace(/<!--[^]*?(?:-->|$)/g, '');
  return [...text.matchAll(/<data\b[^>]*\btype\s*=\s*["']([^"']*)["'][^>]*>([^]*?)<\/data\s*>/g)].map(([, type = '', body = '']) => ({
    type,
    name: /<location\b[^>]*\bhref\s*=\s*["']([^"']*)["']/.exec(body)?.[1]?.split('/').at(-1) ?? '',
    bytes: numberIn(body, 'size'),
    unpackedBytes: numberIn(body, 'open-size'),
  }));
}

function numberIn(body: string, tag: string): number | undefined {
  const text = new RegExp(`<${tag}\\s*>\\s*(\\d{1,15})\\s*</${tag}\\s*>`).exec(body)?.[1];
  return text === undefined ? undefined : Number(text);
}
