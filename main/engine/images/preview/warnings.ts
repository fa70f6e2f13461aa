// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareVersions, timeText, type ImageWarning } from '../../../../shared/domain/index.ts';
import type { ImageFacts } from './facts.ts';

/** What is to be said before an image is taken in the place of another. `nowSeconds`: Unix time. */
export function imageWarnings(now: ImageFacts, before: ImageFacts | undefined, nowSeconds: number): ImageWarning[] {
  const expiry = expirySeconds(now);
  const own: ImageWarning[] =
    expiry !== undefined && expiry < nowSeconds ? [{ kind: 'expired', from: timeText(now.createdSeconds ?? 0), to: timeText(expiry) }] : [];
  if (!before) return own;
  if (now.digest === before.digest) return [{ kind: 'unchanged', from: before.digest, to: now.digest }, ...own];
  const [was, is] = [before.version, now.version];
  const warnings: ImageWarning[] = [...own];
  const name = ([now.title, before.title, now.refName, before.refName] as const).some((text) => text !== undefined)
    ? [[before.title, now.title] as const, [before.refName, now.refName] as const].find(
        ([a, b]) => a !== undefined && b !== undefined && a !== b,
      )
    : undefined;
  if (name) warnings.push({ kind: 'other-image', from: name[0] ?? '', to: name[1] ?? '' });
  if (was !== undefined && is !== undefined) {
    if (was === is) warnings.push({ kind: 'same-version', from: was, to: is });
    const [oldMajor, newMajor] = [major(was), major(is)];
    if (oldMajor !== undefined && newMajor !== undefined && oldMajor !== newMajor)
      warnings.push({ kind: 'major-crossed', from: was, to: is });
  }
  const back = wentBack(now, before);
  if (back) warnings.push(back);
  return warnings;
}

/** By version, as RPM compares them, or by the time of making. */
function wentBack(now: ImageFacts, before: ImageFacts): ImageWarning | undefined {
  if (now.version !== undefined && before.version !== undefined && compareVersions(now.version, before.version) < 0)
    return { kind: 'went-back', from: before.version, to: now.version };
  if (now.createdSeconds !== undefined && before.createdSeconds !== undefined && now.createdSeconds < before.createdSeconds)
    return { kind: 'went-back', from: timeText(before.createdSeconds), to: timeText(now.createdSeconds) };
  return undefined;
}

/** `43` of `43.20251024.3.0` and `latest-43.20251024`. */
const major = (version: string): string | undefined => /^(?:[a-z][a-z-]*-)?v?(\d+)(?![\d])/i.exec(version)?.[1]?.replace(/^0+(?=\d)/, '');

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** When quay removes the tag, at the earliest: its time runs from the push, which comes after the making. */
function expirySeconds({ expiresAfter, createdSeconds }: ImageFacts): number | undefined {
  const found = /^(\d{1,6})([smhdw])$/.exec(expiresAfter ?? '');
  const unit = unitSeconds[found?.[2] ?? ''];
  return found && unit !== undefined && createdSeconds !== undefined ? createdSeconds + Number(found[1]) * unit : undefined;
}
