// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TFunction } from 'i18next';
import type { FileSide } from '../../../shared/domain/index.ts';
import type { Formatter } from '../../i18n/format.ts';

/** `0644`, as ls and stat print it. */
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** A version of a file in words: what it is, how large, and why its text isn't shown. */
export function sideWords(t: TFunction, format: Formatter, side: FileSide): string {
  if (!side.exists) return t('side.missing');
  const parts: string[] = [];
  if (side.linkTarget !== undefined) parts.push(t('side.link', { target: side.linkTarget }));
  else if (side.type && side.type !== 'file') parts.push(t(`side.${side.type}`));
  if (side.type === 'file' && side.sizeBytes !== undefined) parts.push(format.bytes(side.sizeBytes));
  if (side.mode !== undefined && side.type !== 'symlink') parts.push(t('side.mode', { mode: octal(side.mode) }));
  if (side.noText) parts.push(t(`side.${side.noText}`));
  return parts.join(' · ') || t('side.present');
}

/** The text to compare with: nothing at all where there is no file. Undefined when there is one without text. */
export function sideText(side: FileSide): string | undefined {
  return side.exists ? side.text : '';
}
