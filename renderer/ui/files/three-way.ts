// SPDX-License-Identifier: LGPL-2.1-or-later
import { diffArrays } from 'diff';

/** Which sides differ from the running system's default in a stretch of lines. */
export type StretchKind = 'same' | 'vendor' | 'yours' | 'both-same' | 'both';

interface Sides {
  readonly base: readonly string[];
  readonly yours: readonly string[];
  readonly vendor: readonly string[];
}

/** A stretch of lines on all three sides; a side that left them out has none. Line numbers begin at 1. */
export interface Stretch extends Sides {
  readonly kind: StretchKind;
  readonly baseStart: number;
  readonly yoursStart: number;
  readonly vendorStart: number;
}

/** Lines `from` up to, not including, `to` of the base become `lines`. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/** Milliseconds. Files that take longer to compare have nothing in common. */
const timeout = 700;

/** The lines of a file; the end of the last one makes no line of its own. Carriage returns stay: they are a difference. */
export function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

/** Undefined when the sides are too different for a comparison to say anything. */
export function threeWay(base: string, yours: string, vendor: string): readonly Stretch[] | undefined {
  const baseLines = linesOf(base);
  const mine = changesOf(baseLines, linesOf(yours));
  const theirs = changesOf(baseLines, linesOf(vendor));
  if (!mine || !theirs) return undefined;
  const stretches: Stretch[] = [];
  const at = { base: 0, yours: 0, vendor: 0 };
  const push = (kind: StretchKind, sides: Sides): void => {
    stretches.push({ kind, baseStart: at.base + 1, yoursStart: at.yours + 1, vendorStart: at.vendor + 1, ...sides });
    for (const side of ['base', 'yours', 'vendor'] as const) at[side] += sides[side].length;
  };
  const pushSame = (to: number): void => {
    const lines = baseLines.slice(at.base, to);
    if (lines.length > 0) push('same', { base: lines, yours: lines, vendor: lines });
  };
  for (const region of regions(mine, theirs)) {
    pushSame(region.from);
    const lines = baseLines.slice(region.from, region.to);
    const sides = { base: lines, yours: apply(lines, region.from, region.mine), vendor: apply(lines, region.from, region.theirs) };
    push(kindOf(region, sides), sides);
  }
  pushSame(baseLines.length);
  return stretches;
}

function partsOf(from: readonly string[], to: readonly string[]) {
  return diffArrays([...from], [...to], { timeout });
}

/** What has to be done to `base` to get `lines`, in order. Undefined: out of time. */
function changesOf(base: readonly string[], lines: readonly string[]): readonly Change[] | undefined {
  const parts = partsOf(base, lines);
  if (!parts) return undefined;
  const changes: Change[] = [];
  let at = 0;
  for (const part of parts) {
    if (!part.added && !part.removed) {
      at += part.value.length;
      continue;
    }
    const last = changes.at(-1)?.to === at ? changes.pop() : undefined;
    const from = last?.from ?? at;
    if (part.removed) at += part.value.length;
    changes.push({ from, to: at, lines: [...(last?.lines ?? []), ...(part.added ? part.value : [])] });
  }
  return changes;
}

interface Region {
  readonly from: number;
  readonly to: number;
  readonly mine: readonly Change[];
  readonly theirs: readonly Change[];
}

/** Changes of both sides that touch each other form one region: which belongs to which can't be told. */
function regions(mine: readonly Change[], theirs: readonly Change[]): readonly Region[] {
  const all = [
    ...mine.map((change) => ({ change, side: 'mine' as const })),
    ...theirs.map((change) => ({ change, side: 'theirs' as const })),
  ].sort((a, b) => a.change.from - b.change.from || a.change.to - b.change.to);
  const found: { from: number; to: number; mine: Change[]; theirs: Change[] }[] = [];
  for (const { change, side } of all) {
    let region = found.at(-1);
    if (!region || change.from > region.to) {
      region = { from: change.from, to: change.to, mine: [], theirs: [] };
      found.push(region);
    }
    region.to = Math.max(region.to, change.to);
    region[side].push(change);
  }
  return found;
}

function apply(lines: readonly string[], offset: number, changes: readonly Change[]): readonly string[] {
  const result: string[] = [];
  let at = 0;
  for (const change of changes) {
    result.push(...lines.slice(at, change.from - offset), ...change.lines);
    at = change.to - offset;
  }
  return [...result, ...lines.slice(at)];
}

function kindOf({ mine, theirs }: Region, { yours, vendor }: Sides): StretchKind {
  if (theirs.length === 0) return 'yours';
  if (mine.length === 0) return 'vendor';
  return yours.length === vendor.length && yours.every((line, index) => line === vendor[index]) ? 'both-same' : 'both';
}

export type TwoWayLine =
  | { readonly type: 'gap'; readonly count: number }
  | { readonly type: 'same' | 'added' | 'removed'; readonly text: string; readonly from?: number; readonly to?: number };

/** A difference as lines, with `context` unchanged ones around each change; undefined when the two are too different. */
export function twoWay(from: string, to: string, context = 3): readonly TwoWayLine[] | undefined {
  const parts = partsOf(linesOf(from), linesOf(to));
  if (!parts) return undefined;
  const lines: TwoWayLine[] = [];
  let [a, b] = [0, 0];
  parts.forEach((part, index) => {
    if (part.added) lines.push(...part.value.map((text) => ({ type: 'added', text, to: ++b }) as const));
    else if (part.removed) lines.push(...part.value.map((text) => ({ type: 'removed', text, from: ++a }) as const));
    else {
      const same = part.value.map((text) => ({ type: 'same', text, from: ++a, to: ++b }) as const);
      const head = index === 0 ? 0 : context;
      const tail = index === parts.length - 1 ? 0 : context;
      if (same.length <= head + tail + 1) lines.push(...same);
      else lines.push(...same.slice(0, head), { type: 'gap', count: same.length - head - tail }, ...same.slice(same.length - tail));
    }
  });
  return lines;
}
