// SPDX-License-Identifier: LGPL-2.1-or-later
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** The window's own colours, which follow the desktop's light and dark. */
const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--t-text)', backgroundColor: 'var(--t-surface)', fontSize: '0.875rem' },
  // the box around it shows the focus, gutters included
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: "ui-monospace, 'Noto Sans Mono', 'DejaVu Sans Mono', monospace", lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { padding: '0.5rem 0', caretColor: 'var(--t-text)' },
  '.cm-line': { padding: '0 0.75rem 0 0.5rem' },
  '.cm-cursor': { borderLeftColor: 'var(--t-text)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--t-surface)', color: 'var(--t-muted)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 0.25rem 0 0.5rem', minWidth: '2.25rem' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--t-hover) 45%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--t-accent) 26%, transparent)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--t-accent-soft)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--t-accent-soft)', color: 'inherit' },
  '&.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--t-danger-soft)', color: 'inherit' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--t-danger)',
    textDecorationSkipInk: 'none',
    textUnderlineOffset: '3px',
  },
  '.cm-lintRange-warning': {
    backgroundImage: 'none',
    textDecoration: 'underline dotted var(--t-warn)',
    textDecorationSkipInk: 'none',
    textUnderlineOffset: '3px',
  },
  '.cm-gutter-lint': { width: '1.25rem' },
  '.cm-lint-marker': { width: '0.75rem', height: '0.75rem', padding: '0.3rem 0 0 0.25rem', boxSizing: 'content-box' },
  '.cm-lint-marker-error, .cm-lint-marker-warning': { content: 'normal' },
  '.cm-lint-marker-error::after': {
    content: '""',
    display: 'block',
    width: '0.7rem',
    height: '0.7rem',
    borderRadius: '999px',
    backgroundColor: 'var(--t-danger)',
  },
  '.cm-lint-marker-warning::after': {
    content: '""',
    display: 'block',
    width: '0.7rem',
    height: '0.65rem',
    clipPath: 'polygon(50% 0, 100% 100%, 0 100%)',
    backgroundColor: 'var(--t-warn)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--t-surface)',
    color: 'var(--t-text)',
    border: '1px solid var(--t-line)',
    borderRadius: '0.5rem',
    boxShadow: '0 6px 20px rgb(0 0 0 / 0.18)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-lint': { maxWidth: 'min(32rem, 90vw)' },
  '.cm-diagnostic': { padding: '0.5rem 0.75rem', whiteSpace: 'pre-wrap', fontFamily: 'system-ui, sans-serif' },
  '.cm-diagnostic-warning': { borderLeft: '4px solid var(--t-warn)' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--t-danger)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'inherit', maxHeight: '16rem', minWidth: '14rem' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '0.2rem 0.6rem', lineHeight: '1.5' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--t-accent-soft)', color: 'var(--t-text)' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600', color: 'var(--t-accent)' },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--t-muted)', marginLeft: '0.75rem' },
  '.cm-completionIcon': { display: 'none' },
  '.cm-tooltip.cm-completionInfo': {
    padding: '0.5rem 0.75rem',
    whiteSpace: 'pre-line',
    maxWidth: '20rem',
    fontFamily: 'system-ui, sans-serif',
  },
  '.cm-panels': { backgroundColor: 'var(--t-sidebar)', color: 'var(--t-text)' },
  '.cm-panels-bottom': { borderTop: '1px solid var(--t-line)' },
  '.cm-panel.cm-search': { padding: '0.5rem 2rem 0.5rem 0.75rem', fontSize: '0.875rem' },
  '.cm-textfield': {
    color: 'var(--t-text)',
    backgroundColor: 'var(--t-surface)',
    border: '1px solid var(--t-control)',
    borderRadius: '0.375rem',
    padding: '0.2rem 0.5rem',
    fontSize: '0.875rem',
  },
  '.cm-button': {
    color: 'var(--t-text)',
    backgroundColor: 'var(--t-surface)',
    backgroundImage: 'none',
    border: '1px solid var(--t-control)',
    borderRadius: '0.375rem',
    padding: '0.2rem 0.6rem',
    fontSize: '0.875rem',
  },
  '.cm-panel.cm-search label': { fontSize: '0.875rem' },
  '.cm-panel.cm-search [name=close]': { color: 'var(--t-text)', fontSize: '1.25rem', padding: '0.25rem 0.5rem' },
  '.cm-searchMatch': { backgroundColor: 'var(--t-warn-soft)', outline: '1px solid var(--t-warn)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--t-accent-soft)', outline: '2px solid var(--t-accent)' },
});

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--t-accent)', fontWeight: '600' },
  { tag: [tags.string, tags.content], color: 'var(--t-text)' },
  { tag: [tags.bool, tags.number, tags.null, tags.keyword, tags.atom], color: 'var(--t-info)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--t-muted)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--t-muted)' },
  { tag: [tags.meta, tags.labelName, tags.typeName], color: 'var(--t-warn)' },
]);

export const editorLook: Extension = [theme, syntaxHighlighting(highlight)];
