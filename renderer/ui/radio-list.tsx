// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { Label, RadioButton, RadioField, RadioGroup } from 'react-aria-components';

interface RadioListProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly note?: string }[];
  readonly onChange: (value: T) => void;
}

/** One of a few, below each other, each with a word of explanation. */
export function RadioList<T extends string>({ label, value, options, onChange }: RadioListProps<T>): ReactNode {
  const choose = (name: string): void => {
    const chosen = options.find((option) => option.value === name);
    if (chosen) onChange(chosen.value);
  };
  return (
    <RadioGroup value={value} onChange={choose} className="space-y-1">
      <Label className="text-sm text-muted">{label}</Label>
      {options.map((option) => (
        <RadioField key={option.value} value={option.value}>
          <RadioButton className="group flex items-start gap-2.5 rounded-md py-1">
            <span
              aria-hidden
              className="mt-0.5 flex size-4.5 shrink-0 items-center justify-center rounded-full border border-control bg-surface group-data-focus-visible:outline-2 group-data-focus-visible:outline-offset-2 group-data-focus-visible:outline-accent group-data-selected:border-accent"
            >
              <span className="hidden size-2.5 rounded-full bg-accent group-data-selected:block" />
            </span>
            <span>
              {option.label} {option.note ? <span className="text-muted">{option.note}</span> : null}
            </span>
          </RadioButton>
        </RadioField>
      ))}
    </RadioGroup>
  );
}
