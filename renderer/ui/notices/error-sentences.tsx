// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import type { ErrorText } from '../../../shared/errors/index.ts';

/** What an error means and what to do next, each a line of its own: a library's words in the first may end without a full stop. */
export function ErrorSentences({ text }: { text: ErrorText }): ReactNode {
  return (
    <>
      {text.explanation ? <p className="foreign-text">{text.explanation}</p> : null}
      {text.next ? <p>{withCommands(text.next)}</p> : null}
    </>
  );
}

/** Commands stand in backticks, as the command line prints them: here in a font of their own. */
const withCommands = (text: string): ReactNode =>
  text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      <code key={index} className="font-mono text-[0.95em] select-all">
        {part}
      </code>
    ) : (
      part
    ),
  );
