// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { Input, Label, TextField as AriaTextField } from 'react-aria-components';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: 'text' | 'url' | 'datetime-local';
  readonly readOnly?: boolean;
  /** Said, not shown: where the text stands says what it is. */
  readonly labelHidden?: boolean;
}

/** One line of text with a visible label. */
export function TextField({ label, value, onChange, type = 'text', readOnly = false, labelHidden = false }: TextFieldProps): ReactNode {
  return (
    <AriaTextField value={value} onChange={onChange} type={type} isReadOnly={readOnly} className="flex flex-col gap-1">
      <Label className={labelHidden ? 'sr-only' : 'text-sm text-muted'}>{label}</Label>
      <Input
        spellCheck={false}
        className="min-h-9 w-full rounded-lg border border-control/60 bg-surface px-3 py-1.5 read-only:bg-sidebar"
      />
    </AriaTextField>
  );
}
