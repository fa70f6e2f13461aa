// SPDX-License-Identifier: LGPL-2.1-or-later
import { startCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import type { EditorView } from '@codemirror/view';
import type { TreefileKey } from '../../../shared/domain/index.ts';
import { call } from '../../model/bridge.ts';
import { useCompose } from '../../model/compose-store.ts';
import { completionPlace, type CompletionPlace } from './completion-place.ts';

/** Keys from the reader's own table; names of packages and repositories from what the treefile's repositories have. */
export async function completeTreefile(context: CompletionContext): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(0, context.pos);
  const place = completionPlace(before);
  if (!place || (place.word === '' && !context.explicit && place.kind === 'key')) return null;
  const options = place.kind === 'key' ? keyOptions(place, context) : await valueOptions(place, context);
  if (context.aborted || options.length === 0) return null;
  // each keystroke asks anew: of many packages only the best are here
  return { from: context.pos - place.word.length, options, filter: place.kind === 'key' };
}

function keyOptions(place: Extract<CompletionPlace, { kind: 'key' }>, context: CompletionContext): Completion[] {
  const text = context.state.doc.toString();
  const used = new Set([...text.matchAll(/^\s*["']?([\w-]+)["']?\s*:/gm)].map((match) => match[1]));
  return useCompose
    .getState()
    .keys.filter(({ name }) => name === place.word || !used.has(name))
    .map((key) => ({
      label: key.name,
      type: 'property',
      ...(key.about ? { info: key.about } : {}),
      apply: place.json ? key.name : (view, _completion, from, to) => insertKey(view, key, from, to),
    }));
}

const lists: ReadonlySet<TreefileKey['kind']> = new Set(['list', 'packages', 'repos']);

function insertKey(view: EditorView, key: TreefileKey, from: number, to: number): void {
  const insert = `${key.name}:${lists.has(key.kind) ? '\n  - ' : key.kind === 'map' ? '\n  ' : ' '}`;
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: 'input.complete' });
  if (key.values.length > 0 || key.kind === 'repos') setTimeout(() => startCompletion(view));
}

async function valueOptions(
  place: Extract<CompletionPlace, { kind: 'value' | 'item' }>,
  context: CompletionContext,
): Promise<Completion[]> {
  const { keys, check, file } = useCompose.getState();
  const name = place.key.replace(/^packages-.+$/, 'packages');
  const key = keys.find((each) => each.name === name);
  if (!key || !file) return [];
  const begins = (value: string): boolean => value.startsWith(place.word);
  if (place.kind === 'value') return key.values.filter(begins).map((label) => ({ label, type: 'constant' }));
  if (key.kind === 'repos') return (check?.repos ?? []).filter(begins).map((label) => ({ label, type: 'namespace' }));
  if (key.kind !== 'packages' || (place.word === '' && !context.explicit)) return [];
  // without an answer (a repository is away, the treefile is half written) there is nothing to offer
  const found = await call('compose.complete', file.token, context.state.doc.toString(), place.word).catch(() => []);
  return found.map(({ name: label, evr, repo, summary }) => ({
    label,
    detail: evr,
    info: [summary, repo].filter(Boolean).join('\n'),
    type: 'variable',
  }));
}
