// SPDX-License-Identifier: LGPL-2.1-or-later
import { autocompletion, completionKeymap, closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, indentUnit } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Text } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { composeActions, useCompose } from '../../model/compose-store.ts';
import { completeTreefile } from './editor-completion.ts';
import { editorLook } from './editor-look.ts';

interface TreefileEditorProps {
  readonly label: string;
  /** What is wrong in this file. */
  readonly problems: readonly ErrorReport[];
  /** What takes no effect. */
  readonly warnings: readonly ErrorReport[];
  readonly sentence: (problem: ErrorReport) => string;
}

/** What was typed, undone and selected survives a look at another tab. */
let kept: { readonly opening: number; readonly state: EditorState } | undefined;

/** CodeMirror's style sheets carry the page's nonce: the policy allows no others. */
const nonce = document.querySelector('meta[property="csp-nonce"]')?.getAttribute('content') ?? '';

/** The editor of the opened treefile. Tab moves on, as everywhere in the window. */
export default function TreefileEditor({ label, problems, warnings, sentence }: TreefileEditorProps): ReactNode {
  const { i18n, t } = useTranslation();
  const opening = useCompose((compose) => compose.opening);
  const jump = useCompose((compose) => compose.jump);
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);

  useEffect(() => {
    const parent = holder.current;
    if (!parent) return undefined;
    const words = i18n.getResource(i18n.language, 'translation', 'editor') as Readonly<Record<string, string>>;
    const state =
      kept?.opening === opening
        ? kept.state
        : EditorState.create({ doc: useCompose.getState().text, extensions: extensions(label, words) });
    const editor = new EditorView({ parent, state });
    view.current = editor;
    return () => {
      kept = { opening, state: editor.state };
      view.current = null;
      editor.destroy();
    };
    // label and words are of the opened file and the window's language
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [opening]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    const found = [
      ...problems.map((problem) => diagnosticOf(problem, 'error', doc, sentence)),
      ...warnings.map((warning) => diagnosticOf(warning, 'warning', doc, sentence)),
    ].sort((a, b) => a.from - b.from);
    editor.dispatch(setDiagnostics(editor.state, found));
    // the sentences are those of the problems
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [problems, warnings, opening]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !jump) return;
    const line = editor.state.doc.line(Math.min(Math.max(1, jump.line), editor.state.doc.lines));
    const at = Math.min(line.to, line.from + jump.column - 1);
    editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    editor.focus();
    composeActions.jumped();
  }, [jump, opening]);

  useEffect(() => {
    // as on the other pages: wherever the focus is. In the editor its own keys have answered already.
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || !event.ctrlKey || event.altKey || event.key.toLowerCase() !== 'f') return;
      if (!view.current || document.querySelector('[role=alertdialog], [role=dialog]:not(.cm-editor *)')) return;
      event.preventDefault();
      openSearchPanel(view.current);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);

  return (
    <div className="relative min-h-80 flex-1">
      <div
        ref={holder}
        className="absolute inset-0 overflow-hidden rounded-lg border border-line bg-surface focus-within:outline-2 focus-within:outline-accent"
      />
      <p className="sr-only">{t('compose.editorHint')}</p>
    </div>
  );
}

const extensions = (label: string, words: Readonly<Record<string, string>>) => [
  EditorView.cspNonce.of(nonce),
  EditorState.phrases.of(words),
  EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
  lineNumbers(),
  lintGutter(),
  history(),
  drawSelection(),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(2),
  indentUnit.of('  '),
  EditorView.lineWrapping,
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search(),
  autocompletion({ override: [completeTreefile], icons: false }),
  yaml(),
  editorLook,
  keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
  EditorView.updateListener.of((update) => {
    if (update.docChanged) composeActions.edit(update.state.doc.toString());
  }),
];

/** From the column that a problem names to the end of its line. */
function diagnosticOf(
  problem: ErrorReport,
  severity: 'error' | 'warning',
  doc: Text,
  sentence: (problem: ErrorReport) => string,
): Diagnostic {
  const line = doc.line(Math.min(Math.max(1, problem.line ?? 1), doc.lines));
  const from = Math.min(line.to, line.from + Math.max(0, (problem.column ?? 1) - 1));
  const length = line.text.slice(from - line.from).replace(/\s*(?:#.*)?$/, '').length;
  return { from, to: from + length, severity, message: sentence(problem) };
}
