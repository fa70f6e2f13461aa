// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import type { ErrorText } from '../../../shared/errors/index.ts';

/** What an error means and what to do next, each a line of its own: a library's words in the first may end without a full stop. */
export function ErrorSentences({ text }: { text: ErrorText }): ReactNode {
  return (
    <>
      {text.explanation ? <p className="foreign-text">{text.explanation}</p> : null}
      {text.next ? <p>{text.next}</p> : null}
    </>
  );
}
