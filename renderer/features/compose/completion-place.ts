// SPDX-License-Identifier: LGPL-2.1-or-later
/** What could stand at the cursor of a treefile. `word`: what of it is typed already, directly before the cursor. */
export type CompletionPlace =
  | { readonly kind: 'key'; readonly word: string; readonly json: boolean }
  | { readonly kind: 'value' | 'item'; readonly key: string; readonly word: string };

const keyWord = /^[\w-]*$/;
const scalarValue = /^["']?([\w-]+)["']?:\s+["']?([^\s"'[\]{},#]*)$/;
const flowItem = /^["']?([\w-]+)["']?:\s*\[(?:[^\]]*[,\s])?\s*["']?([^\s"',[\]]*)$/;
const blockItem = /^\s*-\s+(?:[^#]*\s)?["']?([^\s"'#]*)$/;
const topKey = /^["']?([\w-]+)["']?:/;

/** Judges by the text before the cursor alone: quick, and right in what is half typed. Undefined: nothing to offer. */
export function completionPlace(before: string): CompletionPlace | undefined {
  return /^\s*\{/.test(before) ? jsonPlace(before) : yamlPlace(before);
}

function yamlPlace(before: string): CompletionPlace | undefined {
  const lines = before.split('\n');
  const line = lines.pop() ?? '';
  if (keyWord.test(line)) return { kind: 'key', word: line, json: false };
  const flow = flowItem.exec(line);
  if (flow) return { kind: 'item', key: flow[1] ?? '', word: flow[2] ?? '' };
  const scalar = scalarValue.exec(line);
  if (scalar) return { kind: 'value', key: scalar[1] ?? '', word: scalar[2] ?? '' };
  const item = blockItem.exec(line);
  const key = item && lines.findLast((each) => topKey.test(each));
  return item && key ? { kind: 'item', key: topKey.exec(key)?.[1] ?? '', word: item[1] ?? '' } : undefined;
}

function jsonPlace(before: string): CompletionPlace | undefined {
  const item = /"([\w-]+)"\s*:\s*\[[^\]]*"(?:[^"]*\s)?([^"\s]*)$/.exec(before);
  // an even number of quotes between bracket and cursor means that the cursor is outside of a string
  if (item && (item[0].slice(item[0].indexOf('[')).split('"').length - 1) % 2 === 1)
    return { kind: 'item', key: item[1] ?? '', word: item[2] ?? '' };
  const key = /[{,]\s*"([\w-]*)$/.exec(before);
  if (key) return { kind: 'key', word: key[1] ?? '', json: true };
  const scalar = /"([\w-]+)"\s*:\s*"?([\w-]*)$/.exec(before);
  return scalar ? { kind: 'value', key: scalar[1] ?? '', word: scalar[2] ?? '' } : undefined;
}
